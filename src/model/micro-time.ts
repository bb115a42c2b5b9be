/**
 * A moment, RFC 3339 with up to nanoseconds, kept as the text that came over the wire: `2026-11-22T11:41:48.970952Z`.
 * Tilt writes microseconds (`metav1.MicroTime`), which a JavaScript `Date` would drop.
 */
export type MicroTime = string;

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** Whether the text is an RFC 3339 date-time (section 5.6) of a day that exists. */
export function isMicroTime(text: string): boolean {
  return microsOf(text) !== null;
}

/** Microseconds since 1970; null for a text that is no RFC 3339 date-time. Exact until the year 2255. */
export function microsOf(text: MicroTime): number | null {
  const match = RFC_3339.exec(text);
  if (!match) return null;
  const [, day = '', clock = '', fraction = '', zone = ''] = match;
  const millis = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  if (Number.isNaN(millis) || !dayExists(day)) return null;
  return millis * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** Seconds from one moment to another, to the microsecond; null when either is missing. */
export function secondsBetween(from: MicroTime | null, to: MicroTime | null): number | null {
  if (from === null || to === null) return null;
  const start = microsOf(from);
  const end = microsOf(to);
  return start === null || end === null ? null : (end - start) / 1e6;
}

// `Date.parse` rolls the 30th of February over to March instead of refusing it.
function dayExists(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.valueOf()) && midnight.toISOString().startsWith(day);
}
