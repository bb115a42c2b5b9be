import type { ObjectReference, ResourceFacts } from '../model/facts.js';
import type { LogLine } from '../model/log.js';
import type { ActiveState, SessionId, TerminatedState } from '../model/session.js';
import type { SessionRecord, TrackedTarget } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { Pacer } from './pacer.js';

/** Context of resolvers. */
export interface Context {
  /** The part of the store that the client may see. */
  readonly store: ReadableStore;
  /** Equal for clients with the same access. Has no line breaks. */
  readonly scope: string;
  /** The gateway's version. */
  readonly version: string;
  /** Id of the last event of a client that reconnects over SSE (`Last-Event-ID`), which replaces `since`. */
  readonly lastEventId: string | null;
  /** Divides a long execution into slices. Default: it is executed at once. */
  readonly pacer?: Pacer;
}

/** Change of one Session in a set of Sessions. */
export interface SessionChange {
  readonly type: 'added' | 'modified' | 'deleted';
  /** The Session, in its last state if it was deleted. */
  readonly session: SessionRecord;
  /** Null if it is new. */
  readonly previous: SessionRecord | null;
}

/** Active state with its summary, which depends on more than the state. */
export interface SummarizedActive extends ActiveState {
  readonly summary: string;
}

/** Terminated state, with the target if it is the present state of one. */
export interface ShownTerminated extends TerminatedState {
  readonly target?: TrackedTarget;
}

/** Payload of the subscription `log`. */
export interface LogLines {
  /** Null while the Session does not exist. */
  readonly session: SessionId | null;
  readonly isAvailable: boolean;
  readonly reset: boolean;
  readonly lines: readonly LogLine[];
  readonly dropped: number;
}

/** Resource of a Session: its targets, and what is known about it. */
export interface ResourceRecord {
  readonly name: string;
  readonly targets: readonly TrackedTarget[];
  readonly session: SessionRecord;
  /** Null if nothing is known about it. */
  readonly facts: ResourceFacts | null;
}

/** Object that a resource of a Session waits for. */
export interface WaitingOnRecord extends ObjectReference {
  readonly session: SessionRecord;
}
