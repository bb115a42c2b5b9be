import type {
  LogLineFields,
  ResourceFields,
  SessionFields,
  TargetFields,
  TargetStateFields,
} from '../../client/generated.js';

export type { TargetPhase, VerdictState } from '../../client/generated.js';

/** A Session, with the fields that the client selects. */
export type Session = SessionFields;

/** A target with its history. */
export type Target = TargetFields;

/** A resource of the Tiltfile. Unknown facts are null. */
export type Resource = ResourceFields;

/** State of a target; null when inactive. */
export type State = TargetStateFields | null;

/** A change of a target's state that the gateway observed. */
export type HistoryEntry = Target['history'][number];

/** A line of Tilt's log, with its colors. */
export type LogLine = Pick<LogLineFields, 'time' | 'level' | 'target' | 'styledText'>;

/** The last lines that a target logged before it failed. */
export type Excerpt = NonNullable<
  Extract<Target['state'], { __typename: 'TargetStateTerminated' }>['excerpt']
>;
