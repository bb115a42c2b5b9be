import { expect } from 'vitest';
import { type RunningCommand, runCli, runCliToEnd } from './cli.js';

/** A Session as a gateway reports it. */
export interface PublishedSession {
  readonly id: string;
  readonly connection: { readonly state: string; readonly since: string; readonly error: string | null };
  readonly verdict: { readonly state: string; readonly reason: string | null };
  readonly spec: { readonly tiltfilePath: string };
  readonly status: { readonly pid: number | null; readonly error: string | null };
  readonly counts: { readonly total: number };
  readonly metadata: { readonly uid: string };
}

/** A gateway that reads a NATS bucket, in a process of its own. */
export interface BucketGateway extends AsyncDisposable {
  readonly command: RunningCommand;
  /** Sends a query. Resolves with its `data`. */
  query(query: string): Promise<Record<string, unknown>>;
  sessions(): Promise<readonly PublishedSession[]>;
  session(id: string): Promise<PublishedSession | undefined>;
  /** Waits until the Session `ci/Tiltfile` has this connection state and verdict. */
  shows(connection: string, verdict: string): Promise<void>;
  /** Runs `wait --for ready` for `ci/Tiltfile` with a short timeout. Resolves with exit code and output. */
  wait(): ReturnType<typeof runCliToEnd>;
}

const SESSIONS = `{ sessions { nodes { id connection { state since error } verdict { state reason }
  spec { tiltfilePath } status { pid error } counts { total } metadata { uid } } } }`;

/** Starts a gateway that reads a bucket. */
export async function serveBucket(
  address: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<BucketGateway> {
  const command = runCli(['--port', '0', '--source', address, ...args], env);
  const [, url = ''] = await command.until(/listens on (http:\S+) /);
  const query = async (text: string) => {
    const response = await fetch(`${url}?query=${encodeURIComponent(text)}`, {
      headers: { accept: 'application/json' },
    });
    return (await response.json()).data;
  };
  const sessions = async (): Promise<readonly PublishedSession[]> => (await query(SESSIONS)).sessions.nodes;
  const session = async (id: string) => (await sessions()).find((node) => node.id === id);
  return {
    command,
    query,
    sessions,
    session,
    shows: (connection, verdict) =>
      expect
        .poll(() => session('ci/Tiltfile'), { timeout: 20_000 })
        .toMatchObject({ connection: { state: connection }, verdict: { state: verdict } }),
    wait: () => runCliToEnd(['wait', '--url', url, '--for', 'ready', '--timeout', '2s', '-s', 'ci/Tiltfile']),
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  };
}
