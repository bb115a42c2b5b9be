import type { SessionRecord } from '../store/record.js';

/** What happened to one Session in a set of them. */
export interface SessionChange {
  readonly type: 'added' | 'modified' | 'deleted';
  /** The Session now; its last state if it was deleted. */
  readonly session: SessionRecord;
  /** Null when it was not known before. */
  readonly previous: SessionRecord | null;
}
