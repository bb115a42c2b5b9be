import { createSecureContext } from 'node:tls';
import type { Clock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { followFiles } from '../lib/file-watcher.js';
import type { Log } from '../lib/log.js';
import type { KeyPair } from '../server/tls.js';
import { readTextFile, UsageError } from './usage-error.js';

/** How often certificates are looked at, in milliseconds: they are renewed days before they end. */
const POLL_MS = 5_000;
const SETTLE_MS = 500;

/** A certificate and its key from files; throws a UsageError when they cannot be used. */
export async function readKeyPair(certPath: string, keyPath: string): Promise<KeyPair> {
  const cert = await readTextFile(certPath, `--tls-cert ${certPath}`);
  const key = await readTextFile(keyPath, `--tls-key ${keyPath}`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new UsageError(
      `--tls-cert ${certPath} and --tls-key ${keyPath} cannot be used: ${messageOf(error)}`,
    );
  }
  return { cert, key };
}

/** What {@link followKeyPair} works with. */
export interface FollowKeyPairOptions {
  readonly certPath: string;
  readonly keyPath: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onRenewed: (pair: KeyPair) => void;
}

/** Tells of a certificate that was renewed, until the signal aborts; one that cannot be used is logged, and the last good one stays. */
export async function followKeyPair(options: FollowKeyPairOptions, signal: AbortSignal): Promise<void> {
  const { certPath, keyPath, clock, log, onRenewed } = options;
  let isFirst = true;
  // The key alone never changes; what replaces both does so one after the other, and until then they do not fit.
  await followFiles(
    {
      paths: [certPath],
      clock,
      pollMs: POLL_MS,
      settleMs: SETTLE_MS,
      read: () => readKeyPair(certPath, keyPath),
      describeError: (error) => (error instanceof UsageError ? error.message : null),
      onContent(pair) {
        if (!isFirst) {
          onRenewed(pair);
          log('info', 'the certificate was renewed', { path: certPath });
        }
        isFirst = false;
      },
      onError: (message) => log('warn', `the last good certificate is kept: ${message}`),
    },
    signal,
  );
}
