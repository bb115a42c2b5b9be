import type { SessionFields, TargetFields, TargetStateFields } from '../../client/generated.js';

export type { TargetPhase, VerdictState } from '../../client/generated.js';

/** A Session, as the client asks for it. */
export type Session = SessionFields;

/** A target with its history. */
export type Target = TargetFields;

/** What a target is doing; null when inactive. */
export type State = TargetStateFields | null;

/** A change of a target's state that the gateway saw. */
export type Transition = Target['history'][number];
