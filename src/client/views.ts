import type { SessionChangeFields, SessionFields, TargetChangeFields, TargetFields } from './generated.js';

/** How the link to the gateway is, as one watch sees it. */
export interface LinkState {
  /**
   * `connecting` until a gateway has answered for the first time; `live` while what is shown is what the gateway knows;
   * `lost` from then on until a gateway takes the watch on again. What is shown while it is lost may be out of date.
   */
  readonly state: 'connecting' | 'live' | 'lost';
  /** Since when it is so, in milliseconds since 1970. */
  readonly since: number;
  /** Why it is lost, in one line: of the newest try. Null while it is not. */
  readonly error: string | null;
  /** The gateway it is live at, or that was tried last. Null before the first try. */
  readonly url: string | null;
}

/** A folded set, as of the newest payload that was taken. */
interface ChangesView<C> {
  /** What that payload changed; empty when only the Session itself or the link did. */
  readonly changes: readonly C[];
  /** Whether what was known before is to be forgotten: `changes` then is everything. */
  readonly reset: boolean;
  /** How many updates were folded into one, by the gateway or by this watch, since they were not taken in time. Else 0. */
  readonly conflated: number;
  /** Where it stands; null before the first payload. */
  readonly cursor: string | null;
  readonly link: LinkState;
}

/** The targets of one Session, as of the newest payload that was taken. */
export interface TargetsView extends ChangesView<TargetChangeFields> {
  /** The Session as of that payload; null while there is none. */
  readonly session: SessionFields | null;
  /**
   * By name, in Tilt's order, which is by name; the second target of one name is under `name#2`, as in its id. It never
   * changes: the next view has another.
   */
  readonly targets: ReadonlyMap<string, TargetFields>;
}

/** The Sessions, as of the newest payload that was taken. */
export interface SessionsView extends ChangesView<SessionChangeFields> {
  /** By id, in order. It never changes: the next view has another. */
  readonly sessions: ReadonlyMap<string, SessionFields>;
}

/** The newest state of one Session. */
export interface SessionView {
  /** Null while there is none of this id, and before the first payload. */
  readonly session: SessionFields | null;
  readonly link: LinkState;
}
