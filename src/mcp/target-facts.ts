import { z } from 'zod';
import type { Blocker, ResourceFields, TargetFields } from '../client/client.js';
import { describeBlockers, findChain, type KnownTargets } from '../client/waits.js';
import { MAX_ERROR, MAX_LINE, MAX_NAME, truncate } from './bounds.js';
import { toSummary } from './facts.js';

/** Schema of a target summary. */
export const targetFacts = z.object({
  name: z.string(),
  type: z.string(),
  resources: z.array(z.string()),
  phase: z.string(),
  summary: z.string().describe('Current activity in one line, or the error of a failed target'),
  durationSeconds: z.number().nullable(),
  labels: z
    .array(z.string())
    .optional()
    .describe('Labels of its resources. Absent if it has none or they are not known'),
  blockedBy: z
    .array(z.string())
    .optional()
    .describe('Targets that it waits for. Absent if it does not wait or they are not known'),
  rootCause: z
    .string()
    .optional()
    .describe('Target at the end of the chain of blockers: it failed, runs, or waits for a person'),
});

/** Schema of a target with its full error, up to a limit. */
export const targetDetails = targetFacts.extend({
  error: z.string().nullable().describe('Error of a failed target. A long error is shortened in the middle'),
});

/** Schema of a target that blocks the verdict. */
export const blockerFacts = targetFacts.extend({
  since: z.string(),
  chain: z
    .array(z.string())
    .optional()
    .describe('Targets from this one to its root cause, if others are in between'),
});

/** Summarises a target. */
export function toTargetFacts(
  target: TargetFields,
  labels: readonly string[] = [],
): z.infer<typeof targetFacts> {
  const { name, type, resources, phase, state, durationSeconds, blockedBy, rootCause } = target;
  return {
    name: truncate(name, MAX_NAME),
    type,
    resources: resources.slice(0, MAX_RESOURCES).map((resource) => truncate(resource, MAX_NAME)),
    phase,
    summary: toSummary(state, phase),
    durationSeconds: durationSeconds ?? null,
    ...(labels.length > 0 && {
      labels: labels.slice(0, MAX_LABELS).map((label) => truncate(label, MAX_NAME)),
    }),
    ...(blockedBy.length > 0 && { blockedBy: toNames(blockedBy) }),
    ...(rootCause !== null && { rootCause: truncate(rootCause.name, MAX_NAME) }),
  };
}

/** Labels of a target's resources. Empty if they are not known. */
export function labelsOf(
  { resources: names }: TargetFields,
  resources: ReadonlyMap<string, ResourceFields>,
): string[] {
  return [...new Set(names.flatMap((name) => resources.get(name)?.labels ?? []))];
}

/** Maximum number of names in a list. The last one of a longer list is `… and 7 more`. */
const MAX_NAMES = 8;

function toNames(items: readonly { readonly name: string }[]): string[] {
  const names = items.map(({ name }) => truncate(name, MAX_NAME));
  if (names.length <= MAX_NAMES) return names;
  return [...names.slice(0, MAX_NAMES - 1), `… and ${names.length - MAX_NAMES + 1} more`];
}

/** Maximum number of labels per target. */
const MAX_LABELS = 4;

/** Maximum number of resources per target. Tilt's targets have one. */
const MAX_RESOURCES = 4;

/** Summarises a target with its error. */
export function toTargetDetails(target: TargetFields): z.infer<typeof targetDetails> {
  const { state } = target;
  const error = state?.__typename === 'TargetStateTerminated' ? state.error : null;
  return { ...toTargetFacts(target), error: error === null ? null : truncate(error, MAX_ERROR) };
}

/**
 * Summarises a target that blocks the verdict.
 *
 * @param targets all targets of its Session
 */
export function toBlockerFacts(
  { target, since }: Blocker,
  targets: KnownTargets,
): z.infer<typeof blockerFacts> {
  const facts = toTargetFacts(target);
  const chain = findChain(target, targets);
  const wait = describeBlockers(target, targets);
  return {
    ...facts,
    summary: wait === null ? facts.summary : truncate(wait, MAX_LINE),
    since,
    ...(chain.length > 2 && { chain: toChain(chain) }),
  };
}

/** Names of a chain. A long one loses its middle: its end is the root cause. */
function toChain(links: readonly { readonly name: string }[]): string[] {
  const names = links.map(({ name }) => truncate(name, MAX_NAME));
  const omitted = names.length - MAX_NAMES + 1;
  return omitted <= 1 ? names : [...names.slice(0, MAX_NAMES - 2), `… ${omitted} more`, ...names.slice(-1)];
}
