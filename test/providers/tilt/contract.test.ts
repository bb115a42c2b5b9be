import { silentLog } from '../../../src/lib/log.js';
import { createTiltProvider } from '../../../src/providers/tilt/tilt.js';
import { parseContext } from '../../support/kubeconfig-file.js';
import { createManualClock } from '../../support/manual-clock.js';
import { describeProvider } from '../../support/provider-contract.js';
import { createTiltServer } from '../../support/tilt-server.js';

describeProvider('tilt', {
  ids: ['tilt-default/Tiltfile', 'tilt-default/other'],
  abilities: ['put', 'remove', 'disconnect', 'watchAgain'],
  async make(initial) {
    const server = await createTiltServer({ sessions: initial.map(({ json }) => json) });
    const clock = createManualClock();
    const options = { context: parseContext(server), clock, log: silentLog };
    const isWatched = () => server.until(() => server.openWatches > 0);
    let isBroken = false;
    return {
      provider: createTiltProvider({ ...options, minWatchMs: 0 }),
      put: ({ json }) => void server.put(json),
      async remove(id) {
        // Tilt does not report deletions between the list and the watch.
        if (!isBroken) await isWatched();
        server.remove(id.split('/')[1] ?? '');
      },
      async disconnect() {
        await isWatched();
        isBroken = true;
        server.respond('list', { status: 500 }, 1);
        await server.cut();
      },
      openHandles: () => clock.pending,
      dispose: () => server.close(),
    };
  },
});
