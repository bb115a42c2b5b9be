import { expect, it } from 'vitest';
import { rejectOwnBucket } from '../../src/cli/publish.js';
import { UsageError } from '../../src/cli/usage-error.js';

const TO = 'nats://broker/tilts';

it.each([
  ['the same address', TO, undefined],
  ['another login and form of the same server', 'nats://ada:secret@BROKER:4222/tilts', undefined],
  ['a server of the same cluster', 'nats://other:4222,broker:4222/tilts', undefined],
  ['a name in front', `all=${TO}`, undefined],
  ['a subject that begins with the host', `${TO}/host.>`, undefined],
  ['a subject with a wildcard for the host', `${TO}/*.ci.Tiltfile`, undefined],
  ['a subject that begins with the instance', `${TO}/team-a.>`, 'team-a.ci'],
  ['the subject of the published Session', `${TO}/team-a.ci.Tiltfile`, 'team-a.ci'],
])('publish rejects a source that has the Sessions that it writes: %s', (_, from, instance) => {
  const check = () => rejectOwnBucket({ to: TO, from: ['demo', from], instance }, 'host');
  expect(check).toThrow(UsageError);
  expect(check).toThrow(/^--from nats:\/\/.*\/tilts\S*: publish writes to this bucket/);
  expect(check).not.toThrow(/secret/);
});

it.each([
  ['another bucket', 'nats://broker/others', undefined],
  ['another server', 'nats://elsewhere/tilts', undefined],
  ['another port', 'nats://broker:4223/tilts', undefined],
  ['a subject of another team', `${TO}/team-b.>`, 'team-a.ci'],
  ['a subject that is too short for the instance', `${TO}/team-a.*`, 'team-a.ci'],
])('publish accepts a source without the Sessions that it writes: %s', (_, from, instance) => {
  expect(() => rejectOwnBucket({ to: TO, from: [from], instance }, 'host')).not.toThrow();
});
