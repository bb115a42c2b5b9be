import { z } from 'zod';
import type { Run, SessionFields, TargetFields } from '../client/client.js';
import { MAX_LINE, MAX_NAME, truncate } from './bounds.js';

// Inputs and outputs of the tools with their schemas: flat, with words instead of codes.

/**
 * Input: text that is not empty. Checked without the keyword `minLength`, which not all model APIs accept.
 *
 * @param expected end of the error message
 */
export function textInput(expected: string): z.ZodString {
  return z.string().refine((text) => text !== '', { error: `expected ${expected}, got an empty text` });
}

/** Input: id of a Session. */
export const sessionInput = textInput('an id such as tilt-default/Tiltfile, or no session')
  .optional()
  .describe(
    'Id of the Session, such as tilt-default/Tiltfile. May be omitted while exactly one Tilt runs. The demo must be named',
  );

/** Input: phase of a target. */
export const phaseInput = z.enum([
  'INACTIVE',
  'DISABLED',
  'WAITING',
  'UNTRIGGERED',
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
  clusterError: z
    .string()
    .nullable()
    .describe('Why Tilt cannot reach its Kubernetes cluster. Null if it can, or if it is not known'),
  targets: z.record(z.string(), z.number()).describe('Number of targets per phase'),
});

/** Output: the Session that an answer is about, and whether the answer is current. */
export const originOutput = {
  session: z.string(),
  connection: sessionFacts.shape.connection,
  note: z.string().optional().describe('Present if this may not be the current state'),
};

/** Names the Session that an answer is about, with a note if it is not current. */
export function toOrigin(session: SessionFields) {
  const note = describeOutdated(session);
  return {
    session: truncate(session.id, MAX_NAME),
    connection: session.connection.state,
    ...(note !== null && { note }),
  };
}

/** Says that a state may be an old one. Null while Tilt is connected, and after the end of a `tilt ci`. */
export function describeOutdated({ connection, verdict }: SessionFields): string | null {
  const isCurrent = connection.state === 'LIVE' || (connection.state === 'GONE' && verdict.final);
  return isCurrent ? null : `Tilt is ${connection.state}: this is its last known state`;
}

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
  const { id, isDemo, spec, status, verdict, connection, counts, cluster } = session;
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
    clusterError: toLine(cluster?.error ?? null),
    targets: Object.fromEntries(phases),
  };
}

const KINDS = { MANUAL: 'tilt up', CI: 'tilt ci', UNKNOWN: 'unknown' } as const;

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

/** Current activity in one line, or the error of a failed target. */
export function toSummary(state: TargetFields['state'], phase: string): string {
  return truncate(state?.summary ?? phase.toLowerCase(), MAX_LINE);
}

function toLine(text: string | null): string | null {
  return text === null ? null : truncate(text, MAX_LINE);
}
