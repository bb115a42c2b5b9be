import type { TargetFields, TargetPhase } from './generated.js';

/** Which target may be meant by a name that no target has: `; did you mean api:serve?`, or nothing. */
export function targetHint(
  targets: ReadonlyMap<string, TargetFields>,
  name: string,
  wanted: TargetPhase,
): string {
  const resource = resourceOf(name);
  const similar = [...targets.values()]
    .filter((target) => target.resources.includes(name) || resourceOf(target.name) === resource)
    .sort((a, b) => rank(a, wanted) - rank(b, wanted));
  const names = similar.slice(0, MAX_NAMED).map((target) => target.name);
  return names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`;
}

const MAX_NAMED = 3;

/** `api:serve` and `API` are about the resource `api`. */
function resourceOf(name: string): string {
  return name.replace(/:[^:]*$/, '').toLowerCase();
}

/** Only a server becomes READY, and only a job SUCCEEDED. */
function rank({ type }: TargetFields, wanted: TargetPhase): number {
  const fits = wanted === 'SUCCEEDED' ? type === 'JOB' : type === 'SERVER';
  return fits ? 0 : 1;
}
