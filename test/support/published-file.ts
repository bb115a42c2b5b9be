import { randomBytes } from 'node:crypto';
import { type BucketGateway, serveBucket } from './bucket-gateway.js';
import { type RunningCommand, runCli } from './cli.js';
import { sessionJson } from './session-json.js';
import { createTemporaryFolder } from './temporary-folder.js';

/** Presence interval of publishers in these tests, in seconds. */
export const PRESENCE_S = 3;

/**
 * Adds the presence interval to the options of both processes, because the first of them creates the bucket.
 */
function withPresence(args: readonly string[]): readonly string[] {
  return args.includes('--bucket-presence') ? args : ['--bucket-presence', `${PRESENCE_S}s`, ...args];
}

/**
 * Starts a gateway that reads a bucket, with a presence interval of {@link PRESENCE_S} seconds by default.
 */
export function serveShortPresenceBucket(
  address: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<BucketGateway> {
  return serveBucket(address, env, withPresence(args));
}

/** `tilt-graphql publish --from FILE` in a process of its own. */
export interface FilePublisher extends AsyncDisposable {
  readonly command: RunningCommand;
  /** Writes a passing Session. */
  green(): Promise<void>;
  /** Writes a failed Session whose error contains this many incompressible bytes. */
  red(bytes?: number): Promise<void>;
  /** Writes a passing Session that is done, so that its verdict is final. */
  done(): Promise<void>;
  /** Deletes the Session, as Tilt does when it exits. */
  remove(): Promise<void>;
}

/**
 * Starts a publisher of a passing Session under the instance `ci`.
 *
 * @param redBytes if given, the first Session is a failed one, written by `red(redBytes)`
 */
export async function publishFile(
  address: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
  redBytes?: number,
): Promise<FilePublisher> {
  const folder = await createTemporaryFolder();
  const green = () => folder.replace('ci.json', greenText());
  const red = (bytes = 10) => folder.replace('ci.json', redText(bytes));
  await (redBytes === undefined ? green() : red(redBytes));
  const command = runCli(
    ['publish', '--to', address, '--instance', 'ci', '--from', folder.path, ...withPresence(args)],
    env,
  );
  return {
    command,
    green,
    red,
    done: () => folder.replace('ci.json', greenText({ done: true })),
    remove: () => folder.remove('ci.json'),
    async [Symbol.asyncDispose]() {
      await command[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Returns the log lines of a command that have this level. */
export function logLines({ stderr }: RunningCommand, level: 'INFO' | 'WARN' | 'ERROR'): readonly string[] {
  return stderr.split('\n').filter((line) => line.includes(` ${level} `) || line.startsWith(`${level} `));
}

const TIMES = { startTime: '2026-11-22T11:42:22.642252Z', finishTime: '2026-11-22T11:42:23.001002Z' };

function targets(error?: string): object[] {
  const state = { terminated: { ...TIMES, ...(error !== undefined && { error }) } };
  return [
    { name: 'tiltfile:update', type: 'job', resources: ['(Tiltfile)'], state: { terminated: TIMES } },
    { name: 'unit:update', type: 'job', resources: ['unit'], state },
  ];
}

function greenText(status = {}): string {
  return JSON.stringify(sessionJson({ uid: 'run', targets: targets(), status }));
}

function redText(bytes: number): string {
  const noise = randomBytes(Math.ceil(bytes / 2)).toString('hex');
  return JSON.stringify(sessionJson({ uid: 'run', targets: targets(`unit tests failed ${noise}`) }));
}
