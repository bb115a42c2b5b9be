import { type Command, Option } from 'commander';
import { addLogOptions, type LogFlags } from './log-options.js';
import { addNatsOptions, type NatsFlags } from './nats-options.js';
import { append, durationMs, port } from './option-values.js';
import { addServingOptions, type ServingFlags } from './serving-options.js';
import { SOURCE_FORMS } from './source-spec.js';
import type { SourceFlags } from './sources.js';

/** What `serve` was told. */
export interface ServeOptions extends ServingFlags, SourceFlags, NatsFlags, LogFlags {
  readonly port: number;
  /** Milliseconds. */
  readonly retain: number;
}

/** Adds the options of `serve`; each may also come from the environment. */
export function addServeOptions(command: Command): Command {
  return addLogOptions(addNatsOptions(addServingOptions(command)))
    .addOption(
      new Option('-p, --port <number>', 'port to listen on; 0 takes a free one')
        .default(4000)
        .env('TILT_GRAPHQL_PORT')
        .argParser(port),
    )
    .addOption(
      new Option('-s, --source <spec>', `where to read Sessions from, may be repeated: ${SOURCE_FORMS}`)
        .default([], 'every Tilt of this machine; while there is none, the demo')
        .env('TILT_GRAPHQL_SOURCE')
        .argParser(append),
    )
    .addOption(
      new Option(
        '--kubeconfig <path>',
        "kubeconfig that Tilts or other API servers stand in (default: Tilt's own)",
      ).env('TILT_GRAPHQL_KUBECONFIG'),
    )
    .addOption(
      new Option(
        '--context <name>',
        'read this context of the kubeconfig, may be repeated: as --source tilt:NAME',
      )
        .default([], 'those named tilt-*')
        .argParser(append),
    )
    .addOption(
      new Option(
        '--retain <duration>',
        'how long a Session stays readable once its Tilt has left, such as 90s, 10m, 1h, 7d',
      )
        .default(3_600_000, '1h')
        .env('TILT_GRAPHQL_RETAIN')
        .argParser(durationMs),
    );
}
