/** The WebSocket of browsers and similar runtimes. Node.js: see `#web-socket` in package.json. */
export const WebSocket = globalThis.WebSocket;
