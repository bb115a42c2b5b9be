import type { TiltRequest } from './tilt-process.js';
import { createTiltServer } from './tilt-server.js';

// Entry point of the process that `startTiltProcess` starts.
const server = await createTiltServer({ kinds: ['uiresources', 'clusters'] });
const { url, token, tls } = server;

process.on('message', (request: TiltRequest) => {
  if (request.type === 'put') {
    server.put(request.session);
    answer({});
  } else {
    void server.until(() => server.openWatches > 0).then(() => answer({}));
  }
});
// The parent process has exited.
process.on('disconnect', () => process.exit());
answer({ url, token, tls });

function answer(message: object): void {
  process.send?.(message);
}
