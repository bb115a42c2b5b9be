import { z } from 'zod';
import {
  type Blocker,
  blockersOf,
  type SessionFields,
  type TargetFields,
  type TargetsView,
} from '../client/client.js';

// What an agent is told, and the schemas that it is told about that: flat, with words rather than codes.

/** A Session in short. */
export const sessionFacts = z.object({
  id: z.string().describe('<instance>/<name>'),
  tiltfile: z.string().describe("Path of the Tiltfile, on Tilt's machine"),
  kind: z.enum(['tilt up', 'tilt ci', 'unknown']),
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

/** A target that stands in the way. */
export const blockerFacts = targetFacts.extend({ since: z.string().nullable() });

/** A change of a target's state that the gateway saw. */
export const transitionFacts = z.object({ time: z.string(), phase: z.string(), summary: z.string() });

/** The facts of a Session. */
export function factsOf({
  id,
  spec,
  verdict,
  connection,
  counts,
}: SessionFields): z.infer<typeof sessionFacts> {
  const phases = Object.entries(counts).filter(([phase, count]) => phase !== 'total' && count > 0);
  return {
    id,
    tiltfile: spec.tiltfilePath,
    kind: KINDS[spec.exitCondition],
    verdict: verdict.state,
    final: verdict.final,
    reason: verdict.reason ?? null,
    link: connection.state,
    linkError: connection.error ?? null,
    targets: Object.fromEntries(phases),
  };
}

const KINDS = { MANUAL: 'tilt up', CI: 'tilt ci', UNKNOWN: 'unknown' } as const;

/** The facts of a target. */
export function targetFactsOf(target: TargetFields): z.infer<typeof targetFacts> {
  const { name, type, resources, phase, state, durationSeconds } = target;
  return {
    name,
    type,
    resources: [...resources],
    phase,
    summary: summaryOf(state, phase),
    durationSeconds: durationSeconds ?? null,
  };
}

/** What stands in the way of a Session's being good. */
export function blockerFactsOf(view: Pick<TargetsView, 'targets'>): z.infer<typeof blockerFacts>[] {
  return blockersOf(view).map(({ target, since }: Blocker) => ({ ...targetFactsOf(target), since }));
}

/** What a target went through, oldest first. */
export function historyOf({ history }: TargetFields): z.infer<typeof transitionFacts>[] {
  return history.map(({ time, phase, state }) => ({ time, phase, summary: summaryOf(state, phase) }));
}

function summaryOf(state: TargetFields['state'], phase: string): string {
  return state?.summary ?? phase.toLowerCase();
}
