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

/** A state of the Session beside a recording of the HUD. */
export interface RecordedState {
  /** Milliseconds since the HUD was opened. */
  readonly ms: number;
  readonly session: SessionJson;
}

const UNIT_ERROR =
  'Command "echo \\"running 3 tests\\"; sleep 0.7; printf \\"\\\\033[31mFAIL\\\\033[0m adds numbers\\\\n  expected 4, got 5\\\\n\\" >&2; echo \\"1 of 3 failed\\"; exit 1" failed: exit status 1';

/** The states of the Session of `hud-ci.ndjson`, with the times of the recorded lines. */
export function hudCiStates(uid: string, pid = 21_546): RecordedState[] {
  const tiltfile = terminated('tiltfile:update', '(Tiltfile)', '48.728703', '48.730155');
  const lint = terminated('lint:update', 'lint', '48.769969', '49.525936');
  const state = (ms: number, targets: readonly object[], status: object = {}): RecordedState => ({
    ms,
    session: {
      ...sessionJson({ uid, targets, status: { pid, startTime: at('48.430139'), ...status } }),
      spec: { tiltfilePath: '/home/dev/ci/Tiltfile', exitCondition: 'ci' },
    },
  });
  return [
    state(483, [tiltfile]),
    state(680, [active('lint:update', 'lint', '48.769969'), tiltfile, waiting('unit:update', 'unit')]),
    state(1_248, [lint, tiltfile, active('unit:update', 'unit', '49.525936')]),
    state(1_950, [lint, tiltfile, terminated('unit:update', 'unit', '49.525936', '50.234669', UNIT_ERROR)], {
      done: true,
      error: UNIT_ERROR,
    }),
  ];
}

/** The excerpt of the failed target of `hud-ci.ndjson`, without Tilt's closing line. */
export const HUD_CI_EXCERPT = [
  'Initial Build',
  `Running cmd: ${String.raw`echo "running 3 tests"; sleep 0.7; printf "\033[31mFAIL\033[0m adds numbers\n  expected 4, got 5\n" >&2; echo "1 of 3 failed"; exit 1`}`,
  'running 3 tests',
  '1 of 3 failed',
  'FAIL adds numbers',
  '  expected 4, got 5',
];

function at(seconds: string): string {
  return `2026-11-26T01:40:${seconds}Z`;
}

function target(name: string, resource: string, state: object): object {
  return { name, type: 'job', resources: [resource], state };
}

function waiting(name: string, resource: string): object {
  return target(name, resource, { waiting: { waitReason: 'waiting-for-local' } });
}

function active(name: string, resource: string, start: string): object {
  return target(name, resource, { active: { startTime: at(start), ready: false, lastReadyTime: null } });
}

function terminated(name: string, resource: string, start: string, finish: string, error?: string): object {
  return target(name, resource, { terminated: { startTime: at(start), finishTime: at(finish), error } });
}
