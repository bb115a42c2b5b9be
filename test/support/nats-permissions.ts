/** Publish permissions of a gateway that reads an existing bucket, as listed in `docs/fleet.md`. */
export function gatewayPermissions(bucket: string): string[] {
  return ['$JS.API.INFO', ...[bucket, `${bucket}_presence`].flatMap(readPermissions)];
}

/** Publish permissions of a publisher for the instances of a pattern such as `team-a.>`. */
export function publisherPermissions(bucket: string, instances: string): string[] {
  const both = [bucket, `${bucket}_presence`];
  return [
    '$JS.API.INFO',
    ...both.flatMap((name) => [`$JS.API.STREAM.INFO.KV_${name}`, `$JS.API.STREAM.MSG.GET.KV_${name}`]),
    `$JS.API.STREAM.CREATE.KV_${bucket}_presence`,
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
