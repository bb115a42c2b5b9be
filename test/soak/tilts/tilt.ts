import { between, pick, type Random } from '../../../src/providers/demo/random.js';
import type { SessionJson } from '../../support/session-json.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';
import { type Version, versionKey } from '../model/truth.js';
import { createSessionModel, type SessionModel, type Update } from './session-model.js';

/** What a {@link SoakTilt} is like. */
export interface TiltOptions {
  /** Its context in the kubeconfig, and the instance of its Sessions. */
  readonly name: string;
  /** `kubernetes`: several Sessions that come and go, versions that expire. */
  readonly mode: 'tilt' | 'kubernetes';
  readonly plain: boolean;
  /** The names of the Sessions it can have; a Tilt has only the first. */
  readonly sessions: readonly [string, ...string[]];
  /** How many targets each has at the start, and at the end. */
  readonly size: number;
  /** How many each can have. */
  readonly most: number;
  readonly random: Random;
  /** Called with each version that clients may see, as soon as there is one. */
  readonly note: (version: Version) => void;
}

/** A Tilt that updates its Sessions, and does what Tilts do to those who watch them. */
export interface SoakTilt {
  readonly name: string;
  readonly server: TiltServer;
  /** Whether it stands in the kubeconfig. */
  isUp: boolean;
  /** Whether something is being done to its server, so that it must not be updated. */
  isBusy: boolean;
  /** How many updates were told to somebody who watched. */
  readonly updates: number;
  /** The newest version of each Session, by id. */
  newest(): Record<string, Version>;
  /** The name of one of its Sessions. */
  anySession(): string;
  /** Updates one of its Sessions at random, or the one named. */
  update(what?: Update, session?: string): void;
  /** Adds a Session, or removes one; where it can have only one, it updates that. */
  comeOrGo(): void;
  /** Starts again: new port, token and uid. */
  restart(): Promise<void>;
  /** All its Sessions as they were at the start, after a restart. */
  reset(): Promise<void>;
  /** The k-th of a series of updates after `reset` that is the same each time. */
  step(k: number): void;
}

/** The server keeps each object that it told, for those who come back: it forgets them after so many updates. */
const COMPACT_EVERY = 200;

/** Starts with one Session. The server is the callee's to close. */
export async function createSoakTilt(options: TiltOptions): Promise<SoakTilt> {
  const { name, mode, plain, random, size, most, note } = options;
  const server = await createTiltServer({ mode, plain });
  const models = new Map(
    options.sessions.map((session) => [session, createSessionModel({ name: session, most, random })]),
  );
  const newest = new Map<string, Version>();
  const [first] = options.sessions;
  let puts = 0;
  let updates = 0;
  add(first);

  return {
    name,
    server,
    isUp: true,
    isBusy: false,
    get updates() {
      return updates;
    },
    newest: () =>
      Object.fromEntries([...newest].map(([session, version]) => [`${name}/${session}`, version])),
    anySession,
    update(what = anyUpdate(), session = anySession()) {
      const model = models.get(session);
      model?.update(what);
      if (model) put(model);
    },
    comeOrGo() {
      const session = pick(random, options.sessions);
      if (session === first) put(modelOf(first));
      else if (newest.has(session)) remove(session);
      else add(session);
    },
    restart,
    async reset() {
      for (const session of options.sessions) if (session !== first) remove(session);
      modelOf(first).reset(size);
      put(modelOf(first));
      await restart();
    },
    step(k) {
      const model = modelOf(first);
      model.step(k);
      put(model);
    },
  };

  function modelOf(session: string): SessionModel {
    const model = models.get(session);
    if (!model) throw new Error(`${name} has no Session ${session}.`);
    return model;
  }

  function add(session: string): void {
    const model = modelOf(session);
    model.reset(size);
    put(model);
  }

  function remove(session: string): void {
    newest.delete(session);
    server.remove(session);
  }

  function put(model: SessionModel): void {
    see(server.put(model.json()));
    puts += 1;
    if (server.openWatches > 0) updates += 1;
    if (puts % COMPACT_EVERY === 0) server.compact(random() < 0.5 ? 'status' : 'event');
  }

  async function restart(): Promise<void> {
    await server.restart({ freshCa: !plain && random() < 0.2 });
    server.sessions.forEach(see);
  }

  /** Notes what is true of an object as the server has stamped it. */
  function see({ metadata }: SessionJson): void {
    const { uid, resourceVersion } = metadata;
    const version = { key: versionKey({ uid, resourceVersion }), ...modelOf(metadata.name).truth() };
    newest.set(metadata.name, version);
    note(version);
  }

  function anySession(): string {
    return pick(random, [first, ...newest.keys()]);
  }

  function anyUpdate(): Update {
    return UPDATES[between(random, 0, UPDATES.length - 1)] ?? 'one';
  }
}

/** What is updated, as often as it stands here. */
const UPDATES: readonly Update[] = [
  ...Array<Update>(21).fill('one'),
  ...Array<Update>(4).fill('few'),
  'head',
  'head',
  'grow',
  'shrink',
  'nothing',
];
