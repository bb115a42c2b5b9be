import { mkdir, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createFileProvider } from '../../../src/providers/file/file.js';
import { brokenResourceJson, clusterJson, inNamespace, resourceJson } from '../../support/fact-json.js';
import { advanceUntil, createManualClock } from '../../support/manual-clock.js';
import { describeProvider } from '../../support/provider-contract.js';
import { type ProviderWatch, startProviderWatch } from '../../support/provider-watch.js';
import type { Json } from '../../support/raw-session.js';
import { sessionJson } from '../../support/session-json.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

describeProvider('file (of a folder)', {
  ids: ['a/Tiltfile', 'b/Tiltfile', 'c/Tiltfile'],
  abilities: ['put', 'remove', 'watchAgain'],
  async make(initial) {
    const folder = await createTemporaryFolder();
    const clock = createManualClock();
    for (const { instance, json } of initial) await folder.write(`${instance}.yaml`, stringify(json));
    return {
      provider: createFileProvider({ path: folder.path, clock }),
      put: ({ instance, json }) => folder.replace(`${instance}.yaml`, stringify(json)),
      remove: (id) => folder.remove(id.replace('/Tiltfile', '.yaml')),
      tick: () => clock.advance(250),
      openHandles: () => clock.pending,
      dispose: () => folder[Symbol.asyncDispose](),
    };
  },
});

describeProvider('file (of one file)', {
  ids: ['shop/a', 'shop/b'],
  abilities: ['put', 'remove', 'watchAgain'],
  async make(initial) {
    const folder = await createTemporaryFolder();
    const clock = createManualClock();
    const items = new Map(initial.map(({ id, json }) => [id, json]));
    const save = () =>
      folder.write('shop.json', JSON.stringify({ kind: 'List', items: [...items.values()] }));
    await save();
    return {
      provider: createFileProvider({ path: folder.file('shop.json'), clock }),
      put: ({ id, json }) => items.set(id, json) && save(),
      remove: (id) => items.delete(id) && save(),
      tick: () => clock.advance(250),
      openHandles: () => clock.pending,
      dispose: () => folder[Symbol.asyncDispose](),
    };
  },
});

describe('the file provider of a file', () => {
  it('has the name of the file unless it is given one', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('shop.yaml', stringify(sessionJson()));
    const clock = createManualClock();
    expect(createFileProvider({ path: folder.file('shop.yaml'), clock }).name).toBe('shop');
    await using watched = await watch(folder.file('shop.yaml'), { name: 'ci' });
    expect(watched.watching.changes).toMatchObject([{ sessions: [{ id: 'ci/Tiltfile' }] }]);
  });

  it.each(['write', 'replace'] as const)('follows a file that an editor saves (%s)', async (save) => {
    await using folder = await createTemporaryFolder();
    await folder.write('shop.yaml', stringify(sessionJson()));
    await using watched = await watch(folder.file('shop.yaml'));
    await folder[save]('shop.yaml', stringify(sessionJson({ status: { error: 'broken by the edit' } })));
    await watched.until(
      ({ state }) => state.sessions.get('shop/Tiltfile')?.status.error === 'broken by the edit',
    );
  });

  it('keeps the last good state during an invalid edit, reports the problem, and recovers', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('shop.yaml', stringify(sessionJson()));
    await using watched = await watch(folder.file('shop.yaml'));
    await folder.write('shop.yaml', 'kind: Session\nstatus: {\n');
    await watched.until(({ state }) => state.stale.size > 0);
    expect(watched.watching.state.stale.get('shop/Tiltfile')).toMatch(/^shop\.yaml: line 3: /);
    expect(watched.watching.state.sessions.size).toBe(1);
    await folder.write('shop.yaml', stringify(sessionJson()));
    await watched.until(({ state }) => state.stale.size === 0);
    expect(watched.watching.changes.map(({ type }) => type)).toEqual(['snapshot', 'stale', 'upsert']);
  });

  it('removes the Session of a deleted file, and adds it again when the file is back', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('shop.yaml', stringify(sessionJson()));
    await using watched = await watch(folder.file('shop.yaml'));
    await folder.remove('shop.yaml');
    await watched.until(({ state }) => state.error !== null);
    expect(watched.watching.state).toMatchObject({
      error: 'no such file or folder',
      sessions: new Map(),
    });
    await folder.write('shop.yaml', stringify(sessionJson()));
    await watched.until(({ state }) => state.sessions.size === 1);
    expect(watched.watching.state.error).toBe(null);
  });

  it('ignores that the file is missing for a moment', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('shop.yaml', stringify(sessionJson()));
    await using watched = await watch(folder.file('shop.yaml'));
    await rename(folder.file('shop.yaml'), folder.file('shop.yaml~'));
    await watched.look();
    await folder.write('shop.yaml', stringify(sessionJson()));
    await watched.until(({ changes }) => changes.length > 1);
    expect(watched.watching.changes.map(({ type }) => type)).toEqual(['snapshot', 'upsert']);
  });

  it('waits for a file that does not exist yet', async () => {
    await using folder = await createTemporaryFolder();
    await using watched = await watch(folder.file('shop.yaml'));
    expect(watched.watching.changes).toEqual([
      { type: 'snapshot', sessions: [], stale: [{ error: 'no such file or folder' }] },
    ]);
    await folder.write('shop.yaml', stringify(sessionJson()));
    await watched.until(({ state }) => state.sessions.size === 1 && state.error === null);
  });

  it('rejects a file of more than 64 MiB without reading it', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('shop.json', '');
    await truncate(folder.file('shop.json'), 65 * 2 ** 20);
    await using watched = await watch(folder.file('shop.json'));
    expect(watched.watching.state.error).toBe('shop.json: expected at most 64 MiB, got 65 MiB');
  });

  it('reports a file that cannot be read, without its path, and tries again', async () => {
    await using folder = await createTemporaryFolder();
    await symlink('shop.yaml', folder.file('shop.yaml'));
    await using watched = await watch(folder.file('shop.yaml'));
    expect(watched.watching.state.error).toBe(
      'it cannot be read: ELOOP: too many symbolic links encountered',
    );
    await folder.replace('shop.yaml', stringify(sessionJson()));
    await watched.until(({ state }) => state.sessions.size === 1 && state.error === null);
  });

  it('pushes nothing while nothing changes', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('shop.yaml', stringify(sessionJson()));
    await using watched = await watch(folder.file('shop.yaml'));
    for (let count = 0; count < 5; count += 1) await watched.look();
    expect(watched.watching.changes).toHaveLength(1);
  });
});

describe('the facts in a file', () => {
  const write = (folder: TemporaryFolder, name: string, ...others: readonly object[]) =>
    folder.write(
      name,
      [sessionJson({ uid: 'x' }), ...others].map((object) => stringify(object)).join('---\n'),
    );

  it('follow its edits, and keep the last good facts of an object that cannot be read', async () => {
    await using folder = await createTemporaryFolder();
    await write(folder, 'shop.yaml', resourceJson('api', { labels: ['one'] }));
    await using watched = await watch(folder.file('shop.yaml'));
    const labels = () =>
      watched.watching.state.sessions.get('shop/Tiltfile')?.facts?.resources?.map((one) => one.labels.join());
    expect(labels()).toEqual(['one']);
    await write(folder, 'shop.yaml', resourceJson('api', { labels: ['two'] }));
    await watched.until(() => labels()?.[0] === 'two');
    await write(folder, 'shop.yaml', brokenResourceJson('api'));
    await watched.until(({ state }) => state.unavailable.size > 0);
    expect(watched.watching.state.unavailable.get('uiresources')).toMatch(/^shop\.yaml: uiresources: api /);
    await write(folder, 'shop.yaml', brokenResourceJson('api'), clusterJson(''));
    await watched.look();
    expect(labels()).toEqual(['two']);
    await write(folder, 'shop.yaml', resourceJson('api', { labels: ['three'] }));
    await watched.until(({ state }) => state.unavailable.size === 0);
    expect(labels()).toEqual(['three']);
    expect(watched.watching.state).toMatchObject({ stale: new Map(), error: null });
  });

  it('keep the last good facts in each namespace when objects of the same name cannot be read', async () => {
    await using folder = await createTemporaryFolder();
    const writeAll = (toResource: (label: string) => Json) => {
      const all = ['a', 'b'].flatMap((namespace) =>
        [sessionJson({ uid: namespace }), toResource(namespace)].map((json) => inNamespace(namespace, json)),
      );
      return folder.write('shop.json', JSON.stringify({ kind: 'List', items: all }));
    };
    await writeAll((label) => resourceJson('lint', { labels: [label] }));
    await using watched = await watch(folder.file('shop.json'));
    await writeAll(() => brokenResourceJson('lint'));
    await watched.until(({ state }) => state.unavailable.size > 0);
    const { sessions } = watched.watching.state;
    expect([...sessions].map(([id, { facts }]) => [id, facts?.resources?.[0]?.labels])).toEqual([
      ['shop/a/Tiltfile', ['a']],
      ['shop/b/Tiltfile', ['b']],
    ]);
  });

  it('belong to the Sessions of that file only, in a folder', async () => {
    await using folder = await createTemporaryFolder();
    await write(folder, 'a.yaml', resourceJson('api'));
    await write(folder, 'b.yaml', resourceJson('web'), clusterJson('refused'));
    await write(folder, 'c.yaml');
    await using watched = await watch(folder.path);
    const { sessions } = watched.watching.state;
    expect([...sessions].map(([id, { facts }]) => [id, facts?.resources?.[0]?.name, facts?.cluster])).toEqual(
      [
        ['a/Tiltfile', 'api', null],
        ['b/Tiltfile', 'web', { error: 'refused' }],
        ['c/Tiltfile', undefined, undefined],
      ],
    );
  });
});

describe('the file provider of a folder', () => {
  it('starts with all valid files, and reports the invalid ones', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('a.yaml', stringify(sessionJson()));
    await folder.write('b.json', JSON.stringify(sessionJson()));
    await folder.write('c.yml', 'kind: Pod');
    await folder.write('.d.yaml', stringify(sessionJson()));
    await folder.write('e.txt', 'hello');
    await mkdir(folder.file('f.yaml'));
    await writeFile(join(folder.file('f.yaml'), 'g.yaml'), stringify(sessionJson()));
    await using watched = await watch(folder.path, { name: 'all' });
    const { state } = watched.watching;
    expect([...state.sessions.keys()]).toEqual(['a/Tiltfile', 'b/Tiltfile']);
    expect([...state.stale]).toEqual([['c/Tiltfile', 'c.yml: kind: expected "Session", got "Pod"']]);
  });

  it('follows files that are created, changed and deleted', async () => {
    await using folder = await createTemporaryFolder();
    await using watched = await watch(folder.path);
    await folder.write('a.yaml', stringify(sessionJson()));
    await watched.until(({ state }) => state.sessions.has('a/Tiltfile'));
    await symlink(folder.file('a.yaml'), folder.file('b.yaml'));
    await watched.until(({ state }) => state.sessions.has('b/Tiltfile'));
    await rename(folder.file('a.yaml'), folder.file('c.yaml'));
    await watched.until(({ state }) => [...state.sessions.keys()].join() === 'c/Tiltfile');
  });

  it('clears the problem of an invalid file when it is deleted', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('a.yaml', 'kind: [');
    await using watched = await watch(folder.path);
    expect([...watched.watching.state.stale.keys()]).toEqual(['a/Tiltfile']);
    await folder.remove('a.yaml');
    await watched.until(({ state }) => state.stale.size === 0);
  });

  it('keeps its Sessions when the folder disappears, and reports that', async () => {
    await using folder = await createTemporaryFolder();
    await mkdir(folder.file('all'));
    await folder.write('all/a.yaml', stringify(sessionJson()));
    await using watched = await watch(folder.file('all'));
    await rename(folder.file('all'), folder.file('elsewhere'));
    await watched.until(({ state }) => state.error === 'no such file or folder');
    expect([...watched.watching.state.stale.keys()]).toEqual(['a/Tiltfile']);
    await rename(folder.file('elsewhere'), folder.file('all'));
    await watched.until(({ state }) => state.error === null && state.stale.size === 0);
    expect(watched.watching.state.sessions.size).toBe(1);
  });
});

describe('check() of the file provider', () => {
  it('accepts a valid file', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('a.yaml', stringify(sessionJson()));
    await folder.write('b.yaml', 'kind: [');
    await check(folder.file('a.yaml'));
    await check(folder.path);
  });

  it('accepts an empty folder', async () => {
    await using folder = await createTemporaryFolder();
    await check(folder.path);
  });

  it('rejects a path that does not exist', async () => {
    await using folder = await createTemporaryFolder();
    const path = folder.file('nowhere.yaml');
    await expect(check(path)).rejects.toMatchObject({
      name: 'ProviderError',
      code: 'config',
      message: `${path}: no such file or folder`,
    });
  });

  it('rejects a path that is neither a file nor a folder', async () => {
    await expect(check('/dev/null')).rejects.toMatchObject({
      code: 'config',
      message: '/dev/null: expected a file or a folder',
    });
  });

  it('rejects an invalid file', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('a.yaml', 'kind: Pod');
    const error = {
      code: 'unreadable',
      message: `${folder.file('a.yaml')}: kind: expected "Session", got "Pod"`,
    };
    await expect(check(folder.file('a.yaml'))).rejects.toMatchObject(error);
    await expect(check(folder.path)).rejects.toMatchObject(error);
  });
});

interface Watched extends AsyncDisposable {
  readonly watching: ProviderWatch;
  /** Waits for one more poll. */
  look(): Promise<void>;
  until(condition: (watching: ProviderWatch) => boolean): Promise<void>;
}

/** Watches a path and waits for the first poll. */
async function watch(path: string, options: { name?: string } = {}): Promise<Watched> {
  const clock = createManualClock();
  const watching = startProviderWatch(createFileProvider({ path, clock, ...options }));
  const isAsleep = () => clock.pending === 1;
  await advanceUntil(clock, isAsleep, 0);
  return {
    watching,
    async look() {
      await clock.advance(250);
      await advanceUntil(clock, isAsleep, 0);
    },
    until: (condition) => advanceUntil(clock, () => condition(watching), 250),
    [Symbol.asyncDispose]: async () => watching.abort(),
  };
}

async function check(path: string): Promise<void> {
  await createFileProvider({ path, clock: createManualClock() }).check?.();
}
