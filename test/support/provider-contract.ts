import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import type { SessionId, Target } from '../../src/model/session.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { type ProviderWatch, startProviderWatch } from './provider-watch.js';
import { type SessionJson, sessionJson } from './session-json.js';

/** A Session for the source of a provider under test. */
export interface ContractSession {
  readonly id: SessionId;
  /** First part of the id. The second part is the name in `json`. */
  readonly instance: string;
  /** The Session in wire format. A source may assign another uid and resourceVersion. */
  readonly json: SessionJson;
}

/** Operation that a source supports in the test. */
export type Ability = 'put' | 'remove' | 'disconnect' | 'watchAgain';

/** Connects a provider to the contract test. */
export interface ProviderHarness {
  /** Ids that the Sessions can have. Empty for a source that generates its own Sessions. */
  readonly ids: readonly SessionId[];
  /** Supported operations. Tests that need any other are skipped. */
  readonly abilities: readonly Ability[];
  /** Number of random histories to try. Default: 20. */
  readonly histories?: number;
  /** Creates a source with these Sessions. */
  make(initial: readonly ContractSession[]): ProviderUnderTest | Promise<ProviderUnderTest>;
}

/** A provider under test and its source. */
export interface ProviderUnderTest {
  readonly provider: SessionProvider;
  /** Adds a Session to the source, or updates it. */
  put?(session: ContractSession): unknown;
  /** Removes a Session from the source, if it has one with this id. */
  remove?(id: SessionId): unknown;
  /** Makes the current watch fail. Later watches succeed. */
  disconnect?(): unknown;
  /** Lets time pass. Called repeatedly while a test waits. Default: one iteration of the event loop. */
  tick?(): unknown;
  /** Counts timers and other open resources. Must be 0 when nothing watches. */
  openHandles?(): number;
  dispose(): unknown;
}

/** Defines the tests that a provider keeps the contract of `SessionProvider`. */
export function describeProvider(name: string, harness: ProviderHarness): void {
  const { ids, abilities, histories = 20 } = harness;
  const [first = ''] = ids;
  const last = ids.at(-1) ?? first;
  const initial = ids.map((id) => contractSession(id, 1));
  const can = (...needed: Ability[]) => needed.every((ability) => abilities.includes(ability));
  const withSource =
    (given: readonly ContractSession[], test: (run: Run) => Promise<void>) =>
    ({ signal }: { readonly signal: AbortSignal }) =>
      runWithSource(harness, given, test, signal);

  describe(`the ${name} provider`, () => {
    it(
      'pushes a snapshot first, or a stale change with the reason',
      withSource(initial, async ({ watch }) => {
        const { changes } = await watch();
        expect(['snapshot', 'stale']).toContain(changes[0]?.type);
      }),
    );

    it(
      'resolves and releases all resources when the signal aborts while it is idle',
      withSource(initial, async ({ watch, until, expectReleased }) => {
        const watching = await watch();
        watching.abort();
        await until(() => watching.outcome !== null);
        expect(watching.outcome).toEqual({ error: null });
        expectReleased(watching.signal);
      }),
    );

    it(
      'pushes nothing when the signal has already aborted',
      withSource(initial, async ({ source, expectReleased }) => {
        const signal = AbortSignal.abort();
        await source.provider.watch(({ type }) => expect.unreachable(type), signal);
        expectReleased(signal);
      }),
    );

    if (ids.length > 0) {
      it(
        'pushes all Sessions of its source',
        withSource(initial, async ({ watch }) => {
          expect(targetsBySession(await watch())).toEqual(expectedTargets(initial));
        }),
      );

      it(
        'pushes an empty snapshot first when its source is empty',
        withSource([], async ({ watch }) => {
          const { changes } = await watch();
          expect(changes[0]).toMatchObject({ type: 'snapshot', sessions: [] });
        }),
      );
    }

    if (can('put')) {
      it(
        'pushes a newer state of a Session',
        withSource(initial, async ({ source, watch, until }) => {
          const watching = await watch();
          const newer = contractSession(first, 2);
          await source.put?.(newer);
          await until(() => shows(watching, newer));
        }),
      );
    }

    if (can('put')) {
      it(
        'pushes nothing after the signal has aborted',
        withSource(initial, async ({ source, watch, until }) => {
          const watching = await watch();
          const { length } = watching.changes;
          watching.abort();
          await source.put?.(contractSession(first, 2));
          await until(() => watching.outcome !== null);
          expect(watching.changes).toHaveLength(length);
        }),
      );
    }

    if (can('remove')) {
      it(
        'pushes the removal of a Session',
        withSource(initial, async ({ source, watch, until }) => {
          const watching = await watch();
          await source.remove?.(first);
          await until(() => !watching.state.sessions.has(first));
          expect(Object.keys(targetsBySession(watching))).toEqual(ids.slice(1));
        }),
      );
    }

    if (can('disconnect', 'put', 'remove')) {
      it(
        'rejects when its source disconnects, and the next watch starts with a snapshot that closes the gap',
        withSource(initial, async ({ source, watch, until }) => {
          const broken = await watch();
          await source.disconnect?.();
          await until(() => broken.outcome !== null);
          expect(broken.outcome?.error).toBeInstanceOf(Error);
          await source.remove?.(first);
          const missed = contractSession(last, 2);
          await source.put?.(missed);
          const healed = await watch();
          expect(healed.changes[0]?.type).toBe('snapshot');
          await until(() => shows(healed, missed));
          expect(healed.state.sessions.has(first)).toBe(first === last);
        }),
      );
    }

    if (can('watchAgain')) {
      it(
        'can be watched again and then starts with a snapshot',
        withSource(initial, async ({ watch, until }) => {
          const before = await watch();
          before.abort();
          await until(() => before.outcome !== null);
          const after = await watch();
          expect(after.changes[0]?.type).toBe('snapshot');
        }),
      );
    }

    if (can('put', 'remove')) {
      it('pushes changes that, applied in order, always yield the Sessions of its source', async (context) => {
        const history = fc.array(arbitraryStep(ids), { maxLength: 12 });
        await fc.assert(
          fc.asyncProperty(history, (steps) => withSource([], (run) => playHistory(run, steps))(context)),
          { numRuns: histories },
        );
      });
    }
  });
}

/** A source under test with the actions of a test. */
interface Run {
  readonly source: ProviderUnderTest;
  /** Starts a watch and waits for the first snapshot. */
  watch(): Promise<ProviderWatch>;
  until(condition: () => boolean): Promise<void>;
  expectReleased(signal: AbortSignal): void;
}

async function runWithSource(
  harness: ProviderHarness,
  initial: readonly ContractSession[],
  test: (run: Run) => Promise<void>,
  timeout: AbortSignal,
): Promise<void> {
  const source = await harness.make(initial);
  const watchings: ProviderWatch[] = [];
  const run: Run = { source, watch, until, expectReleased };
  try {
    await test(run);
  } finally {
    for (const watching of watchings) watching.abort();
    await source.dispose();
  }

  async function watch(): Promise<ProviderWatch> {
    const watching = startProviderWatch(source.provider);
    watchings.push(watching);
    await until(() => watching.state.isSynced || watching.outcome !== null);
    return watching;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      timeout.throwIfAborted();
      await (source.tick ?? nextTick)();
    }
  }

  function expectReleased(signal: AbortSignal): void {
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(source.openHandles?.() ?? 0).toBe(0);
  }
}

type Step =
  | { readonly type: 'put'; readonly id: SessionId; readonly version: number }
  | { readonly type: 'remove'; readonly id: SessionId }
  | { readonly type: 'tick' };

function arbitraryStep(ids: readonly SessionId[]): fc.Arbitrary<Step> {
  const id = fc.constantFrom(...ids);
  return fc.oneof(
    fc.record({ type: fc.constant('put' as const), id, version: fc.nat({ max: 1_000 }) }),
    fc.record({ type: fc.constant('remove' as const), id }),
    fc.record({ type: fc.constant('tick' as const) }),
  );
}

async function playHistory({ source, watch, until }: Run, steps: readonly Step[]): Promise<void> {
  const expected = new Map<SessionId, ContractSession>();
  const watching = await watch();
  for (const step of steps) {
    if (step.type === 'tick') await source.tick?.();
    else if (step.type === 'remove') {
      expected.delete(step.id);
      await source.remove?.(step.id);
    } else {
      const session = contractSession(step.id, step.version);
      expected.set(step.id, session);
      await source.put?.(session);
    }
  }
  const wanted = JSON.stringify(expectedTargets([...expected.values()]));
  await until(() => JSON.stringify(targetsBySession(watching)) === wanted);
}

/** Creates a Session whose target name contains the version. */
function contractSession(id: SessionId, version: number): ContractSession {
  const [instance = '', name = ''] = id.split('/');
  const target = { name: `v${version}:update`, type: 'job', resources: ['v'], state: {} };
  return { id, instance, json: sessionJson({ name, uid: `uid of ${id}`, targets: [target] }) };
}

type TargetsBySession = Readonly<Record<SessionId, readonly Target[]>>;

function expectedTargets(sessions: readonly ContractSession[]): TargetsBySession {
  return sorted(sessions.map(({ id, instance, json }) => [id, decodeSession(json, instance).status.targets]));
}

function targetsBySession({ state }: ProviderWatch): TargetsBySession {
  return sorted([...state.sessions].map(([id, { status }]) => [id, status.targets]));
}

function sorted(entries: readonly [SessionId, readonly Target[]][]): TargetsBySession {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function shows(watching: ProviderWatch, session: ContractSession): boolean {
  return (
    JSON.stringify(targetsBySession(watching)[session.id]) ===
    JSON.stringify(expectedTargets([session])[session.id])
  );
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
