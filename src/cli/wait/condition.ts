import { InvalidArgumentError } from 'commander';
import type { Condition } from '../../client/client.js';
import { PHASES } from '../phases.js';
import { lineText } from './report-text.js';

/** Reads `--for`: `ready`, `done` or `target:NAME=PHASE`, the phase in any case. The last `=` is the one that counts. */
export function condition(text: string): Condition {
  if (text === 'ready' || text === 'done') return text;
  const [, target, word = ''] = /^target:(.+)=([^=]*)$/s.exec(text) ?? [];
  const phase = PHASES.find((candidate) => candidate === word.toUpperCase());
  if (target !== undefined && phase !== undefined) return { target, phase };
  throw new InvalidArgumentError(
    `Expected ready, done, or target:NAME=PHASE with one of ${PHASES.join(', ')}.`,
  );
}

/** A condition in words that go on from a Session's id: `to be ready`. */
export function inWords(wanted: Condition): string {
  if (wanted === 'ready') return 'to be ready';
  if (wanted === 'done') return 'to be done';
  return `for ${lineText(wanted.target)} to be ${wanted.phase}`;
}
