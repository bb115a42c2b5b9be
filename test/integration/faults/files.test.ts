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
  it('a file truncated by a full disk is STALE with its previous state, never PASSED, and LIVE when rewritten', async () => {
    await using gateway = await startFileGateway(file, format(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
    await writeUpTo(4, gateway.path, format(failed));
    await gateway.session.until(degraded('STALE', /^shop\.(json|yaml): /));
    await writeFile(gateway.path, format(failed));
    await gateway.session.until(FAILED);
  });

  it('a file that a full disk leaves empty is STALE', async () => {
    await using gateway = await startFileGateway(file, format(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
    await writeUpTo(0, gateway.path, format(failed));
    await gateway.session.until(degraded('STALE', /expected a Session, got an empty file/));
    await writeFile(gateway.path, format(greenJson({ uid: 'a' })));
    await gateway.session.until(HEALTHY);
  });
});

describe('a truncated YAML file', () => {
  it('a truncated YAML file is never PASSED, wherever it ends', async () => {
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

describe('an unreadable file', () => {
  const causes: [string, (path: string) => Promise<void>, RegExp][] = [
    ['I/O error', (path) => symlink('/proc/self/mem', path), /shop\.json: .*EIO: i\/o error/],
    ['symlink loop', (path) => symlink(path, path), /cannot be read: ELOOP/],
    ['device file', (path) => symlink('/dev/zero', path), /expected a file or a folder/],
    // Root can read every file.
    ...(process.getuid?.() === 0 ? [] : [missingPermissions()]),
  ];

  it.each(causes)(
    'an unreadable file (%s) is STALE with the reason, and LIVE when it is readable again',
    async (_, makeUnreadable, reason) => {
      await using gateway = await startFileGateway('shop.json', JSON.stringify(greenJson({ uid: 'a' })));
      await gateway.session.until(HEALTHY);
      await rm(gateway.path);
      await makeUnreadable(gateway.path);
      await gateway.session.until(degraded('STALE', reason));
      expect((await gateway.session.read())?.connection.error).not.toContain(gateway.folder.path);
      await gateway.folder.replace('shop.json', JSON.stringify(greenJson({ uid: 'b' })));
      await gateway.session.until({ ...HEALTHY, metadata: { uid: 'b' } });
    },
  );

  it('a file replaced by a folder is GONE, and LIVE when it is restored', async () => {
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

describe('a file that is written continuously', () => {
  it('a file that is invalid at every poll, each time differently, becomes STALE', async () => {
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

/** Writes a file in a process with a file size limit, so that it is truncated as by a full disk. */
async function writeUpTo(blocks: number, path: string, text: string): Promise<void> {
  const writer = spawn('sh', ['-c', `ulimit -f ${blocks}; exec cat > "$0"`, path], { stdio: ['pipe'] });
  writer.stdin?.on('error', () => {});
  writer.stdin?.end(text);
  await once(writer, 'close');
}

function missingPermissions(): [string, (path: string) => Promise<void>, RegExp] {
  const removePermissions = async (path: string) => {
    await writeFile(path, '');
    await chmod(path, 0);
  };
  return ['missing permissions', removePermissions, /cannot be read: EACCES: permission denied/];
}
