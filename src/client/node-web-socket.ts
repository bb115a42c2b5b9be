import { WebSocket as NodeWebSocket } from 'ws';
import { createDecompressor } from '../lib/decompressor.js';

/** Longest message of a gateway, in bytes. As in `ws`. */
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

const decompress = createDecompressor(MAX_MESSAGE_BYTES);

/** The WebSocket of Node.js: see `#web-socket` in package.json. */
export class WebSocket extends NodeWebSocket {
  constructor(address: string | URL, protocols?: string | string[]) {
    super(address, protocols, {
      maxPayload: MAX_MESSAGE_BYTES,
      // With these the gateway compresses each message on its own.
      perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    });
    // Called before the first message is read.
    this.once('open', () => decompress(this));
  }
}
