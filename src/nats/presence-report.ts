import { isRecord } from '../lib/is-record.js';
import { formatKey, parseKey } from './message-format.js';

/** Sessions whose newest states a publisher has written, in one message of the presence bucket. */
export interface PresenceReport {
  /** Name of the publisher's run. */
  readonly publisher: string;
  /** Keys of the Sessions, in a constant order. */
  readonly keys: readonly string[];
}

/**
 * Maximum number of keys of a report. One of long keys has about 100 kB then, below every `max_payload`. A
 * publisher of more Sessions writes several reports.
 */
export const MAX_REPORTED_KEYS = 1_000;

/**
 * Encodes a report as JSON: `{"version":1,"publisher","sessions":{"<key>":"live"…}}`. A Session that is not
 * listed has no heartbeat.
 */
export function encodeReport({ publisher, keys }: PresenceReport): string {
  return JSON.stringify({
    version: VERSION,
    publisher,
    sessions: Object.fromEntries(keys.map((key) => [key, ALIVE])),
  });
}

/** Decodes a report. Null for other messages, such as the heartbeat of one Session: the name of a run. */
export function decodeReport(text: string): PresenceReport | null {
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || value.version !== VERSION || !isRecord(value.sessions)) return null;
    const { publisher, sessions } = value;
    if (typeof publisher !== 'string') return null;
    return { publisher, keys: Object.keys(sessions).filter((key) => sessions[key] === ALIVE) };
  } catch {
    return null;
  }
}

const VERSION = 1;
const ALIVE = 'live';

/**
 * Formats the key of a publisher's report: a sibling of one of its Sessions, so that the permission to write
 * `team-a.ada.>` covers it. Only this run uses it, and no Session has its name.
 *
 * @param number counts the reports of the publisher
 */
export function formatReportKey(sessionKey: string, publisher: string, number: number): string {
  return formatKey(parseKey(sessionKey)?.instance ?? sessionKey, `${publisher}#${number}`);
}

/**
 * First token of a key. A report lists only Sessions that have the first token of its own key, so that
 * gateways find it with {@link toPresenceSubject}.
 */
export function firstToken(key: string): string {
  return key.split('.', 1)[0] ?? key;
}

/**
 * Whether a report may list the key of a Session. A publisher with permission to write the keys of its own
 * team could otherwise report the Sessions of another one as alive.
 */
export function mayList(reportKey: string, key: string): boolean {
  return firstToken(reportKey) === firstToken(key);
}

/** Widens the subject of a gateway's Sessions to that of all reports that may list one of them. */
export function toPresenceSubject(subject: string): string {
  const first = firstToken(subject);
  return first === '*' || first === '>' ? '>' : `${first}.>`;
}
