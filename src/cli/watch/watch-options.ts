import { askingOptions } from '../client-options.js';
import { type FlagsOf, flag, oneOf, option, text } from '../options.js';
import { filter } from './filter.js';

/** Options of `watch`. */
export const watchOptions = {
  client: askingOptions,
  watch: {
    filter: option(
      '-f, --filter <filter>',
      'only these targets, may be repeated: part of a name or a glob such as api:*, phase=FAILED,WAITING, type=SERVER, resource=api',
      { parse: filter },
    ),
    output: option(
      '-o, --output <form>',
      'a live table, or a JSON line for each change of a phase, the verdict or a connection (default: table on a terminal, else json)',
      oneOf(['table', 'json']),
    ),
    allChanges: flag(
      '--all-changes',
      'print a JSON line also for changes inside a phase, such as another wait reason',
    ),
    exec: text(
      '--exec <command>',
      'run this by the shell when the verdict changes and when a target fails; TILT_GRAPHQL_EVENT says which',
    ),
  },
};

/** Values of {@link watchOptions}. */
export type WatchFlags = FlagsOf<typeof watchOptions>;
