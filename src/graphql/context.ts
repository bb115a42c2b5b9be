import type { Store } from '../store/store.js';

/** What every resolver gets beside its parent. */
export interface Context {
  readonly store: Store;
  /** The gateway's version. */
  readonly version: string;
  /** Over SSE, the id of the last event a returning client got (`Last-Event-ID`): stands in for `since`. */
  readonly lastEventId: string | null;
}
