import type { Clock } from '../lib/clock.js';
import type { MicroTime } from '../model/micro-time.js';
import type { SessionId } from '../model/session.js';
import type { Cursors, LogPosition } from './cursors.js';
import type { Journal, Revision } from './journal.js';
import { headChanged } from './merge.js';
import type { RecordChange, SessionRecord } from './record.js';
import { createSortedSet } from './sorted.js';

/** The newest state of every Session, and the number of what has happened. The one place where either changes. */
export interface Ledger {
  /** Rises with everything that a client could see. */
  readonly revision: number;
  get(id: SessionId): SessionRecord | null;
  /** Every Session's id, in order: a list that does not change any more. */
  ids(): readonly SessionId[];
  /**
   * Makes this the newest state of a Session; null: it is forgotten.
   *
   * @param position of the change in the log of a source that several gateways read
   */
  commit(
    id: SessionId,
    after: SessionRecord | null,
    changes: readonly RecordChange[],
    position?: LogPosition | undefined,
  ): void;
  /** Counts what clients see and that is no Session's: how the sources are. */
  bump(): void;
  /** The time, as it is written of what happens now. */
  now(): MicroTime;
}

/** What a ledger works with. */
export interface LedgerOptions {
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'append'>;
  readonly cursors: Pick<Cursors, 'mark'>;
  /** Is told of each revision of a Session, once it is in the journal. */
  readonly tell: (revision: Revision) => void;
}

/** An empty ledger. */
export function createLedger({ clock, journal, cursors, tell }: LedgerOptions): Ledger {
  const records = new Map<SessionId, SessionRecord>();
  const ids = createSortedSet();
  let revision = 0;
  let time = { ms: Number.NaN, text: '' };

  return {
    get revision() {
      return revision;
    },
    get: (id) => records.get(id) ?? null,
    ids: () => ids.list(),
    commit(id, after, changes, position) {
      const before = records.get(id) ?? null;
      if (after === null) {
        records.delete(id);
        ids.delete(id);
      } else {
        records.set(id, after);
        if (before === null) ids.add(id);
      }
      // A snapshot of many Sessions is many revisions, each one payload to its readers (S2).
      revision += 1;
      if (position) cursors.mark(position, revision);
      const entry = { number: revision, id, before, after, changes, head: headChanged(before, after) };
      journal.append(entry);
      tell(entry);
    },
    bump() {
      revision += 1;
    },
    /** What happens in one millisecond shares one text: it stands in each target's history. */
    now() {
      const ms = clock.now();
      if (time.ms !== ms) time = { ms, text: new Date(ms).toISOString() };
      return time.text;
    },
  };
}
