import { type HudMessage, readHudRecording } from './hud-view.js';
import { type SessionJson, sessionJson } from './session-json.js';
import type { TiltWithLogs } from './tilt-with-logs.js';

/** A state of the Session during a recording of the HUD. */
export interface RecordedState {
  /** Milliseconds since the HUD was opened. */
  readonly ms: number;
  readonly session: SessionJson;
}

const UNIT_ERROR =
  'Command "echo \\"running 3 tests\\"; sleep 0.7; printf \\"\\\\033[31mFAIL\\\\033[0m adds numbers\\\\n  expected 4, got 5\\\\n\\" >&2; echo \\"1 of 3 failed\\"; exit 1" failed: exit status 1';

/**
 * The states of the Session of `hud-ci.ndjson`, with the times of the recorded lines.
 *
 * @param run process id and start time of its Tilt. Default: the recorded ones
 */
export function hudCiStates(uid: string, run = { pid: 21_546, startTime: at('48.430139') }): RecordedState[] {
  const tiltfile = terminated('tiltfile:update', '(Tiltfile)', '48.728703', '48.730155');
  const lint = terminated('lint:update', 'lint', '48.769969', '49.525936');
  const state = (ms: number, targets: readonly object[], status: object = {}): RecordedState => ({
    ms,
    session: {
      ...sessionJson({ uid, targets, status: { ...run, ...status } }),
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

/** Plays the Session and the log up to the last message of each. Returns those. */
export function playHudCiUpToEnd(
  { server, hud }: Pick<TiltWithLogs, 'server' | 'hud'>,
  uid: string,
): { readonly session: SessionJson; readonly message: HudMessage } {
  const states = hudCiStates(uid);
  const messages = readHudRecording('hud-ci');
  const [lastState, lastMessage] = [states.pop(), messages.pop()];
  if (!lastState || !lastMessage) throw new Error('The recording is empty.');
  for (const { session } of states) server.put(session);
  for (const { message } of messages) hud.send(message);
  return { session: lastState.session, message: lastMessage.message };
}

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
