import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Log } from '../lib/log.js';
import type { LargeClient } from './client-turns.js';
import type { Context } from './context.js';
import type { AnswerMemory } from './unsent-answers.js';

/** A result, or its JSON where that is written already. */
export interface Executed extends ExecutionResult {
  /** Returns the JSON of a short answer. Yoga calls it, too. */
  readonly stringify?: () => string;
  /** The JSON of a large answer, whose `data` is left out. */
  readonly large?: LargeAnswer;
}

/** An answer as JSON in UTF-8, in parts, so that none has to be as long as the whole. */
export interface LargeAnswer {
  readonly parts: readonly Buffer[];
  /** The length of all parts. */
  readonly bytes: number;
  /** To be retained in the same tick, and for as long as the parts are. */
  readonly memory: AnswerMemory;
}

/** An operation that may be executed. */
export interface Job {
  readonly args: ExecutionArgs;
  readonly context: Context;
  /** What it costs: see `costOf`. */
  readonly cost: number;
  /** Masks errors, and logs them. */
  readonly log: Log;
  /** Whether its client still waits. One whose client has left is not executed. */
  readonly isWanted: () => boolean;
  /** The connection, where others of its operations may run at the same time. */
  readonly client?: LargeClient;
}
