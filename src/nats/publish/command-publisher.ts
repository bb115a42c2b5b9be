import type { Session, SessionId } from '../../model/session.js';
import type { SessionRecord } from '../../store/record.js';
import type { Store } from '../../store/store.js';
import { keyOf } from '../key.js';
import {
  type CommandEnd,
  type CommandRun,
  endState,
  finalState,
  runningState,
  SESSION_NAME,
  startState,
  unreadState,
} from './command-states.js';
import { createKeyOwners, currentState, type KeyContent } from './key-owners.js';
import { createOwnRuns, type OwnRunsOptions } from './own-runs.js';
import { createSessionWriters, type SessionWritersOptions } from './session-writers.js';

/** Writes the Sessions of one command to a bucket. */
export interface CommandPublisher {
  /** Whether nothing more is to come: each Tilt of the command that was found has left, and none is being connected to. */
  readonly isSettled: boolean;
  /**
   * Writes the final state of each Session, or that none could be read. Resolves with the keys for which that did not succeed
   * in time.
   *
   * @param deadlineMs milliseconds
   */
  close(end: CommandEnd, deadlineMs: number): Promise<readonly string[]>;
}

/** Dependencies of {@link createCommandPublisher}. */
export interface CommandPublisherOptions extends SessionWritersOptions, Pick<OwnRunsOptions, 'processes'> {
  readonly store: Pick<Store, 'ids' | 'get' | 'subscribe' | 'sources' | 'onSources'>;
  readonly run: CommandRun;
  /** Under which instance the command's Session is published, read or not; null: it follows from the Session. */
  readonly instance: string | null;
  /** Under which instance a Session is published. */
  instanceOf(record: SessionRecord): string;
  /** Names of sources that were asked for by themselves, such as a file: all of their Sessions are published. */
  readonly explicitSources: ReadonlySet<string>;
  /** Whether Tilts of this machine are looked for. */
  readonly followsTilts: boolean;
}

/** Begins to publish: at once that a run has started, so that the result of the run before is no longer taken for this one's. */
export function createCommandPublisher(options: CommandPublisherOptions): CommandPublisher {
  const { store, run, instance, explicitSources, followsTilts, log } = options;
  const writers = createSessionWriters({ ...options, awaitsKeys: true });
  const owners = createKeyOwners(log);
  const ownRuns = createOwnRuns({ ...options, onDecided });
  /** The newest content of each key. */
  const newest = new Map<string, KeyContent>();
  const undecided = new Set<SessionId>();
  let hasOwnSession = false;
  if (followsTilts && instance !== null) {
    writers.write(keyOf(instance, SESSION_NAME), startState(run, instance));
  }
  const unsubscribe = store.subscribe(({ after }) => {
    if (after !== null) consider(after);
  });
  // A Tilt that appears in the kubeconfig is a new source: its process is alive then.
  const stopSampling = store.onSources(() => ownRuns.sample());
  for (const id of store.ids()) onDecided(id);

  return {
    get isSettled() {
      const isConnecting = store.sources().some(({ state }) => state === 'connecting');
      const isLive = [...newest.values()].some(({ record }) => record.connection.state === 'live');
      return !isConnecting && !isLive && undecided.size === 0;
    },
    close(end, deadlineMs) {
      unsubscribe();
      stopSampling();
      ownRuns.dispose();
      for (const [key, { record, conflict }] of newest) {
        // Of two Sessions that run, neither has a result for this key.
        if (conflict !== null) continue;
        writers.write(key, isExplicit(record) ? endState(record, end) : finalState(record, end));
      }
      if (followsTilts && !hasOwnSession) reportUnread(end);
      return writers.close(deadlineMs);
    },
  };

  function onDecided(id: SessionId): void {
    const record = store.get(id);
    if (record) consider(record);
  }

  function consider(record: SessionRecord): void {
    if (isExplicit(record)) {
      publish(record);
      return;
    }
    const isOwn = ownRuns.isOwn(record);
    if (isOwn === null) undecided.add(record.id);
    else undecided.delete(record.id);
    if (isOwn !== true) return;
    hasOwnSession = true;
    publish(record);
  }

  function publish(record: SessionRecord): void {
    const key = keyOf(options.instanceOf(record), record.metadata.name);
    const content = owners.note(key, record);
    newest.set(key, content);
    writers.write(key, isExplicit(content.record) ? currentState(content) : runningState(content));
  }

  function isExplicit({ source }: SessionRecord): boolean {
    return explicitSources.has(source);
  }

  function reportUnread(end: CommandEnd): void {
    if (instance === null) {
      log('warn', `the command ${end.how} before its Session could be read: nothing is published`, {
        hint: 'give --instance to publish that, too',
      });
      return;
    }
    const state = unreadState(run, instance, end);
    if (!writers.write(keyOf(instance, SESSION_NAME), state)) return;
    log(
      'warn',
      `the final state of ${instance}/${SESSION_NAME} is ${verdictIn(state.session)}: ${state.error}`,
    );
  }
}

function verdictIn({ status }: Session): string {
  return status.done ? 'FAILED' : 'UNKNOWN';
}
