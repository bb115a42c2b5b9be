import type { LogLine } from '../../model/log.js';
import { UNREACHABLE } from './api-objects.js';
import { OUTPUTS, type Output, type Text, TILT_STARTS } from './output.js';
import { between, pick, type Random } from './random.js';
import type { Frame } from './script.js';
import { SHOP, type ShopTarget, TILTFILE } from './shop.js';

/** A moment of a run: lines of its log, and then a frame or nothing. */
export interface Beat {
  /** Delay after the previous beat, in milliseconds. */
  readonly afterMs: number;
  /** Microseconds below the clock's millisecond, 0 to 999. Those of the frame, if there is one. */
  readonly micros: number;
  readonly lines: readonly UntimedLine[];
  readonly frame: Frame | null;
}

/** A line, whose time is that of its beat. */
type UntimedLine = Omit<LogLine, 'time'>;

/** A frame or a line, in milliseconds after the end of the previous run. */
interface Timed<T> {
  readonly ms: number;
  readonly value: T;
}

/** Between frames, lines are written in batches: at most four a second. */
const BATCH_MS = 250;

/** Pause between two lines of a server. */
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 3_500;

/**
 * Adds the log to the frames of a run, whose times stay as they are. The output of a target is spread over
 * the time in which it runs. Its last lines come with the frame that has its result.
 */
export function writeTimeline(frames: readonly Frame[], random: Random): Beat[] {
  const timed = addTimes(frames);
  const beats = new Map<number, { readonly lines: UntimedLine[]; readonly frame: Frame | null }>();
  for (const { ms, value } of timed) beats.set(ms, { lines: [], frame: value });
  for (const { ms, value } of writeLines(timed, random)) {
    const nextFrame = timed.find((frame) => frame.ms >= ms)?.ms ?? ms;
    const at = Math.min(Math.ceil(ms / BATCH_MS) * BATCH_MS, nextFrame);
    const beat = beats.get(at) ?? { lines: [], frame: null };
    beat.lines.push(value);
    beats.set(at, beat);
  }
  let last = 0;
  return [...beats]
    .toSorted(([a], [b]) => a - b)
    .map(([ms, beat]) => {
      const afterMs = ms - last;
      last = ms;
      return { ...beat, afterMs, micros: beat.frame?.micros ?? between(random, 0, 999) };
    });
}

function addTimes(frames: readonly Frame[]): Timed<Frame>[] {
  let ms = 0;
  return frames.map((value) => {
    ms += value.afterMs;
    return { ms, value };
  });
}

/** Writes all lines of a run, in order. */
function writeLines(frames: readonly Timed<Frame>[], random: Random): Timed<UntimedLine>[] {
  const lines = SHOP.flatMap(({ targets }) => targets).flatMap((target) => {
    const output = OUTPUTS[target.name];
    return output ? writeOutput(target, output, frames, random) : [];
  });
  const ofTilt = frames.flatMap(({ ms, value }, index) =>
    [...(index === 0 ? TILT_STARTS : []), ...(value.cluster === 'lost' ? [CLUSTER_LOST] : [])].map((text) =>
      toLine(ms, TILTFILE.name, null, text, random),
    ),
  );
  return [...ofTilt, ...lines].toSorted((a, b) => a.ms - b.ms);
}

const CLUSTER_LOST: Text = { level: 'error', text: `Cluster status error: ${UNREACHABLE}` };

/** Writes the lines of one target in a run. */
function writeOutput(
  { name, resource }: ShopTarget,
  output: Output,
  frames: readonly Timed<Frame>[],
  random: Random,
): Timed<UntimedLine>[] {
  const moves = frames.flatMap(({ ms, value }) => {
    const move = value.moves[name];
    return move ? [{ ms, to: move.to }] : [];
  });
  const endMs = frames.at(-1)?.ms ?? 0;
  const firstStart = moves.findIndex(({ to }) => to === 'running');
  const line = (ms: number, text: Text) => toLine(ms, resource.name, name, text, random);

  return moves.flatMap(({ ms, to }, index) => {
    const at = (texts: readonly Text[] = []) => texts.map((text) => line(ms, text));
    const nextMs = moves[index + 1]?.ms ?? endMs;
    switch (to) {
      case 'running': {
        const starts = index === firstStart ? output.starts : (output.restarts ?? output.starts);
        return [...at(starts), ...spread(output.works, ms, nextMs).map(([time, text]) => line(time, text))];
      }
      case 'succeeded':
        return at(output.ends);
      case 'failed':
        // A target that is still failing does not fail again: its grace period is over.
        return moves[index - 1]?.to === 'failed' ? [] : at(output.fails);
      case 'ready':
        return [...at(output.ends), ...serve(output, ms, nextMs)];
      default:
        return [];
    }
  });

  function serve({ serves }: Output, fromMs: number, untilMs: number): Timed<UntimedLine>[] {
    const lines: Timed<UntimedLine>[] = [];
    if (serves === undefined) return lines;
    const pause = () => between(random, MIN_PAUSE_MS, MAX_PAUSE_MS);
    for (let ms = fromMs + pause(); ms < untilMs; ms += pause()) lines.push(line(ms, pick(random, serves)));
    return lines;
  }
}

/** Distributes texts evenly between two moments, without these. */
function spread(texts: readonly Text[], fromMs: number, untilMs: number): [number, Text][] {
  const stepMs = (untilMs - fromMs) / (texts.length + 1);
  return texts.map((text, index) => [fromMs + stepMs * (index + 1), text]);
}

function toLine(
  ms: number,
  resource: string,
  target: string | null,
  text: Text,
  random: Random,
): Timed<UntimedLine> {
  const { level, text: template } = typeof text === 'string' ? { level: 'info' as const, text } : text;
  const styledText = template
    .replaceAll('{ms}', () => String(between(random, 2, 480)))
    .replaceAll('{id}', () => String(between(random, 100, 999)));
  return { ms, value: { resource, target, level, styledText } };
}
