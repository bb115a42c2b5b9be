import { createClient } from '../../../src/client/client.js';

export async function printLinks(url: string): Promise<void> {
  const client = createClient({ url });
  for (const { name, links, tiltUrl } of (await client.resources({ session: 'ci/Tiltfile' })) ?? []) {
    for (const link of links ?? []) console.log(name, link.name ?? '', link.url);
    if (tiltUrl !== null) console.log(name, tiltUrl);
  }
  client.close();
}
