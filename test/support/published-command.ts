import { expect } from 'vitest';
import type { BucketGateway } from './bucket-gateway.js';
import { type RunningCommand, runCli } from './cli.js';

/**
 * Number of rounds of the race tests of `publish -- COMMAND`. Use `TILT_GRAPHQL_ROUNDS=20` for
 * measurements.
 */
export const ROUNDS = Number(process.env.TILT_GRAPHQL_ROUNDS ?? 2);

/** Options of a test that starts several processes per round on a busy machine. */
export const SLOW = { timeout: 90_000 + ROUNDS * 30_000 };

/** Options of `expect.poll` for results that several processes produce. */
export const PATIENCE = { timeout: 30_000 };

/**
 * Waits until the Session of a fake `tilt` is published and LIVE, then lets the fake exit (option
 * `readers`).
 */
export async function endPublishedTilt(gateway: BucketGateway, id: string): Promise<void> {
  await expect.poll(() => gateway.session(id), PATIENCE).toMatchObject({ connection: { state: 'LIVE' } });
  const session = await gateway.session(id);
  process.kill(session?.status.pid ?? Number.NaN, 'SIGUSR2');
}

/** Flags of `publish`, and the kubeconfig that the command's Tilt writes to. */
export interface PublishFlags {
  readonly address: string;
  readonly instance: string;
  readonly kubeconfig: string;
}

/** Starts `tilt-graphql publish -- COMMAND`. */
export function publishCommand(
  { address, instance, kubeconfig }: PublishFlags,
  command: readonly string[],
): RunningCommand {
  const flags = ['publish', '--to', address, '--instance', instance];
  return runCli([...flags, '--', ...command], { TILT_CONFIG: kubeconfig });
}

/** Quotes words for `sh -c`. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
