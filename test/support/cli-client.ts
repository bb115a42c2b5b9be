import { type RunningCommand, runCli } from './cli.js';
import { readWatchRecording, type WATCH_RECORDINGS } from './recording.js';
import type { MetadataJson, SessionJson } from './session-json.js';
import { startTiltGateway, type TiltGateway, type TiltGatewayOptions } from './tilt-gateway.js';
import { createTiltServer, type TiltServer } from './tilt-server.js';

/** A gateway that follows one Tilt, and CLI commands that query it, each in a process of its own. */
export interface CliClients extends AsyncDisposable {
  readonly gateway: TiltGateway;
  readonly tilt: TiltServer;
  /**
   * Replays a recorded watch, completely or its first `lines` lines. Resolves when the gateway has the
   * result.
   */
  play(recording: (typeof WATCH_RECORDINGS)[number], lines?: number): Promise<void>;
  /** Sets the Session of the Tilt. Resolves when the gateway has it. */
  put(session: SessionJson): Promise<void>;
  /** Runs a command against this gateway. Killed on disposal if it still runs. */
  run(args: readonly string[], env?: Record<string, string>): RunningCommand;
  /** Runs a command until it exits. */
  runToEnd(
    args: readonly string[],
    env?: Record<string, string>,
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Starts Tilt and gateway, and waits until the gateway watches the Tilt. */
export async function startCliClients(options: TiltGatewayOptions = {}): Promise<CliClients> {
  const tilt = await createTiltServer();
  const gateway = await startTiltGateway({ 'tilt-default': tilt }, options);
  await tilt.until(() => tilt.openWatches === 1);
  const running: RunningCommand[] = [];
  const run = (args: readonly string[], env: Record<string, string> = {}) => {
    const command = runCli(args, { TILT_GRAPHQL_URL: gateway.origin, ...env });
    running.push(command);
    return command;
  };
  const untilKnown = async (session: SessionJson | undefined) => {
    const { uid, resourceVersion } = session?.metadata ?? NONE;
    await gateway.session().until({ metadata: { uid, resourceVersion } });
  };
  return {
    gateway,
    tilt,
    async play(recording, lines) {
      tilt.replay(readWatchRecording(recording).slice(0, lines)).playRemaining();
      await untilKnown(tilt.sessions[0]);
    },
    put: (session) => untilKnown(tilt.put(session)),
    run,
    async runToEnd(args, env) {
      const command = run(args, env);
      command.process.stdin.end();
      const code = await command.exit;
      return { code, stdout: command.stdout, stderr: command.stderr };
    },
    async [Symbol.asyncDispose]() {
      for (const command of running) await command[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      await tilt.close();
    },
  };
}

const NONE: MetadataJson = { name: 'none' };
