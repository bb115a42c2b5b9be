import { z } from 'zod';
import type { Blocker, Run, SessionFields, TargetFields } from '../client/client.js';
import { bounded, MAX_ERROR, MAX_LINE, MAX_NAME } from './bounds.js';

// What an agent is told, and the schemas that it is told about that: flat, with words rather than codes.

/** A Session in short. */
export const sessionFacts = z.object({
  id: z.string().describe('<instance>/<name>'),
  isDemo: z.boolean().describe('Whether it is the built-in demonstration, which is no Tilt'),
  tiltfile: z.string().describe("Path of the Tiltfile, on Tilt's machine"),
  kind: z.enum(['tilt up', 'tilt ci', 'unknown']),
  pid: z.number().nullable().describe("Process id, on Tilt's machine"),
  startTime: z.string().nullable(),
  verdict: z
    .enum(['PENDING', 'PASSED', 'FAILED', 'UNKNOWN'])
    .describe('UNKNOWN: the link broke before it was decided'),
  final: z.boolean().describe('Whether the verdict stays: tilt ci is done'),
  reason: z.string().nullable(),
  link: z
    .enum(['LIVE', 'STALE', 'GONE'])
    .describe('STALE: this is the last known state. GONE: its Tilt has left'),
  linkError: z.string().nullable(),
  targets: z.record(z.string(), z.number()).describe('How many targets are in each phase'),
});

/** A target in short. */
export const targetFacts = z.object({
  name: z.string(),
  type: z.string(),
  resources: z.array(z.string()),
  phase: z.string(),
  summary: z.string().describe('What it is doing, in one line; of a failed one its error'),
  durationSeconds: z.number().nullable(),
});

/** A target with its whole error, as far as that is reasonable. */
export const targetDetails = targetFacts.extend({
  error: z.string().nullable().describe('The error of a failed one. Of a long one the beginning and the end'),
});

/** A target that stands in the way. */
export const blockerFacts = targetFacts.extend({ since: z.string() });

/** A run of Tilt: what a wait is about. */
export const runFacts = z.object({
  session: z.string(),
  tiltfile: z.string(),
  pid: z.number().nullable(),
  startTime: z.string().nullable(),
});

/** A change of a target's state that the gateway saw. */
export const transitionFacts = z.object({ time: z.string(), phase: z.string(), summary: z.string() });

/** The facts of a Session. */
export function factsOf(session: SessionFields): z.infer<typeof sessionFacts> {
  const { id, isDemo, spec, status, verdict, connection, counts } = session;
  const phases = Object.entries(counts).filter(([phase, count]) => phase !== 'total' && count > 0);
  return {
    id: bounded(id, MAX_NAME),
    isDemo,
    tiltfile: bounded(spec.tiltfilePath, MAX_NAME),
    kind: KINDS[spec.exitCondition],
    pid: status.pid,
    startTime: status.startTime,
    verdict: verdict.state,
    final: verdict.final,
    reason: lineOrNull(verdict.reason),
    link: connection.state,
    linkError: lineOrNull(connection.error),
    targets: Object.fromEntries(phases),
  };
}

const KINDS = { MANUAL: 'tilt up', CI: 'tilt ci', UNKNOWN: 'unknown' } as const;

/** The facts of a target. */
export function targetFactsOf(target: TargetFields): z.infer<typeof targetFacts> {
  const { name, type, resources, phase, state, durationSeconds } = target;
  return {
    name: bounded(name, MAX_NAME),
    type,
    resources: resources.slice(0, MAX_RESOURCES).map((resource) => bounded(resource, MAX_NAME)),
    phase,
    summary: summaryOf(state, phase),
    durationSeconds: durationSeconds ?? null,
  };
}

/** Resources of a target that are listed. Tilt's targets have one. */
const MAX_RESOURCES = 4;

/** The facts of a target, and its error. */
export function targetDetailsOf(target: TargetFields): z.infer<typeof targetDetails> {
  const { state } = target;
  const error = state?.__typename === 'TargetStateTerminated' ? state.error : null;
  return { ...targetFactsOf(target), error: error === null ? null : bounded(error, MAX_ERROR) };
}

/** The facts of a target that stands in the way. */
export function blockerFactsOf({ target, since }: Blocker): z.infer<typeof blockerFacts> {
  return { ...targetFactsOf(target), since };
}

/** The facts of a run. */
export function runFactsOf({ session, tiltfilePath, pid, startTime }: Run): z.infer<typeof runFacts> {
  return {
    session: bounded(session, MAX_NAME),
    tiltfile: bounded(tiltfilePath, MAX_NAME),
    pid,
    startTime,
  };
}

/** The facts of a change of a target's state. */
export function transitionFactsOf({
  time,
  phase,
  state,
}: TargetFields['history'][number]): z.infer<typeof transitionFacts> {
  return { time, phase, summary: summaryOf(state, phase) };
}

function summaryOf(state: TargetFields['state'], phase: string): string {
  return bounded(state?.summary ?? phase.toLowerCase(), MAX_LINE);
}

function lineOrNull(text: string | null): string | null {
  return text === null ? null : bounded(text, MAX_LINE);
}
