import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends raw bytes to a local server. Resolves with everything received until the connection closes. */
export async function sendRaw({ url }: { readonly url: string }, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A reset after the response is not a failure.
  socket.on('error', () => {});
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}
