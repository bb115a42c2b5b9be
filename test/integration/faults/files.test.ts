import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { startFileGateway } from '../../support/file-gateway.js';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';

const FORMATS = [
  ['shop.json', JSON.stringify],
  ['shop.yaml', stringify],
] as const;

/** A Session of many targets, the last of which has failed. */
const failed = greenJson({
  uid: 'a',
  targets: Array.from({ length: 200 }, (_, index) => ({
    name: `t${String(index).padStart(3, '0')}`,
    resources: ['shop'],
    state: { terminated: index < 199 ? {} : { error: 'exit 1' } },
    type: 'job',
  })),
});
const FAILED = { connection: { state: 'LIVE' }, verdict: { state: 'FAILED', reason: 't199: exit 1' } };

describe.each(FORMATS)('%s on a disk that is full', (file, format) => {
  it('is STALE with what it said before, never green, and read again once there is room', async () => {
    await using gateway = await startFileGateway(file, format(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
    await writeUpTo(4, gateway.path, format(failed));
    await gateway.session.until(degraded('STALE', /^shop\.(json|yaml): /));
    await writeFile(gateway.path, format(failed));
    await gateway.session.until(FAILED);
  });

  it('is STALE when it is left empty', async () => {
    await using gateway = await startFileGateway(file, format(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
    await writeUpTo(0, gateway.path, format(failed));
    await gateway.session.until(degraded('STALE', /expected a Session, got an empty file/));
    await writeFile(gateway.path, format(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
  });
});

describe('a YAML file that was cut off', () => {
  it('is never green, wherever within a line it ends', async () => {
    const text = stringify(failed);
    const lines = text.split('\n').slice(0, -1);
    await using gateway = await startFileGateway('shop.yaml', text);
    await gateway.session.until(FAILED);
    for (const last of [10, 17, 19, lines.length - 2, lines.length - 1]) {
      const line = lines[last] ?? '';
      for (const part of [0.4, 0.8, 1]) {
        const whole = lines.slice(0, last).join('\n');
        await writeFile(gateway.path, `${whole}\n${line.slice(0, Math.max(1, line.length * part))}`);
        await gateway.session.until({ connection: { state: 'STALE' }, verdict: { state: 'UNKNOWN' } });
        await writeFile(gateway.path, text);
        await gateway.session.until(FAILED);
      }
    }
  });
});

describe('a file that cannot be read', () => {
  const troubles: [string, (path: string) => Promise<void>, RegExp][] = [
    ['because of an I/O error', (path) => symlink('/proc/self/mem', path), /shop\.json: .*EIO: i\/o error/],
    ['because its links lead in a circle', (path) => symlink(path, path), /cannot be read: ELOOP/],
    ['because it is a device', (path) => symlink('/dev/zero', path), /expected a file or a folder/],
    // Root may read everything.
    ...(process.getuid?.() === 0 ? [] : [unreadable()]),
  ];

  it.each(troubles)(
    '%s is STALE with the reason, and read again once it can be',
    async (_, spoil, reason) => {
      await using gateway = await startFileGateway('shop.json', JSON.stringify(greenJson({ uid: 'a' })));
      await gateway.session.until(HEALTHY);
      await rm(gateway.path);
      await spoil(gateway.path);
      await gateway.session.until(degraded('STALE', reason));
      expect((await gateway.session.read())?.connection.error).not.toContain(gateway.folder.path);
      await gateway.folder.replace('shop.json', JSON.stringify(greenJson({ uid: 'b' })));
      await gateway.session.until({ ...HEALTHY, metadata: { uid: 'b' } });
    },
  );

  it('because a folder is in its place: it is GONE, and LIVE when it is back', async () => {
    await using gateway = await startFileGateway('shop.json', JSON.stringify(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
    await rm(gateway.path);
    await mkdir(gateway.path);
    await gateway.session.until(degraded('GONE', /it was removed/));
    await rm(gateway.path, { recursive: true });
    await writeFile(gateway.path, JSON.stringify(greenJson({ uid: 'b' })));
    await gateway.session.until({ ...HEALTHY, metadata: { uid: 'b' } });
  });
});

describe('a file that is written for ever', () => {
  it('and broken at each look, each time in another way, is STALE in the end', async () => {
    await using gateway = await startFileGateway('shop.json', JSON.stringify(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
    let text = '{';
    await expect
      .poll(
        async () => {
          text += ' ';
          await writeFile(gateway.path, text);
          await gateway.pollFile();
          return gateway.session.read();
        },
        { interval: 1, timeout: 60_000 },
      )
      .toMatchObject(degraded('STALE', /shop\.json: line 1/));
  });
});

/** Writes a file by a process that may make none bigger: it is cut off in the midst, as by a full disk. */
async function writeUpTo(blocks: number, path: string, text: string): Promise<void> {
  const writer = spawn('sh', ['-c', `ulimit -f ${blocks}; exec cat > "$0"`, path], { stdio: ['pipe'] });
  writer.stdin?.on('error', () => {});
  writer.stdin?.end(text);
  await once(writer, 'close');
}

function unreadable(): [string, (path: string) => Promise<void>, RegExp] {
  const spoil = async (path: string) => {
    await writeFile(path, '');
    await chmod(path, 0);
  };
  return ['because of its permissions', spoil, /cannot be read: EACCES: permission denied/];
}
