import type { Explanation } from './explanation.js';
import { computePhase } from './phase.js';
import { oneLine, plainText, shortenError } from './plain-text.js';
import type { Target } from './session.js';

/**
 * Describes on one line why a target waits: `e2e waits for api (not ready)`. Names the resources, and of
 * several causes the one that matters most. Null if it is not known.
 */
export function describeWait<T extends Target>(explanation: Explanation<T>, target: T): string | null {
  const cause = causeOfWait(explanation, target);
  return cause === null ? null : toText(target, typeof cause === 'string' ? cause : describeCause(cause));
}

/** Texts about waiting targets. */
export interface WaitDescriptions<T extends Target> {
  /** The first texts, each different. */
  readonly texts: readonly string[];
  /** Number of the others. */
  readonly more: number;
  /** Targets of which it is not known. */
  readonly unexplained: readonly T[];
}

/**
 * Describes why targets wait. Targets of one resource with one cause have one text. No more texts than asked
 * for are made, and one of each cause: reading a cause's error of 1 MB takes 10 ms.
 */
export function describeWaits<T extends Target>(
  explanation: Explanation<T>,
  targets: readonly T[],
  maxTexts: number,
): WaitDescriptions<T> {
  const unexplained: T[] = [];
  const explained: (readonly [target: T, cause: T | string])[] = [];
  const causes = new Map<T | string, Set<string>>();
  for (const target of targets) {
    const cause = causeOfWait(explanation, target);
    if (cause === null) unexplained.push(target);
    else if (isNew(cause, resourceOf(target))) explained.push([target, cause]);
  }
  const described = new Map<T, string>();
  const texts = new Set<string>();
  let count = 0;
  for (const [target, cause] of explained) {
    if (texts.size === maxTexts) break;
    count += 1;
    texts.add(toText(target, typeof cause === 'string' ? cause : describeOnce(cause)));
  }
  return { texts: [...texts], more: explained.length - count, unexplained };

  function isNew(cause: T | string, resource: string): boolean {
    const resources = causes.get(cause) ?? new Set();
    const { size } = resources;
    causes.set(cause, resources.add(resource));
    return resources.size > size;
  }

  function describeOnce(cause: T): string {
    const text = described.get(cause) ?? describeCause(cause);
    described.set(cause, text);
    return text;
  }
}

/** The target at the root of a wait, or the name of another object. */
function causeOfWait<T extends Target>(explanation: Explanation<T>, target: T): T | string | null {
  return explanation.rootCause(target) ?? explanation.otherObjects(target)[0] ?? null;
}

function toText(target: Target, cause: string): string {
  return oneLine(plainText(`${resourceOf(target)} waits for ${cause}`));
}

/** Describes a cause: `broken (failed: exit status 4)`. */
function describeCause(target: Target): string {
  return oneLine(plainText(`${resourceOf(target)} (${describeState(target)})`));
}

function resourceOf({ resources, name }: Target): string {
  return resources[0] ?? name;
}

function describeState(target: Target): string {
  const { state, type } = target;
  const phase = computePhase(target);
  switch (phase) {
    case 'failed':
    case 'retrying': {
      const error = state.is === 'terminated' ? shortenError(state.error ?? '') : '';
      return error === '' ? phase : `${phase}: ${error}`;
    }
    case 'running':
    case 'waiting':
      if (type === 'server') return 'not ready';
      return phase === 'running' ? 'running' : 'not started';
    case 'untriggered':
      return 'waits for a trigger';
    case 'inactive':
      return 'was never triggered';
    default:
      return phase;
  }
}
