import { chmod } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { blocksOf, readPage } from '../../docs/pages.js';
import { clusterJson, resourceJson } from '../../support/fact-json.js';
import { findFreePort } from '../../support/free-port.js';
import { sessionJson } from '../../support/session-json.js';
import { startShell } from '../../support/shell.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';

const QUERY = '{ session { id connection { state } cluster { error } resources { name labels } } }';

/** Sends the query; null while the gateway does not answer. */
async function sendQuery(port: number): Promise<unknown> {
  try {
    const url = `http://127.0.0.1:${port}/graphql?query=${encodeURIComponent(QUERY)}`;
    return await (await fetch(url)).json();
  } catch {
    return null;
  }
}

describe('the loop of docs/sources.md', () => {
  it('the loop of docs/sources.md follows a Session with its facts, which is GONE once Tilt has exited', async () => {
    const loop = blocksOf([readPage('docs/sources.md')]).find(({ code }) => /^while /m.test(code))?.code;
    await using folder = await createTemporaryFolder();
    const command = async (name: string, script: string) => {
      await folder.write(name, `#!/bin/sh\n${script}\n`);
      await chmod(folder.file(name), 0o755);
    };
    // Like `tilt get`, it prints a list, or fails if Tilt does not run.
    await command('tilt', `cat '${folder.file('objects.json')}'`);
    await command('sleep', 'exec /bin/sleep 0.05');
    const print = (label: string) => {
      const items = [
        sessionJson({ uid: 'a' }),
        resourceJson('(Tiltfile)', { labels: [label] }),
        clusterJson(''),
      ];
      const list = { kind: 'List', apiVersion: 'v1', items };
      return folder.replace('objects.json', JSON.stringify(list, null, 4));
    };
    await print('one');
    const port = await findFreePort();
    const child = startShell(loop ?? '', {
      PATH: `${folder.path}:${process.env.PATH}`,
      TILT_GRAPHQL_PORT: String(port),
    });
    const answerOf = (state: string, label: string) => ({
      data: {
        session: {
          id: 'stdin/Tiltfile',
          connection: { state },
          cluster: { error: null },
          resources: [{ name: '(Tiltfile)', labels: [label] }],
        },
      },
    });
    try {
      await expect.poll(() => sendQuery(port)).toEqual(answerOf('LIVE', 'one'));
      await print('two');
      await expect.poll(() => sendQuery(port)).toEqual(answerOf('LIVE', 'two'));
      await folder.remove('objects.json');
      await expect.poll(() => sendQuery(port)).toEqual(answerOf('GONE', 'two'));
    } finally {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }
  }, 90_000);
});
