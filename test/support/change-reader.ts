import type { Change } from '../../src/model/change.js';
import type { Session } from '../../src/model/session.js';
import type { SessionProvider } from '../../src/providers/provider.js';

/** Records every change of a provider. */
export interface ChangeReader {
  /** The changes of Sessions, without those of the availability of other kinds. */
  readonly changes: readonly Change[];
  /** The kinds that the provider has reported, and why it cannot provide them. */
  readonly availability: ReadonlyMap<string, string | null>;
  /** The newest state of each Session, by name. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** The errors of all `stale` changes and of the stale states in snapshots. */
  readonly staleReasons: readonly string[];
  count(type: Change['type']): number;
  /** Resolves when the condition holds, evaluated after each change. Rejects if the changes end first. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when the watch settles, with the error it rejected with or undefined. */
  readonly ended: Promise<unknown>;
}

/** Watches a provider and records its changes. */
export function readChanges(provider: SessionProvider, signal: AbortSignal): ChangeReader {
  const changes: Change[] = [];
  const availability = new Map<string, string | null>();
  const sessions = new Map<string, Session>();
  const checks = new Set<() => void>();
  const ended = provider.watch(push, signal).then(
    () => undefined,
    (error: unknown) => error ?? 'threw nothing',
  );

  return {
    changes,
    availability,
    sessions,
    get staleReasons() {
      return changes.flatMap((change) => {
        if (change.type === 'snapshot') return (change.stale ?? []).map(({ error }) => error);
        return change.type === 'stale' ? [change.error] : [];
      });
    },
    count: (type) => changes.filter((change) => change.type === type).length,
    until,
    ended,
  };

  function push(change: Change): void {
    if (change.type === 'availability') availability.set(change.kind, change.error);
    else changes.push(change);
    apply(change);
    for (const check of checks) check();
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
