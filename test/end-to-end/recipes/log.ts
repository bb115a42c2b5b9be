import { createClient } from '../../../src/client/client.js';

export async function followLog(url: string, signal: AbortSignal): Promise<void> {
  const client = createClient({ url });
  const options = { session: 'ci/Tiltfile', resource: 'api', last: 100, signal };
  for await (const { isAvailable, lines, dropped } of client.log(options)) {
    if (isAvailable === false) console.log('The gateway has no log of this Session.');
    if (dropped > 0) console.log(`… ${dropped} lines were not received`);
    for (const { time, text } of lines) console.log(time, text);
  }
  client.close();
}
