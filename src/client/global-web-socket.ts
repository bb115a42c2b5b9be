/** The WebSocket of browsers and similar runtimes. Node.js uses `node-web-socket.ts`: see `#web-socket` in package.json. */
export const WebSocket = globalThis.WebSocket;
