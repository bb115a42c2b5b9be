import { silentLog } from '../../src/lib/log.js';
import { computePhase, type Phase } from '../../src/model/phase.js';
import type { Verdict } from '../../src/model/verdict.js';
import { keepWatching } from '../../src/providers/keep-watching.js';
import { createTiltProvider } from '../../src/providers/tilt/tilt.js';
import { verdictOfRecord } from '../../src/store/record.js';
import { createStore } from '../../src/store/store.js';
import { parseContext } from './kubeconfig-file.js';
import { createManualClock, type ManualClock } from './manual-clock.js';
import { query } from './queries.js';
import { readFixture } from './recording.js';
import { PLURALS, type Plural } from './tilt-kind.js';
import { createTiltServer, type TiltServer } from './tilt-server.js';

/** One line of a recording of several kinds. */
export interface KindsLine {
  /** Milliseconds since the watches were opened. */
  readonly ms: number;
  readonly kind: Plural;
  /** The line exactly as Tilt sent it. */
  readonly line: string;
}

/** Name of a recording of several kinds. */
export type KindsRecordingName = 'deps' | 'dead-up' | 'dead-ci';

/** Reads a recording of several kinds, in the order in which the lines arrived. */
export function readKindsRecording(name: KindsRecordingName): KindsLine[] {
  return readFixture(`${name}-kinds.ndjson`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line): KindsLine => JSON.parse(line));
}

/** Options of {@link startKindsReplay}. */
export interface KindsReplayOptions {
  /** Milliseconds by which the lines of a kind arrive later; earlier if negative. Default: 0. */
  readonly shiftMs?: Partial<Readonly<Record<Plural, number>>>;
  /** Kinds that the server rejects with 403. Default: none. */
  readonly rejected?: readonly Plural[];
}

const SESSION = 'tilt-default/Tiltfile';

/** One state of the Session in the store. */
export interface ReplayedState {
  readonly ms: number;
  readonly verdict: Pick<Verdict, 'state' | 'final' | 'reason'>;
  /** Phases by names of targets. */
  readonly phases: Readonly<Record<string, Phase>>;
}

/** A store that a Tilt provider fills from a server, which replays a recording on a manual clock. */
export interface KindsReplay extends AsyncDisposable {
  readonly server: TiltServer;
  readonly clock: ManualClock;
  /** Every state of the Session so far. */
  readonly states: readonly ReplayedState[];
  /** Plays the next line at its time. Returns when it has been read; null at the end. */
  step(): Promise<KindsLine | null>;
  /** Plays all lines up to this time. Then everything has been read, and folded changes have been pushed. */
  playTo(ms: number): Promise<void>;
  playAll(): Promise<void>;
  query<T>(source: string): Promise<T>;
}

/** Starts a replay before its first line, with the watches open. */
export async function startKindsReplay(
  name: KindsRecordingName,
  { shiftMs = {}, rejected = [] }: KindsReplayOptions = {},
): Promise<KindsReplay> {
  const lines = readKindsRecording(name)
    .map(({ ms, ...line }) => ({ ...line, ms: ms + (shiftMs[line.kind] ?? 0) }))
    .sort((a, b) => a.ms - b.ms);
  const clock = createManualClock();
  const server = await createTiltServer({ kinds: ['uiresources', 'clusters'], plain: true });
  for (const plural of rejected) server.kind(plural).respond('list', { status: 403 });
  const store = createStore({ clock, epoch: 'replay' });
  const states: ReplayedState[] = [];
  let ms = Math.min(0, ...lines.map((line) => line.ms));
  store.subscribe(recordState, SESSION);
  const controller = new AbortController();
  const options = { clock, random: () => 0.5, log: silentLog };
  const watching = keepWatching({
    ...options,
    provider: createTiltProvider({ ...options, context: parseContext(server) }),
    sink: store,
    signal: controller.signal,
  });
  const open = PLURALS.filter((plural) => !rejected.includes(plural));
  await server.until(() => open.every((plural) => server.kind(plural).openWatches === 1));

  return {
    server,
    clock,
    states,
    step,
    playTo,
    playAll: () => playTo(Number.POSITIVE_INFINITY),
    async query<T>(source: string) {
      return (await query<T>(store, source)).data;
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await watching;
      store.dispose();
      await server.close();
    },
  };

  async function step(): Promise<KindsLine | null> {
    const next = lines.shift();
    if (!next) return null;
    await advanceTo(next.ms);
    server.kind(next.kind).play(next.line);
    await waitUntilRead();
    return next;
  }

  async function playTo(until: number): Promise<void> {
    while (lines[0] && lines[0].ms <= until) await step();
    await advanceTo(Number.isFinite(until) ? until : ms + SETTLE_MS);
  }

  async function advanceTo(target: number): Promise<void> {
    await clock.advance(target - ms);
    ms = target;
  }

  /** Both ends are in this process: what was written is read in the next iterations of the event loop. */
  async function waitUntilRead(): Promise<void> {
    await server.drained();
    for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  function recordState(): void {
    const record = store.get(SESSION);
    if (record === null) return;
    const { state, final, reason } = verdictOfRecord(record);
    const { targets } = record.status;
    const phases = Object.fromEntries(targets.map((target) => [target.key, computePhase(target)]));
    states.push({ ms, verdict: { state, final, reason }, phases });
  }
}

/** Longer than the time in which changes of facts are folded. */
const SETTLE_MS = 100;

const ITERATIONS = 8;
