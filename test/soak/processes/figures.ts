import { readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import type { Figures, Glance, Inside } from './api.js';

/** How often it is looked: what is only there for a moment (a poll of a file, a late collection) is then not counted. */
const LOOKS = 9;

/** How often objects are searched for: each search goes through the heap for a second. */
const SEARCHES = 3;

/** How long between two looks, in milliseconds: not in step with any timer of the gateway. */
const LOOK_EVERY_MS = 137;

/** Timers whether they keep the process alive or not, connections, what listens, and what waits: a listener is a function. */
const CLASSES = {
  Timeout: classOfTimers(),
  Socket,
  AbortSignal,
  Promise,
  Function,
} as const;

/** What the process holds, by several looks. */
export async function readFigures(inside: () => Inside): Promise<Figures> {
  const looks = await severalTimes(LOOKS, () => look(inside()));
  const objects = await severalTimes(SEARCHES, searchObjects);
  return { ...summaryOf(looks), objects: middleOfEach(objects) };
}

async function severalTimes<T>(times: number, task: () => T): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) {
    await delay(LOOK_EVERY_MS);
    results.push(task());
  }
  return results;
}

/** What is seen in passing. */
export function readGlance({ readers }: Inside): Glance {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, rssBytes: rss, readers, files: openFiles() };
}

type Look = Omit<Figures, 'objects'>;

function look(inside: Inside): Look {
  return {
    ...readGlance(inside),
    timers: inside.timers,
    handles: countByKind(process.getActiveResourcesInfo()),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

function searchObjects(): Figures['objects'] {
  return Object.fromEntries(
    Object.entries(CLASSES).map(([name, type]) => [name, queryObjects(type, { format: 'count' })]),
  );
}

/** Of memory the least: what is more is yet to be collected. Of all else the middle: a poll of a file takes a moment. */
function summaryOf(looks: readonly Look[]): Look {
  const files = looks.map((each) => each.files).filter((each) => each !== null);
  return {
    heapBytes: Math.min(...looks.map(({ heapBytes }) => heapBytes)),
    rssBytes: Math.min(...looks.map(({ rssBytes }) => rssBytes)),
    readers: middle(looks.map(({ readers }) => readers)),
    timers: middle(looks.map(({ timers }) => timers)),
    files: files.length === 0 ? null : middle(files),
    handles: middleOfEach(looks.map(({ handles }) => handles)),
    listeners: middle(looks.map(({ listeners }) => listeners)),
  };
}

function middleOfEach(all: readonly Figures['handles'][]): Figures['handles'] {
  const kinds = [...new Set(all.flatMap((each) => Object.keys(each)))];
  return Object.fromEntries(kinds.map((kind) => [kind, middle(all.map((each) => each[kind] ?? 0))]));
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function countByKind(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Linux tells it; the folder itself is open while it is read. */
function openFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}

/** Node.js does not name it. */
function classOfTimers(): new () => unknown {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  return Object.getPrototypeOf(timer).constructor;
}
