import type { ReadableStore } from '../store/scoped.js';
import type { Pacer } from './pacer.js';

/** What every resolver gets beside its parent. */
export interface Context {
  /** What of the store the client may see. */
  readonly store: ReadableStore;
  /** Tells apart clients that may not see the same; no line break is in it. */
  readonly scope: string;
  /** The gateway's version. */
  readonly version: string;
  /** Over SSE, the id of the last event a returning client got (`Last-Event-ID`): stands in for `since`. */
  readonly lastEventId: string | null;
  /** Divides an execution that takes long into slices. Default: it is executed at once. */
  readonly pacer?: Pacer;
}
