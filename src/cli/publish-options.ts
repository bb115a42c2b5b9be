import { type Command, Option } from 'commander';
import { addLogOptions, type LogFlags } from './log-options.js';
import { addNatsOptions, type NatsFlags } from './nats-options.js';
import { append, durationMs, instance } from './option-values.js';
import { SOURCE_FORMS } from './source-spec.js';

/** What `publish` was told. */
export interface PublishOptions extends NatsFlags, LogFlags {
  readonly to: string;
  readonly from: readonly string[];
  readonly kubeconfig?: string;
  readonly instance?: string;
  readonly takeOver: boolean;
  /** Milliseconds. */
  readonly deadline: number;
}

/** Adds the options of `publish`; each may also come from the environment. */
export function addPublishOptions(command: Command): Command {
  return addLogOptions(addNatsOptions(command))
    .addOption(
      new Option('-t, --to <address>', 'bucket to write to: nats://HOST[:PORT][,HOST…]/BUCKET')
        .env('TILT_GRAPHQL_PUBLISH_TO')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('-f, --from <spec>', `what to publish, may be repeated: ${SOURCE_FORMS}`)
        .default([], 'every Tilt of this machine; with a command, only the Tilt that it starts')
        .env('TILT_GRAPHQL_PUBLISH_FROM')
        .argParser(append),
    )
    .addOption(
      new Option('--kubeconfig <path>', "kubeconfig that Tilts stand in (default: Tilt's own)").env(
        'TILT_GRAPHQL_KUBECONFIG',
      ),
    )
    .addOption(
      new Option(
        '-i, --instance <name>',
        "name under which the Tilt is published, with dots to ask for groups of them: team-a.ci.1234 (default: this machine's name, a dot, and the Tilt's)",
      )
        .env('TILT_GRAPHQL_INSTANCE')
        .argParser(instance),
    )
    .addOption(
      new Option('--take-over', 'go on in the place of another publisher of the same instance').default(
        false,
      ),
    )
    .addOption(
      new Option('--deadline <duration>', 'how long the end may wait for the broker to take the final state')
        .default(5_000, '5s')
        .env('TILT_GRAPHQL_DEADLINE')
        .argParser(durationMs),
    );
}
