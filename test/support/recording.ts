import { readFileSync } from 'node:fs';

/** One line of a recorded watch. */
export interface RecordedLine {
  /** Milliseconds since the watch was opened. */
  readonly ms: number;
  /** The line as Tilt sent it. */
  readonly line: string;
}

/** The recorded watches of a real Tilt; `test/fixtures/recordings/README.md` tells what happens in each. */
export const WATCH_RECORDINGS = ['up', 'edit', 'ci-ok', 'ci-bad'] as const;

/** Reads a recorded watch. */
export function readWatchRecording(name: (typeof WATCH_RECORDINGS)[number]): RecordedLine[] {
  return readFixture(`${name}-watch.ndjson`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line): RecordedLine => JSON.parse(line));
}

/** Reads a recorded answer, such as `list-403-wrong-token`. */
export function readHttpRecording(name: string): { readonly status: number; readonly body: string } {
  const text = readFixture(`${name}.http`);
  const end = text.search(/\r?\n\r?\n/);
  return { status: Number(text.split(' ')[1]), body: text.slice(end).trimStart() };
}

/** Reads a file of `test/fixtures/recordings`. */
export function readFixture(file: string): string {
  return readFileSync(new URL(`../fixtures/recordings/${file}`, import.meta.url), 'utf8');
}
