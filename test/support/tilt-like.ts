import { writeKubeconfig } from './kubeconfig-file.js';
import { readWatchRecording } from './recording.js';
import { createTiltServer } from './tilt-server.js';

// A command like `tilt ci`: serves an API, writes a kubeconfig entry, reports a Session that is done, and
// exits at once.
//
//     node --import tsx tilt-like.ts KUBECONFIG MS EXIT_CODE
const [kubeconfig = '', ms = '5', code = '0'] = process.argv.slice(2);
const server = await createTiltServer({ kinds: ['uiresources', 'clusters'] });
// The Session has the pid and the start time of this process, as with a real `tilt ci`.
const run = `"pid":${process.pid},"startTime":"${new Date().toISOString()}"`;
const lines = readWatchRecording('ci-ok').map(({ ms, line }) => ({
  ms,
  line: line.replace(/"pid":\d+,"startTime":"[^"]+"/, run),
}));
const replay = server.replay(lines);
replay.step();
await writeKubeconfig(kubeconfig, { 'tilt-default': server });
await server.until(() => server.openWatches > 0);
replay.playRemaining();
await server.drained();
setTimeout(() => process.exit(Number(code)), Number(ms));
