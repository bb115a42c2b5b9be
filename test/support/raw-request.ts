import { connect } from 'node:net';

/** Sends raw bytes to a local server. Resolves with everything received until the connection closes. */
export async function sendRaw({ url }: { readonly url: string }, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A reset is not a failure. `once` of `node:events` rejects at an error.
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}
