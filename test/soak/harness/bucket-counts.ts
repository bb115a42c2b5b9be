import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** Counts of what a gateway has read from its bucket. */
export interface BucketCounts {
  /** Messages of which only the change was read. */
  readonly deltas: number;
  /** States that were equal to the digest of their publisher, and those that were not. */
  readonly digests: number;
  readonly digestMismatches: number;
}

/** Reads the counts from the metrics of a gateway. The connection does not stay open. */
export async function readBucketCounts(port: number): Promise<BucketCounts> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/metrics', agent: false }, resolve).once('error', reject);
  });
  const page = await text(response);
  const read = (name: string, label: string) => {
    const value = new RegExp(`^tilt_graphql_${name}{source="fleet",${label}} (.*)$`, 'm').exec(page)?.[1];
    if (value === undefined) throw new Error(`/metrics has no ${name} with ${label}.`);
    return Number(value);
  };
  return {
    deltas: read('bucket_messages_total', 'read="delta"'),
    digests: read('bucket_digests_total', 'result="equal"'),
    digestMismatches: read('bucket_digests_total', 'result="different"'),
  };
}
