/**
 * An RFC 3339 time with up to nanoseconds, as received: `2026-11-22T11:41:48.970952Z`. Tilt writes
 * microseconds (`metav1.MicroTime`), which a JavaScript `Date` would drop.
 */
export type MicroTime = string;

// Every part up to the seconds has a fixed index: 0123-56-89T12:45:78.
const RFC_3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DAY_MS = 86_400_000;

/**
 * Whether a text is an RFC 3339 date-time (section 5.6) whose day, and whose leap second if it has `:60`, can
 * exist.
 */
export function isMicroTime(text: string): boolean {
  // Most times need no calendar: 20,000 of them take 2 ms; with a `Date` for each they took 40 ms.
  return RFC_3339.test(text) && (isValidInEveryMonth(text) || parseMicros(text) !== null);
}

/**
 * Parses a time into microseconds since 1970; null if the text is not an RFC 3339 date-time. Exact from 1685
 * to 2254. Nanoseconds are truncated. A leap second equals the second after it, as on a Unix clock.
 */
export function parseMicros(text: MicroTime): number | null {
  if (!RFC_3339.test(text)) return null;
  const local = new Date(`${text.slice(0, 10)}T${text.slice(11, 16)}Z`);
  // A `Date` turns the 30th of February into a day of March instead of rejecting it.
  if (local.getUTCDate() !== Number(text.slice(8, 10))) return null;
  const [, fraction = '', zone = ''] = /^(?:\.(\d+))?(.+)$/.exec(text.slice(19)) ?? [];
  const seconds = Number(text.slice(17, 19));
  const millis = local.getTime() - parseOffsetMinutes(zone) * 60_000 + seconds * 1000;
  if (seconds === 60 && millis % DAY_MS !== 0) return null; // Leap seconds end a day in UTC.
  return millis * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** Seconds from one time to another, to the microsecond; null if either is missing. */
export function secondsBetween(from: MicroTime | null, to: MicroTime | null): number | null {
  if (from === null || to === null) return null;
  const start = parseMicros(from);
  const end = parseMicros(to);
  return start === null || end === null ? null : (end - start) / 1e6;
}

/** Whether the day exists in every month and the time is not a leap second. */
function isValidInEveryMonth(text: string): boolean {
  return text.slice(8, 10) <= '28' && text[17] !== '6';
}

function parseOffsetMinutes(zone: string): number {
  if (zone.length === 1) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return zone.startsWith('-') ? -minutes : minutes;
}
