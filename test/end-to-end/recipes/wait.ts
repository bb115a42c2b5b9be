import { createClient } from '../../../src/client/client.js';

export async function isReady(urls: string[]): Promise<boolean> {
  const client = createClient({ urls });
  const { result, reason } = await client.waitFor({ for: 'ready', timeoutMs: 300_000 });
  client.close();
  console.log(`${result}: ${reason}`);
  return result === 'reached';
}
