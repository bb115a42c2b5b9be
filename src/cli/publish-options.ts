import { append, durationMs, instance } from './option-values.js';
import { type FlagsOf, file, flag, option } from './options.js';
import { bucketOptions, credentialOptions, logOptions } from './shared-options.js';
import { SOURCE_FORMS } from './source-spec.js';

/** Options of `publish`. */
export const publishOptions = {
  credentials: credentialOptions,
  bucket: bucketOptions,
  log: logOptions,
  publish: {
    to: option('-t, --to <address>', 'bucket to write to: nats://HOST[:PORT][,HOST…]/BUCKET', {
      parse: (address) => address,
      initial: '',
      isMandatory: true,
      env: 'TILT_GRAPHQL_PUBLISH_TO',
    }),
    from: option('-f, --from <spec>', `what to publish, may be repeated: ${SOURCE_FORMS}`, {
      parse: append,
      initial: [],
      shown: 'every Tilt of this machine; with a command, only the Tilt that it starts',
      completion: 'files',
      env: 'TILT_GRAPHQL_PUBLISH_FROM',
    }),
    kubeconfig: file(
      '--kubeconfig <path>',
      "kubeconfig that Tilts stand in (default: Tilt's own)",
      'TILT_GRAPHQL_KUBECONFIG',
    ),
    instance: option(
      '-i, --instance <name>',
      "name under which the Tilt is published, with dots to ask for groups of them: team-a.ci.1234 (default: this machine's name, a dot, and the Tilt's)",
      { parse: instance, env: 'TILT_GRAPHQL_INSTANCE' },
    ),
    takeOver: flag('--take-over', 'go on in the place of another publisher of the same instance'),
    deadlineMs: option(
      '--deadline <duration>',
      'how long the end may wait for the broker to take the final state',
      { parse: durationMs, initial: 5_000, shown: '5s', env: 'TILT_GRAPHQL_DEADLINE' },
    ),
  },
};

/** Values of {@link publishOptions}. */
export type PublishFlags = FlagsOf<typeof publishOptions>;
