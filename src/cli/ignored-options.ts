import type { OptionTable } from './options/option.js';
import { bucketOptions, credentialOptions } from './options/publish.js';
import { type ServeFlags, serveOptions } from './options/serve.js';

/**
 * Describes the given options of `serve` that have no effect because another one is missing, one line each.
 *
 * @param hasBucket whether a source is a NATS bucket
 */
export function describeIgnoredOptions(
  { jwt, credentials, bucket }: Pick<ServeFlags, 'jwt' | 'credentials' | 'bucket'>,
  hasBucket: boolean,
): readonly string[] {
  const ofTokens = jwt.jwks === undefined ? givenOptions(serveOptions.jwt, jwt) : [];
  const ofBuckets = hasBucket
    ? []
    : [...givenOptions(credentialOptions, credentials), ...givenOptions(bucketOptions, bucket)];
  return [
    ...ofTokens.map((name) => `${name} has no effect without --jwks`),
    ...ofBuckets.map((name) => `${name} has no effect: no source is a NATS bucket`),
  ];
}

/** Names of the options whose value is not the initial one. */
function givenOptions<V extends object>(table: OptionTable<V>, values: V): string[] {
  const names: string[] = [];
  for (const key in table) {
    const { flags, initial } = table[key];
    if (values[key] !== initial) names.push(flags.replace(/ .*/, ''));
  }
  return names;
}
