import type { Change } from '../../src/model/change.js';
import type { Session } from '../../src/model/session.js';

/** A consumer that takes every change at once, as the gateway does, and remembers it. */
export interface ChangeReader {
  readonly changes: readonly Change[];
  /** What the changes come to: the newest state of each Session, by name. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** The reasons of the `stale` changes. */
  readonly staleReasons: readonly string[];
  count(type: Change['type']): number;
  /** Resolves once the condition holds; it is looked at after each change. Rejects when the changes end before. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when the changes end; to what was thrown, or undefined. */
  readonly ended: Promise<unknown>;
}

/** Starts to read. */
export function readChanges(source: AsyncIterable<Change>): ChangeReader {
  const changes: Change[] = [];
  const sessions = new Map<string, Session>();
  const checks = new Set<() => void>();
  const ended = read().then(
    () => undefined,
    (error: unknown) => error ?? 'threw nothing',
  );

  return {
    changes,
    sessions,
    get staleReasons() {
      return changes.flatMap((change) => (change.type === 'stale' ? [change.error] : []));
    },
    count: (type) => changes.filter((change) => change.type === type).length,
    until,
    ended,
  };

  async function read(): Promise<void> {
    for await (const change of source) {
      changes.push(change);
      apply(change);
      for (const check of checks) check();
    }
  }

  function apply(change: Change): void {
    if (change.type === 'snapshot') sessions.clear();
    if (change.type === 'snapshot') for (const session of change.sessions) set(session);
    if (change.type === 'upsert') set(change.session);
    if (change.type === 'remove') sessions.delete(change.id.slice(change.id.indexOf('/') + 1));
  }

  function set(session: Session): void {
    sessions.set(session.metadata.name, session);
  }

  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition()) return;
        checks.delete(check);
        resolve();
      };
      checks.add(check);
      check();
      ended.then((error) => reject(error ?? new Error('the changes ended before the condition held')));
    });
  }
}
