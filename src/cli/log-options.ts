import { type Command, Option } from 'commander';
import { LOG_LEVELS, type LogFormat } from './logger.js';

/** What is to be logged, and how. */
export interface LogFlags {
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFormat: LogFormat;
}

/** Adds the options about the log; each may also come from the environment. */
export function addLogOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'how much to log')
        .choices([...LOG_LEVELS])
        .default('info')
        .env('TILT_GRAPHQL_LOG_LEVEL'),
    )
    .addOption(
      new Option('--log-format <format>', 'how log lines look')
        .choices(['text', 'json'])
        .default('text')
        .env('TILT_GRAPHQL_LOG_FORMAT'),
    );
}
