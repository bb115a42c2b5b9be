import { type Command, Option } from 'commander';
import type { TargetFilter } from '../../client/client.js';
import {
  addClientOptions,
  addSessionOption,
  type ClientFlags,
  type SessionFlags,
} from '../client-options.js';
import { filter } from './filter.js';

/** What `watch` was told. */
export interface WatchFlags extends ClientFlags, SessionFlags {
  readonly filter?: TargetFilter;
  readonly output?: 'table' | 'json';
  readonly allChanges: boolean;
  readonly exec?: string;
}

/** Adds the options of `watch`. */
export function addWatchOptions(command: Command): Command {
  return addSessionOption(addClientOptions(command))
    .addOption(
      new Option(
        '-f, --filter <filter>',
        'only these targets, may be repeated: part of a name or a glob such as api:*, phase=FAILED,WAITING, type=SERVER, resource=api',
      ).argParser(filter),
    )
    .addOption(
      new Option(
        '-o, --output <form>',
        'a live table, or a JSON line for each change of a phase, the verdict or a connection (default: table on a terminal, else json)',
      ).choices(['table', 'json']),
    )
    .addOption(
      new Option(
        '--all-changes',
        'print a JSON line also for changes inside a phase, such as another wait reason',
      ).default(false),
    )
    .addOption(
      new Option(
        '--exec <command>',
        'run this by the shell when the verdict changes and when a target fails; TILT_GRAPHQL_EVENT says which',
      ),
    );
}
