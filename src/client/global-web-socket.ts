/** The WebSocket of browsers and similar runtimes. Node.js uses `ws`: see `#web-socket` in package.json. */
export const WebSocket = globalThis.WebSocket;
