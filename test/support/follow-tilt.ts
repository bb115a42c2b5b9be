import { systemClock } from '../../src/lib/clock.js';
import type { Log } from '../../src/lib/log.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { createTiltProvider, type TiltProviderOptions } from '../../src/providers/tilt/tilt.js';
import { type ChangeReader, readChanges } from './change-reader.js';
import { type KubeconfigEntry, parseContext } from './kubeconfig-file.js';
import type { TiltServer } from './tilt-server.js';

/** A Tilt provider that watches a test server, with a {@link ChangeReader} of its changes. */
export interface FollowedTilt extends ChangeReader {
  readonly provider: SessionProvider;
  /** Messages logged at `warn`. */
  readonly warnings: readonly string[];
  /** Aborts the watch. */
  readonly abort: () => void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Watches this kubeconfig entry as the context `tilt-default`. */
export async function followTilt(
  entry: TiltServer | KubeconfigEntry,
  options: Partial<TiltProviderOptions> = {},
): Promise<FollowedTilt> {
  const controller = new AbortController();
  const warnings: string[] = [];
  const log: Log = (level, message) => void (level === 'warn' && warnings.push(message));
  const provider = createTiltProvider({
    context: parseContext(entry),
    clock: systemClock,
    log,
    // Tests end watches sooner than any real server does.
    minWatchMs: 0,
    ...options,
  });
  const reader = readChanges(provider, controller.signal);
  const parts = { provider, warnings, abort: () => controller.abort() };
  const dispose = async () => {
    controller.abort();
    await reader.ended;
  };
  return Object.assign(reader, parts, { [Symbol.asyncDispose]: dispose });
}
