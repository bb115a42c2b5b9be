import { resolve } from 'node:path';
import { askingOptions } from '../client-options.js';
import { condition, durationMs, pid, time } from '../option-values.js';
import { type FlagsOf, file, flag, option } from '../options.js';

/** Options of `wait`; those of `run` and `patience` are named as in `WaitOptions`. */
export const waitOptions = {
  client: askingOptions,
  condition: {
    for: option('-f, --for <condition>', 'what to wait for: ready, done, or target:NAME=PHASE', {
      parse: condition,
      initial: 'ready',
      completion: 'conditions',
    }),
  },
  run: {
    pid: option('--pid <pid>', 'only the run of the tilt process with this id, also when it has ended', {
      parse: pid,
    }),
    tiltfile: option('--tiltfile <path>', 'only a run of this Tiltfile', {
      parse: (path) => resolve(path),
      completion: 'files',
    }),
    startedAfter: option(
      '--started-after <time>',
      'only a run that started at this time or later (RFC 3339), also when it has ended',
      { parse: time },
    ),
  },
  patience: {
    timeoutMs: option('--timeout <duration>', 'how long to wait at most, such as 90s, 10m or 1h', {
      parse: durationMs,
      initial: 600_000,
      shown: '10m',
      env: 'TILT_GRAPHQL_TIMEOUT',
    }),
    maxAgeMs: option(
      '--max-age <duration>',
      'how old news may be that counts, and how long before the wait a run may have ended',
      { parse: durationMs, initial: 10_000, shown: '10s', env: 'TILT_GRAPHQL_MAX_AGE' },
    ),
  },
  report: {
    junit: file('--junit <file>', 'write a JUnit report with a test case for each target'),
    verbose: flag('-v, --verbose', 'report every change on standard error, and errors with all their lines'),
  },
};

/** Values of {@link waitOptions}. */
export type WaitFlags = FlagsOf<typeof waitOptions>;
