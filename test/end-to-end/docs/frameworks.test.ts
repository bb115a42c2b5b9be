import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, readPage } from '../../docs/pages.js';
import { initWebSocket } from '../../support/web-socket-client.js';
import { createPeerFolder } from '../support/peers.js';

// The servers of docs/library.md that mount a gateway, each in its own process, without the requests at the
// end of the example.

const hosts = new Map(
  blocksOf([readPage('docs/library.md')])
    .filter(({ code }) => code.includes('gateway.upgrade('))
    .map(({ code }) => [/from '(express|fastify|hono)'/.exec(code)?.[1] ?? 'node:http', code]),
);

describe.each([...hosts])('a gateway mounted in a server with %s', (_, code) => {
  let origin = '';
  let end = async () => {};
  beforeAll(async () => {
    const [mounted = ''] = code.split('const ask');
    const folder = await createPeerFolder();
    await folder.write('server.mjs', `${mounted}\nconsole.log(origin);`);
    const server = spawn(process.execPath, ['server.mjs'], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(server, 'exit');
    end = async () => {
      server.kill('SIGKILL');
      await exit;
      await folder[Symbol.asyncDispose]();
    };
    const [output] = await Promise.race([once(server.stdout, 'data'), exit]);
    origin = String(output).trim();
  });
  afterAll(() => end());

  it('answers a POSTed query', async () => {
    const answer = await post('{ sessions { totalCount } }', 'application/json');
    expect(await answer.json()).toEqual({ data: { sessions: { totalCount: 0 } } });
  });

  it('streams server-sent events', async () => {
    const answer = await post('subscription { sessionChanges { reset } }', 'text/event-stream');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: next')) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) break;
      text += value;
    }
    expect(text).toContain('{"data":{"sessionChanges":{"reset":true}}}');
    await reader?.cancel();
  });

  it('accepts WebSockets', async () => {
    const client = await initWebSocket(`${origin.replace('http', 'ws')}/tilt/graphql`);
    client.send({
      id: '1',
      type: 'subscribe',
      payload: { query: 'subscription { sessionChanges { reset } }' },
    });
    await expect
      .poll(() => client.messages)
      .toContainEqual({ id: '1', type: 'next', payload: { data: { sessionChanges: { reset: true } } } });
    client.socket.close();
  });

  it('leaves other paths to the server', async () => {
    expect(await (await fetch(origin)).text()).toBe('my own page');
  });

  function post(query: string, accept: string): Promise<Response> {
    const headers = { accept, 'content-type': 'application/json' };
    return fetch(`${origin}/tilt/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  }
});
