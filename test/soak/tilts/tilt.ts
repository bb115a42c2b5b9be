import { between, pick, type Random } from '../../../src/providers/demo/random.js';
import type { SessionJson } from '../../support/session-json.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';
import { type Version, versionKey } from '../model/model-state.js';
import { createSessionModel, type SessionModel, type Update } from './session-model.js';

/** Properties of a {@link SoakTilt}. */
export interface TiltOptions {
  /** Context in the kubeconfig and instance of its sessions. */
  readonly name: string;
  /** `kubernetes`: several sessions that are added and removed, and versions that expire. */
  readonly mode: 'tilt' | 'kubernetes';
  readonly plain: boolean;
  /** Whether the gateway reads it from a bucket that a publisher writes to. */
  readonly isPublished: boolean;
  /** Names of the sessions. A Tilt has only the first. */
  readonly sessions: readonly [string, ...string[]];
  /** Number of targets of each session at the start and at the end. */
  readonly size: number;
  /** Maximum number of targets of each session. */
  readonly maxTargets: number;
  readonly random: Random;
  /** Called with each version, as soon as clients may receive it. */
  readonly onVersion: (version: Version) => void;
}

/** A simulated Tilt that updates its sessions. */
export interface SoakTilt {
  readonly name: string;
  readonly server: TiltServer;
  readonly isPublished: boolean;
  /** Whether the kubeconfig lists it. */
  isUp: boolean;
  /** Whether a fault is being injected, so that it must not be updated. */
  isBusy: boolean;
  /** Number of updates sent to a watcher. */
  readonly updates: number;
  /** Newest version of each session, by id. */
  newest(): Record<string, Version>;
  /** Name of a random session. */
  randomSession(): string;
  /** Applies a random update to a random session, unless specified. */
  update(what?: Update, session?: string): void;
  /** Adds or removes a session. A Tilt updates its only session instead. */
  addOrRemoveSession(): void;
  /** Restarts with a new port, token and uid. */
  restart(): Promise<void>;
  /** Resets all sessions to their initial state and restarts. */
  reset(): Promise<void>;
  /** Applies the k-th of a fixed series of updates after `reset`. */
  step(k: number): void;
}

/** Number of updates after which the server forgets the objects that it keeps for reconnecting watchers. */
const COMPACT_EVERY = 200;

/** Creates a Tilt with one session. The caller closes the server. */
export async function createSoakTilt(options: TiltOptions): Promise<SoakTilt> {
  const { name, mode, plain, random, size, maxTargets, onVersion } = options;
  const server = await createTiltServer({ mode, plain });
  const models = new Map(
    options.sessions.map((session) => [session, createSessionModel({ name: session, maxTargets, random })]),
  );
  const newest = new Map<string, Version>();
  const [first] = options.sessions;
  let puts = 0;
  let updates = 0;
  add(first);

  return {
    name,
    server,
    isPublished: options.isPublished,
    isUp: true,
    isBusy: false,
    get updates() {
      return updates;
    },
    newest: () =>
      Object.fromEntries([...newest].map(([session, version]) => [`${name}/${session}`, version])),
    randomSession,
    update(what = randomUpdate(), session = randomSession()) {
      const model = models.get(session);
      model?.update(what);
      if (model) put(model);
    },
    addOrRemoveSession() {
      const session = pick(random, options.sessions);
      if (session === first) put(findModel(first));
      else if (newest.has(session)) remove(session);
      else add(session);
    },
    restart,
    async reset() {
      for (const session of options.sessions) if (session !== first) remove(session);
      findModel(first).reset(size);
      put(findModel(first));
      await restart();
    },
    step(k) {
      const model = findModel(first);
      model.step(k);
      put(model);
    },
  };

  function findModel(session: string): SessionModel {
    const model = models.get(session);
    if (!model) throw new Error(`Unknown Session ${session} of ${name}.`);
    return model;
  }

  function add(session: string): void {
    const model = findModel(session);
    model.reset(size);
    put(model);
  }

  function remove(session: string): void {
    newest.delete(session);
    server.remove(session);
  }

  function put(model: SessionModel): void {
    recordVersion(server.put(model.json()));
    puts += 1;
    if (server.openWatches > 0) updates += 1;
    if (puts % COMPACT_EVERY === 0) server.compact(random() < 0.5 ? 'status' : 'event');
  }

  async function restart(): Promise<void> {
    await server.restart({ freshCa: !plain && random() < 0.2 });
    server.sessions.forEach(recordVersion);
  }

  /** Records the expected state of an object with the version assigned by the server. */
  function recordVersion({ metadata }: SessionJson): void {
    const { uid, resourceVersion } = metadata;
    const version = { key: versionKey({ uid, resourceVersion }), ...findModel(metadata.name).version() };
    newest.set(metadata.name, version);
    onVersion(version);
  }

  function randomSession(): string {
    return pick(random, [first, ...newest.keys()]);
  }

  function randomUpdate(): Update {
    return UPDATES[between(random, 0, UPDATES.length - 1)] ?? 'one';
  }
}

/** Kinds of updates. Repeated entries are more likely. */
const UPDATES: readonly Update[] = [
  ...Array<Update>(21).fill('one'),
  ...Array<Update>(4).fill('few'),
  'head',
  'head',
  'grow',
  'shrink',
  'nothing',
];
