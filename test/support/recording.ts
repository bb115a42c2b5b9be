import { readFileSync } from 'node:fs';
import type { Json } from './raw-session.js';

/** One line of a recorded watch. */
export interface RecordedLine {
  /** Milliseconds since the watch was opened. */
  readonly ms: number;
  /** The line exactly as Tilt sent it. */
  readonly line: string;
}

/** One parsed line of a recorded watch. */
export interface RecordedEvent {
  /** Milliseconds since the watch was opened. */
  readonly ms: number;
  readonly type: string;
  /** The Session as received, not decoded. */
  readonly object: Json;
}

/** The recorded watches of a real Tilt. `test/fixtures/recordings/README.md` describes each. */
export const WATCH_RECORDINGS = ['up', 'edit', 'ci-ok', 'ci-bad'] as const;

/** Name of a recorded watch. */
export type RecordingName = (typeof WATCH_RECORDINGS)[number];

/** Reads the lines of a recorded watch. */
export function readWatchRecording(name: RecordingName): RecordedLine[] {
  return readFixture(`${name}-watch.ndjson`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line): RecordedLine => JSON.parse(line));
}

/** Reads the events of a recorded watch, in order. */
export function readRecordedEvents(name: RecordingName): RecordedEvent[] {
  return readWatchRecording(name).map(({ ms, line }) => {
    const { type, object }: { type: string; object: Json } = JSON.parse(line);
    return { ms, type, object };
  });
}

/** Reads the last Session of a recorded watch, not decoded. */
export function readLastObject(name: RecordingName): Json {
  const last = readRecordedEvents(name).at(-1);
  if (!last) throw new Error(`The recording ${name} is empty.`);
  return last.object;
}

/** Reads a recorded HTTP response, such as `list-403-wrong-token`. */
export function readHttpRecording(name: string): { readonly status: number; readonly body: string } {
  const text = readFixture(`${name}.http`);
  const end = text.search(/\r?\n\r?\n/);
  return { status: Number(text.split(' ')[1]), body: text.slice(end).trimStart() };
}

/** Reads a file of `test/fixtures/recordings`. */
export function readFixture(file: string): string {
  return readFileSync(new URL(`../fixtures/recordings/${file}`, import.meta.url), 'utf8');
}
