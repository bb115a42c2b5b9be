import type { SessionLog } from '../../src/model/log.js';
import { createTiltLogs } from '../../src/providers/tilt/hud-logs.js';
import type { TiltProviderOptions } from '../../src/providers/tilt/tilt.js';
import { type FollowedTilt, followTilt } from './follow-tilt.js';
import { readHudRecording } from './hud-view.js';
import { parseContext } from './kubeconfig-file.js';
import { type SessionJson, sessionJson } from './session-json.js';
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';
import { startTiltHud, type TiltHud, type TiltHudOptions } from './tilt-hud.js';
import { createTiltServer, type TiltServer } from './tilt-server.js';

/** A fake Tilt with an API server, a web server with logs, and the folder with the token. */
export interface TiltWithLogs extends AsyncDisposable {
  readonly server: TiltServer;
  readonly hud: TiltHud;
  readonly folder: TemporaryFolder;
  /** Path of the token. */
  readonly tokenFile: string;
  /** Watches it, with its logs. */
  follow(options?: Partial<TiltProviderOptions>, redact?: readonly string[]): Promise<FollowedTilt>;
}

/** Options of {@link startTiltWithLogs}. */
export interface TiltWithLogsOptions extends TiltHudOptions {
  /** Content of the token file. Null: there is no file. Default: the token that the web server expects. */
  readonly tokenInFile?: string | null;
  /** Default: one Session without failures. */
  readonly sessions?: readonly SessionJson[];
}

/** Starts the fake. Its web server has sent nothing yet. */
export async function startTiltWithLogs(options: TiltWithLogsOptions = {}): Promise<TiltWithLogs> {
  const { sessions = [sessionJson({ uid: 'run-1' })] } = options;
  const server = await createTiltServer({ sessions, kinds: ['uiresources', 'clusters'] });
  const hud = await startTiltHud(options);
  const folder = await createTemporaryFolder();
  const { tokenInFile = hud.token } = options;
  const tokenFile = folder.file('token');
  if (tokenInFile !== null) await folder.write('token', `${tokenInFile}\n`);
  return {
    server,
    hud,
    folder,
    tokenFile,
    follow: (given = {}, redact = []) =>
      followTilt(server, {
        context: parseContext(server, hud.context),
        name: 'tilt',
        logs: createTiltLogs({ tokenFile, redact }),
        ...given,
      }),
    async [Symbol.asyncDispose]() {
      await server.close();
      await hud[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Returns the newest log that the provider has pushed; null for none. */
export function logOf({ changes }: Pick<FollowedTilt, 'changes'>): SessionLog | null {
  const last = changes.findLast((change) => change.type === 'log');
  return last?.type === 'log' ? last.log : null;
}

/** Returns the lines of a log as `LEVEL resource target: text`. */
export function linesOf(log: SessionLog | null): string[] | null {
  const lines = log?.tail({}, Number.POSITIVE_INFINITY);
  return (
    lines?.map(
      ({ level, resource, target, styledText }) => `${level} ${resource} ${target}: ${styledText}`,
    ) ?? null
  );
}

/** The lines of a recording in the same form, read with code of its own. */
export function recordedLines(name: Parameters<typeof readHudRecording>[0]): string[] {
  const messages = readHudRecording(name).map(({ message }) => message.logList);
  const spans = new Map(messages.flatMap((list) => Object.entries(list?.spans ?? {})));
  return messages
    .flatMap((list) => list?.segments ?? [])
    .flatMap(({ spanId = '', level, text }) => {
      const resource = spans.get(spanId)?.manifestName || '(Tiltfile)';
      const target = targetOf(spanId, resource);
      return text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${level.toLowerCase()} ${resource} ${target}: ${line}`);
    });
}

function targetOf(span: string, resource: string): string | null {
  if (span === '') return null;
  if (span.startsWith('tiltfile:')) return 'tiltfile:update';
  return `${resource}:${span.startsWith('localserve:') ? 'serve' : 'update'}`;
}
