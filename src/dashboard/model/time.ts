/** Parses an RFC 3339 time to milliseconds since 1970, with microseconds as a fraction. Null when invalid. */
export function parseTime(text: string | null): number | null {
  const [, day, fraction = '', zone] = text?.match(/^(.+?)(\.\d+)?(Z|[+-]\d\d:\d\d)$/) ?? [];
  const whole = Date.parse(`${day}${zone}`);
  return Number.isNaN(whole) ? null : whole + Number(`0${fraction}`) * 1_000;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Units and their names, the largest first. */
const UNITS = [
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'm'],
  [SECOND, 's'],
] as const;

/** Formats a duration: `49 ms`, `1.26 s`, `12.3 s`, `2 m 5 s`, `1 h 3 m`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  const length = Math.max(0, ms);
  if (Math.round(length) < SECOND) return `${Math.round(length)} ms`;
  if (length < 9_995) return `${(length / SECOND).toFixed(2)} s`;
  if (length < 59_950) return `${(length / SECOND).toFixed(1)} s`;
  return formatLong(Math.round(length / SECOND) * SECOND);
}

/** Formats a running duration in whole seconds: `0 s`, `12 s`, `2 m 5 s`. */
export function formatElapsed(ms: number): string {
  const length = Math.floor(Math.max(0, ms) / SECOND) * SECOND;
  return length < MINUTE ? `${length / SECOND} s` : formatLong(length);
}

/**
 * Formats a duration with all units down to that of a step, so that successive steps differ: `3 h 11 m 40 s`
 * in steps of 10 s.
 */
export function formatSteps(ms: number, step: number): string {
  const smallest = UNITS.find(([length]) => length <= step)?.[0] ?? SECOND;
  let rest = ms;
  const parts = UNITS.filter(([length]) => length >= smallest).flatMap(([length, name]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count > 0 ? [`${count} ${name}`] : [];
  });
  return parts.join(' ') || '0 s';
}

function formatLong(ms: number): string {
  if (ms < HOUR) return formatTwoUnits(ms, MINUTE, 'm', SECOND, 's');
  if (ms < DAY) return formatTwoUnits(ms, HOUR, 'h', MINUTE, 'm');
  return formatTwoUnits(ms, DAY, 'd', HOUR, 'h');
}

function formatTwoUnits(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const remainder = Math.floor((ms % big) / small);
  return `${Math.floor(ms / big)} ${bigName}${remainder > 0 ? ` ${remainder} ${smallName}` : ''}`;
}

/** Formats the local time of day: `14:03:09`. */
export function formatClock(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(padTwo).join(':');
}

/** Formats the local time of day with milliseconds: `14:03:09.021`. */
export function formatExactClock(ms: number): string {
  const whole = Math.floor(ms);
  return `${formatClock(whole)}.${String(whole % SECOND).padStart(3, '0')}`;
}

function padTwo(value: number): string {
  return String(value).padStart(2, '0');
}
