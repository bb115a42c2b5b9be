/** The WebSocket of browsers, and of what is like them; see `#web-socket` in package.json for Node.js. */
export const WebSocket = globalThis.WebSocket;
