/** What a gateway of a bucket has to be allowed to publish, as `docs/fleet.md` lists it; it creates no bucket. */
export function gatewayPermissions(bucket: string): string[] {
  return ['$JS.API.INFO', ...[bucket, `${bucket}_presence`].flatMap(readPermissions)];
}

/** The same for the publisher of the instances that a pattern names, such as `team-a.>`. */
export function publisherPermissions(bucket: string, instances: string): string[] {
  const both = [bucket, `${bucket}_presence`];
  return [
    '$JS.API.INFO',
    ...both.flatMap((name) => [`$JS.API.STREAM.INFO.KV_${name}`, `$JS.API.STREAM.MSG.GET.KV_${name}`]),
    ...both.map((name) => `$KV.${name}.${instances}`),
  ];
}

function readPermissions(bucket: string): string[] {
  return [
    `$JS.API.STREAM.INFO.KV_${bucket}`,
    `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
    `$JS.API.CONSUMER.*.KV_${bucket}.>`,
    `$JS.API.CONSUMER.MSG.NEXT.KV_${bucket}.>`,
  ];
}
