import { InvalidArgumentError } from 'commander';
import type { Condition } from '../../client/client.js';
import { PHASES } from '../phases.js';

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
