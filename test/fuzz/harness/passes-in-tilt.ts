/**
 * Whether Tilt itself would report a raw session as passed. This is a second implementation that reads only
 * the JSON, to find mistakes in the gateway's own.
 */
export function passesInTilt(session: unknown): boolean {
  const { spec, status } = fields(session);
  const { done, error, targets } = fields(status);
  if (!isNothing(error)) return false;
  if (done === true) return true;
  if (!['ci', 'manual'].includes(String(fields(spec).exitCondition))) return false;
  return Array.isArray(targets) && targets.length > 1 && targets.every(isPassing);
}

function isPassing(target: unknown): boolean {
  const state = fields(fields(target).state);
  const populated = Object.keys(state).filter((key) => state[key] !== null);
  const [key] = populated;
  if (key === undefined) return true;
  if (populated.length > 1) return false;
  if (key === 'disabled') return true;
  if (key === 'active') return fields(state.active).ready === true;
  return key === 'terminated' && isNothing(fields(state.terminated).error);
}

function isNothing(text: unknown): boolean {
  return text === undefined || text === null || text === '';
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
