import { readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import type { Figures, Internals, QuickFigures } from './api.js';

/** Number of samples. A short-lived resource, such as a file being polled, does not count. */
const SAMPLES = 9;

/** Interval between two samples, in milliseconds. It coincides with no timer of the gateway. */
const INTERVAL_MS = 137;

/**
 * Classes whose live objects are counted: timers (also unreferenced ones), connections, signals, pending
 * work, and listeners as functions.
 */
const CLASSES = {
  Timeout: classOfTimers(),
  Socket,
  AbortSignal,
  Promise,
  Function,
} as const;

/** Reads the figures of this process from several samples. */
export async function readFigures(inside: () => Internals): Promise<Figures> {
  return { ...(await readFiguresWithoutObjects(inside)), objects: searchObjects() };
}

/** The same without a search of the heap. */
export async function readFiguresWithoutObjects(inside: () => Internals): Promise<Figures> {
  return { ...summarize(await repeat(SAMPLES, () => sample(inside()))), objects: {} };
}

async function repeat<T>(times: number, task: () => T): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) {
    await delay(INTERVAL_MS);
    results.push(task());
  }
  return results;
}

/** Reads the quick figures. */
export function readQuickFigures({ readers }: Internals): QuickFigures {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, rssBytes: rss, readers, files: openFiles() };
}

type Sample = Omit<Figures, 'objects'>;

function sample(inside: Internals): Sample {
  return {
    ...readQuickFigures(inside),
    timers: inside.timers,
    handles: countByKind(process.getActiveResourcesInfo()),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

/**
 * Counts the objects of each class once: a search of the heap takes 0.6 s of CPU time. Objects that live for
 * a short time only make a difference until figures are read again.
 */
function searchObjects(): Figures['objects'] {
  return Object.fromEntries(
    Object.entries(CLASSES).map(([name, type]) => [name, queryObjects(type, { format: 'count' })]),
  );
}

/**
 * Summarizes samples: the minimum of memory, because the rest is garbage, and the median of everything else.
 */
function summarize(samples: readonly Sample[]): Sample {
  const files = samples.map((each) => each.files).filter((each) => each !== null);
  return {
    heapBytes: Math.min(...samples.map(({ heapBytes }) => heapBytes)),
    rssBytes: Math.min(...samples.map(({ rssBytes }) => rssBytes)),
    readers: median(samples.map(({ readers }) => readers)),
    timers: median(samples.map(({ timers }) => timers)),
    files: files.length === 0 ? null : median(files),
    handles: medianOfEach(samples.map(({ handles }) => handles)),
    listeners: median(samples.map(({ listeners }) => listeners)),
  };
}

function medianOfEach(all: readonly Figures['handles'][]): Figures['handles'] {
  const kinds = [...new Set(all.flatMap((each) => Object.keys(each)))];
  return Object.fromEntries(kinds.map((kind) => [kind, median(all.map((each) => each[kind] ?? 0))]));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function countByKind(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Open files as Linux reports them, without the folder that is open during the read. */
function openFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}

/** Class of Node's timers, which Node does not export. */
function classOfTimers(): new () => unknown {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  return Object.getPrototypeOf(timer).constructor;
}
