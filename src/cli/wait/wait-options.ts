import { type Command, Option } from 'commander';
import type { Condition } from '../../client/client.js';
import {
  addClientOptions,
  addSessionOption,
  type ClientFlags,
  type SessionFlags,
} from '../client-options.js';
import { durationMs, pid, time } from '../option-values.js';
import { condition } from './condition.js';

/** Options of `wait`. */
export interface WaitFlags extends ClientFlags, SessionFlags {
  readonly for: Condition;
  readonly pid?: number;
  readonly tiltfile?: string;
  readonly startedAfter?: Date;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly junit?: string;
  readonly verbose: boolean;
}

/** Adds the options of `wait`. */
export function addWaitOptions(command: Command): Command {
  return addSessionOption(addClientOptions(command))
    .addOption(
      new Option('-f, --for <condition>', 'what to wait for: ready, done, or target:NAME=PHASE')
        .default('ready')
        .argParser(condition),
    )
    .addOption(
      new Option(
        '--pid <pid>',
        'only the run of the tilt process with this id, also when it has ended',
      ).argParser(pid),
    )
    .addOption(new Option('--tiltfile <path>', 'only a run of this Tiltfile'))
    .addOption(
      new Option(
        '--started-after <time>',
        'only a run that started at this time or later (RFC 3339), also when it has ended',
      ).argParser(time),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long to wait at most, such as 90s, 10m or 1h')
        .default(600_000, '10m')
        .env('TILT_GRAPHQL_TIMEOUT')
        .argParser(durationMs),
    )
    .addOption(
      new Option(
        '--max-age <duration>',
        'how old news may be that counts, and how long before the wait a run may have ended',
      )
        .default(10_000, '10s')
        .env('TILT_GRAPHQL_MAX_AGE')
        .argParser(durationMs),
    )
    .addOption(new Option('--junit <file>', 'write a JUnit report with a test case for each target'))
    .addOption(
      new Option(
        '-v, --verbose',
        'report every change on standard error, and errors with all their lines',
      ).default(false),
    );
}
