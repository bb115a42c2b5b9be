import type { TargetsView } from '../../client/client.js';

/** Where what is watched is shown: on the screen, or as JSON lines. */
export interface Display {
  show(view: TargetsView): void | Promise<void>;
  /** Says something that is not about the targets, in one line; null takes it back. */
  notice(message: string | null): void;
  /** Aborts when whoever looked has had enough. */
  readonly closed: AbortSignal;
  /** Ends it; what was there before is there again. Harmless when called twice. */
  close(): void;
}
