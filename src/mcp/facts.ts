import { z } from 'zod';
import type { Blocker, Run, SessionFields, TargetFields } from '../client/client.js';
import { MAX_ERROR, MAX_LINE, MAX_NAME, truncate } from './bounds.js';

// Inputs and outputs of the tools with their schemas: flat, with words instead of codes.

/** Input: id of a Session. */
export const sessionInput = z
  .string()
  .optional()
  .describe(
    'Id of the Session, such as tilt-default/Tiltfile. May be omitted while exactly one Tilt runs. The demo must be named',
  );

/** Input: phase of a target. */
export const phaseInput = z.enum([
  'INACTIVE',
  'DISABLED',
  'WAITING',
  'RUNNING',
  'READY',
  'SUCCEEDED',
  'FAILED',
  'RETRYING',
]);

/** Schema of a Session summary. */
export const sessionFacts = z.object({
  id: z.string().describe('<instance>/<name>'),
  isDemo: z.boolean().describe('Whether it is the built-in demo instead of a Tilt'),
  tiltfile: z.string().describe("Path of the Tiltfile, on Tilt's machine"),
  kind: z.enum(['tilt up', 'tilt ci', 'unknown']),
  pid: z.number().nullable().describe("Process id, on Tilt's machine"),
  startTime: z.string().nullable(),
  verdict: z
    .enum(['PENDING', 'PASSED', 'FAILED', 'UNKNOWN'])
    .describe('UNKNOWN: the connection to Tilt was lost before the verdict'),
  final: z.boolean().describe('Whether the verdict is final: tilt ci is done'),
  reason: z.string().nullable(),
  connection: z
    .enum(['LIVE', 'STALE', 'GONE'])
    .describe(
      'Connection to Tilt. STALE: connection lost, this is the last known state. GONE: Tilt has exited',
    ),
  connectionError: z.string().nullable(),
  targets: z.record(z.string(), z.number()).describe('Number of targets per phase'),
});

/** Schema of a target summary. */
export const targetFacts = z.object({
  name: z.string(),
  type: z.string(),
  resources: z.array(z.string()),
  phase: z.string(),
  summary: z.string().describe('Current activity in one line, or the error of a failed target'),
  durationSeconds: z.number().nullable(),
});

/** Schema of a target with its full error, up to a limit. */
export const targetDetails = targetFacts.extend({
  error: z.string().nullable().describe('Error of a failed target. A long error is shortened in the middle'),
});

/** Schema of a target that blocks the verdict. */
export const blockerFacts = targetFacts.extend({ since: z.string() });

/** Schema of a run of Tilt. */
export const runFacts = z.object({
  session: z.string(),
  tiltfile: z.string(),
  pid: z.number().nullable(),
  startTime: z.string().nullable(),
});

/** Schema of a state change of a target. */
export const transitionFacts = z.object({ time: z.string(), phase: z.string(), summary: z.string() });

/** Summarises a Session. */
export function toSessionFacts(session: SessionFields): z.infer<typeof sessionFacts> {
  const { id, isDemo, spec, status, verdict, connection, counts } = session;
  const phases = Object.entries(counts).filter(([phase, count]) => phase !== 'total' && count > 0);
  return {
    id: truncate(id, MAX_NAME),
    isDemo,
    tiltfile: truncate(spec.tiltfilePath, MAX_NAME),
    kind: KINDS[spec.exitCondition],
    pid: status.pid,
    startTime: status.startTime,
    verdict: verdict.state,
    final: verdict.final,
    reason: toLine(verdict.reason),
    connection: connection.state,
    connectionError: toLine(connection.error),
    targets: Object.fromEntries(phases),
  };
}

const KINDS = { MANUAL: 'tilt up', CI: 'tilt ci', UNKNOWN: 'unknown' } as const;

/** Summarises a target. */
export function toTargetFacts(target: TargetFields): z.infer<typeof targetFacts> {
  const { name, type, resources, phase, state, durationSeconds } = target;
  return {
    name: truncate(name, MAX_NAME),
    type,
    resources: resources.slice(0, MAX_RESOURCES).map((resource) => truncate(resource, MAX_NAME)),
    phase,
    summary: toSummary(state, phase),
    durationSeconds: durationSeconds ?? null,
  };
}

/** Maximum number of resources per target. Tilt's targets have one. */
const MAX_RESOURCES = 4;

/** Summarises a target with its error. */
export function toTargetDetails(target: TargetFields): z.infer<typeof targetDetails> {
  const { state } = target;
  const error = state?.__typename === 'TargetStateTerminated' ? state.error : null;
  return { ...toTargetFacts(target), error: error === null ? null : truncate(error, MAX_ERROR) };
}

/** Summarises a target that blocks the verdict. */
export function toBlockerFacts({ target, since }: Blocker): z.infer<typeof blockerFacts> {
  return { ...toTargetFacts(target), since };
}

/** Summarises a run. */
export function toRunFacts({ session, tiltfilePath, pid, startTime }: Run): z.infer<typeof runFacts> {
  return {
    session: truncate(session, MAX_NAME),
    tiltfile: truncate(tiltfilePath, MAX_NAME),
    pid,
    startTime,
  };
}

/** Summarises a state change of a target. */
export function toTransitionFacts({
  time,
  phase,
  state,
}: TargetFields['history'][number]): z.infer<typeof transitionFacts> {
  return { time, phase, summary: toSummary(state, phase) };
}

function toSummary(state: TargetFields['state'], phase: string): string {
  return truncate(state?.summary ?? phase.toLowerCase(), MAX_LINE);
}

function toLine(text: string | null): string | null {
  return text === null ? null : truncate(text, MAX_LINE);
}
