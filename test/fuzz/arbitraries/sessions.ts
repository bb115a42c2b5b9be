import fc from 'fast-check';
import { rawSessions } from '../../support/arbitraries.js';
import { readRecordedEvents, WATCH_RECORDINGS } from '../../support/recording.js';
import { applyEdits, jsonEdits } from './json.js';

/** Sessions recorded from a real Tilt. */
const RECORDED: readonly unknown[] = WATCH_RECORDINGS.flatMap((name) =>
  readRecordedEvents(name).map(({ object }) => object),
);

/** Small sessions, in which every edit matters. */
const SMALL: readonly unknown[] = [
  small({ active: { startTime: '2026-11-22T11:42:22.642252Z', ready: true, lastReadyTime: null } }),
  small({
    terminated: { startTime: null, finishTime: null, error: 'exit status 1', graceStatus: 'Tolerated' },
  }),
  small({ terminated: { startTime: '2026-11-22T11:42:22.642252Z', finishTime: '2026-11-22T11:42:23Z' } }),
  small({ waiting: { waitReason: 'on-deps' } }),
  small({ disabled: {} }),
  small({}),
];

function small(state: object): object {
  const target = (name: string, of: object) => ({ name, type: 'server', resources: ['a'], state: of });
  return {
    kind: 'Session',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: {
      name: 'Tiltfile',
      uid: 'u',
      resourceVersion: '7',
      labels: { a: 'b' },
      managedFields: [
        { manager: 'tilt', time: '2026-11-22T11:42:23Z', fieldsV1: { 'f:status': { '.': {} } } },
      ],
    },
    spec: { tiltfilePath: '/home/dev/Tiltfile', exitCondition: 'ci', ci: { timeout: '30m0s' } },
    status: {
      pid: 7,
      startTime: '2026-11-22T11:42:22.642252Z',
      targets: [target('a:serve', state), target('b:serve', { terminated: {} })],
      done: false,
      error: '',
    },
  };
}

/** A raw session, unchanged or with some edits. */
export const hostileSessions: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...SMALL), jsonEdits).map(edit) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...RECORDED), jsonEdits).map(edit) },
  { weight: 1, arbitrary: rawSessions },
);

function edit([session, edits]: [unknown, Parameters<typeof applyEdits>[1]]): unknown {
  return applyEdits(session, edits);
}
