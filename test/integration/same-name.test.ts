import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.js';
import { startNats } from '../support/nats-server.js';
import { logLines, serveShortPresenceBucket } from '../support/published-file.js';
import { type SessionJson, sessionJson } from '../support/session-json.js';

const QUERY = '{ sessions { nodes { id connection { state } } } gateway { sources { error } } }';

/** Starts a gateway that reads standard input, with a function to query it. */
async function startReader() {
  const command = runCli(['--port', '0', '--source', '-']);
  const [, url = ''] = await command.until(/listens on (http:\S+) /);
  return {
    write: (json: object) => command.process.stdin.write(`${JSON.stringify(json)}\n`),
    shows: (sessions: Readonly<Record<string, string>>, error: unknown = null) =>
      expect
        .poll(
          async () => {
            const response = await fetch(`${url}?query=${encodeURIComponent(QUERY)}`, {
              headers: { accept: 'application/json' },
            });
            return (await response.json()).data;
          },
          { timeout: 10_000 },
        )
        .toEqual({
          sessions: {
            nodes: Object.entries(sessions).map(([id, state]) => ({ id, connection: { state } })),
          },
          gateway: { sources: [{ error }] },
        }),
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  };
}

function createList(...items: readonly object[]) {
  return { kind: 'List', apiVersion: 'v1', metadata: {}, items };
}

function inNamespace(namespace: string, json: SessionJson = sessionJson()) {
  return { ...json, metadata: { ...json.metadata, namespace } };
}

describe('two Sessions of the same name on standard input', () => {
  it('Sessions of the same name in two namespaces are two Sessions with the namespace in their ids', async () => {
    await using reader = await startReader();
    reader.write(createList(inNamespace('team-a'), inNamespace('team-b')));
    await reader.shows({ 'stdin/team-a/Tiltfile': 'LIVE', 'stdin/team-b/Tiltfile': 'LIVE' });
  });

  it('a list with two Sessions of the same name is rejected with an error, and the last good state is STALE', async () => {
    await using reader = await startReader();
    reader.write(createList(sessionJson({ uid: 'a' }), sessionJson({ uid: 'b' })));
    const conflict = expect.stringContaining('stdin/Tiltfile: 2 objects have this name');
    await reader.shows({}, conflict);
    reader.write(createList(sessionJson({ uid: 'a' })));
    await reader.shows({ 'stdin/Tiltfile': 'LIVE' });
    reader.write(createList(sessionJson({ uid: 'a' }), sessionJson({ uid: 'b' })));
    await reader.shows({ 'stdin/Tiltfile': 'STALE' }, conflict);
  });
});

describe('publish --instance of two Sessions of the same name', () => {
  it('publish --instance of two Sessions of the same name is STALE with both names until one of them ends', async () => {
    await using nats = await startNats();
    await using gateway = await serveShortPresenceBucket(nats.address('same'));
    await using publisher = runCli([
      ...['publish', '--to', nats.address('same'), '--bucket-presence', '3s'],
      ...['--instance', 'ci', '--from', '-'],
    ]);
    const write = (...items: readonly object[]) =>
      publisher.process.stdin.write(`${JSON.stringify(createList(...items))}\n`);
    const green = { targets: [createTarget('tiltfile:update'), createTarget('unit:update')] };
    const red = { targets: [createTarget('tiltfile:update'), createTarget('unit:update', 'exit status 1')] };
    write(inNamespace('team-a', sessionJson(green)), inNamespace('team-b', sessionJson(red)));
    await gateway.shows('STALE', 'UNKNOWN');
    const [shown] = await gateway.sessions();
    const both = 'stdin/team-a/Tiltfile, stdin/team-b/Tiltfile';
    expect(shown?.connection.error).toContain(
      `2 Sessions would be published as ci.Tiltfile: ${both}; publish`,
    );
    expect((await gateway.wait()).code).not.toBe(0);
    expect(logLines(publisher, 'ERROR')).toEqual([expect.stringContaining(`as ci.Tiltfile: ${both}`)]);
    write(inNamespace('team-b', sessionJson(red)));
    await gateway.shows('LIVE', 'FAILED');
  });
});

function createTarget(name: string, error?: string) {
  const times = { startTime: '2026-11-22T11:42:22.642252Z', finishTime: '2026-11-22T11:42:23.001002Z' };
  const state = { terminated: { ...times, ...(error !== undefined && { error }) } };
  return { name, type: 'job', resources: ['unit'], state };
}
