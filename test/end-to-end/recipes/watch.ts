import { blockersOf, createClient } from '../../../src/client/client.js';

export async function report(url: string, token?: string): Promise<void> {
  const client = createClient({ url, token });
  for await (const { session, targets, changes, link } of client.watchTargets({ session: 'ci/Tiltfile' })) {
    if (link.state !== 'live') console.log(`may be out of date: ${link.error}`);
    for (const { type, target } of changes) console.log(type, target.name, target.phase);
    for (const { why } of blockersOf({ targets })) console.log('blocked by:', why);
    // Breaking out of the loop ends the subscription at once.
    if (session?.verdict.final || session?.connection.state === 'GONE') break;
  }
  client.close();
}
