import { describe, expect, it } from 'vitest';
import { decodeReport } from '../../../src/nats/presence-report.js';
import { createPresenceWriter, type PresenceBucket } from '../../../src/nats/publish/presence-writer.js';
import { parseAddress } from '../../../src/nats/settings.js';

/** A presence bucket that records what is written, and rejects some keys. */
function createBucket(rejects: (key: string) => boolean = () => false) {
  const written: [string, string][] = [];
  const presence: PresenceBucket['presence'] = {
    async put(key, value) {
      if (rejects(key)) throw new Error("'Permissions Violation for Publish'");
      written.push([key, String(value)]);
      return written.length;
    },
    async delete(key) {
      written.push([key, 'deleted']);
    },
  };
  return { written, presence, address: parseAddress('nats://127.0.0.1/tilts') };
}

type TestBucket = ReturnType<typeof createBucket>;

function setUp(...keys: readonly string[]) {
  const writer = createPresenceWriter('run');
  const reports = keys.map((key) => writer.add(key));
  const beat = async (bucket: TestBucket, alive: readonly string[] = keys, hasOldReaders = false) => {
    for (const message of writer.messages(new Set(alive))) await message.put(bucket, hasOldReaders);
    return bucket.written.splice(0);
  };
  return { writer, reports, beat };
}

const A = 'host.a.Tiltfile';
const B = 'host.b.Tiltfile';
const REPORT = 'host.a.run=231';
const textOf = (...keys: readonly string[]) =>
  JSON.stringify({
    version: 1,
    publisher: 'run',
    sessions: Object.fromEntries(keys.map((key) => [key, 'live'])),
  });

describe('the presence of a publisher', () => {
  it('of one Session is a heartbeat that every version understands', async () => {
    const { beat } = setUp(A);
    expect(await beat(createBucket())).toEqual([[A, 'run']]);
  });

  it('of several Sessions is one message', async () => {
    const { reports, beat } = setUp(A, B);
    expect(reports).toEqual([REPORT, REPORT]);
    expect(await beat(createBucket())).toEqual([[REPORT, textOf(A, B)]]);
  });

  it('leaves out a Session whose newest state is not in the bucket, and is silent without any', async () => {
    const { beat } = setUp(A, B);
    expect(await beat(createBucket(), [B])).toEqual([[REPORT, textOf(B)]]);
    expect(await beat(createBucket(), [])).toEqual([]);
  });

  it('has heartbeats for each Session too while a gateway of an earlier version reads it', async () => {
    const { beat } = setUp(A, B);
    expect(await beat(createBucket(), [A, B], true)).toEqual([
      [REPORT, textOf(A, B)],
      [A, 'run'],
      [B, 'run'],
    ]);
  });

  it('is a heartbeat for each Session if only their own keys may be written', async () => {
    const { beat } = setUp(A, B);
    const bucket = createBucket((key) => key === REPORT);
    for (let round = 0; round < 2; round += 1) {
      expect(await beat(bucket)).toEqual([
        [A, 'run'],
        [B, 'run'],
      ]);
    }
  });

  it('has a report for each first token of its keys, and for each 1,000 Sessions', async () => {
    const keys = Array.from({ length: 1_500 }, (_, index) => `team-a.${index}.Tiltfile`);
    const { beat } = setUp('team-b.x.Tiltfile', 'team-b.y.Tiltfile', ...keys);
    const written = await beat(createBucket());
    const counts = written.map(([key, text]) => [key, decodeReport(text)?.keys.length]);
    expect(counts).toEqual([
      ['team-b.x.run=231', 2],
      ['team-a.0.run=232', 1_000],
      ['team-a.1000.run=233', 500],
    ]);
  });

  it('forgets the Sessions that are removed, and reuses their places', async () => {
    const keys = Array.from({ length: 1_001 }, (_, index) => `x.${index}.Tiltfile`);
    const { writer, reports, beat } = setUp(...keys);
    for (const key of keys.slice(0, 2)) writer.remove(key);
    expect(writer.add('x.new.Tiltfile')).toBe(reports[0]);
    const bucket = createBucket();
    const [first] = await beat(bucket, ['x.1.Tiltfile', 'x.2.Tiltfile', 'x.new.Tiltfile']);
    expect(first).toEqual([reports[0], textOf('x.2.Tiltfile', 'x.new.Tiltfile')]);
    writer.remove('x.1000.Tiltfile');
    expect(writer.messages(new Set([...keys, 'x.new.Tiltfile']))).toHaveLength(1);
  });

  it('of two Sessions is a heartbeat again after one of them was removed', async () => {
    const { writer, beat } = setUp(A, B);
    writer.remove(A);
    expect(await beat(createBucket())).toEqual([[B, 'run']]);
    writer.remove(B);
    expect(await beat(createBucket())).toEqual([]);
  });

  it('deletes the reports that it has written when it leaves', async () => {
    const { writer, beat } = setUp(A, B, 'other.x.Tiltfile');
    const bucket = createBucket();
    await beat(bucket);
    await writer.leave(bucket);
    expect(bucket.written).toEqual([[REPORT, 'deleted']]);
  });
});
