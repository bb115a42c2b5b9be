import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTiltLogs } from '../../src/providers/tilt/hud-logs.js';
import { HUD_CI_EXCERPT, playHudCiUpToEnd } from '../support/hud-ci.js';
import { startIdentityProvider } from '../support/identity-provider.js';
import { startTiltGateway, type TiltGateway } from '../support/tilt-gateway.js';
import { startTiltWithLogs } from '../support/tilt-with-logs.js';

const EXCERPT = `query ($id: ID) { session(id: $id) { connection { state } verdict { state } status { targets {
  name log(last: 2) { text } state { ... on TargetStateTerminated { excerpt { omitted isFinal lines { text } } } }
} } } }`;

/** A part of the log of the recording. */
const SHOWN = /expected 4|adds numbers|running 3/;

interface Excerpt {
  readonly omitted: number;
  readonly isFinal: boolean;
  readonly lines: readonly { readonly text: string }[];
}

interface Answer {
  readonly session: {
    readonly connection: { readonly state: string };
    readonly verdict: { readonly state: string };
    readonly status: {
      readonly targets: readonly {
        readonly name: string;
        readonly log: readonly { readonly text: string }[] | null;
        readonly state: { readonly excerpt?: Excerpt | null };
      }[];
    };
  } | null;
}

async function read(gateway: TiltGateway, instance: string) {
  const { data } = await gateway.query<Answer>(EXCERPT, { id: `${instance}/Tiltfile` });
  const unit = data.session?.status.targets.find(({ name }) => name === 'unit:update');
  return {
    connection: data.session?.connection.state,
    verdict: data.session?.verdict.state,
    excerpt: unit?.state.excerpt?.lines.map(({ text }) => text),
    isFinal: unit?.state.excerpt?.isFinal,
  };
}

describe('the excerpt of a failed target', () => {
  it('is in the Session after the Tilt is gone, in 20 of 20 runs that are cut 6 ms after the last message', async () => {
    const results: unknown[] = [];
    for (let run = 0; run < 20; run += 1) {
      const uid = randomUUID();
      await using fake = await startTiltWithLogs({ sessions: [] });
      const { server, hud, tokenFile } = fake;
      const last = playHudCiUpToEnd(fake, uid);
      await using gateway = await startTiltGateway(
        { [hud.context]: server },
        { logs: createTiltLogs({ tokenFile }) },
      );
      await expect.poll(() => hud.open).toBe(1);
      await gateway.session(hud.context).until({ connection: { state: 'LIVE' } });
      server.put(last.session);
      hud.send(last.message);
      await pause(6);
      hud.cut();
      await server.stop();
      await gateway.updateKubeconfig({});
      await expect.poll(async () => (await read(gateway, hud.context)).connection).toBe('GONE');
      results.push(await read(gateway, hud.context));
    }
    const expected = { connection: 'GONE', verdict: 'FAILED', excerpt: HUD_CI_EXCERPT, isFinal: true };
    expect(results).toEqual(Array.from({ length: 20 }, () => expected));
  });
});

describe('a gateway with --logs', () => {
  it('shows a token for other instances neither lines nor excerpts', async () => {
    await using fake = await startTiltWithLogs({ sessions: [] });
    const { server, hud, tokenFile } = fake;
    const last = playHudCiUpToEnd(fake, 'run-1');
    await using identity = await startIdentityProvider();
    await using gateway = await startTiltGateway(
      { [hud.context]: server },
      { logs: createTiltLogs({ tokenFile }), jwt: { jwks: identity.jwks }, federation: true },
    );
    await expect.poll(() => hud.open).toBe(1);
    server.put(last.session);
    hud.send(last.message);
    const ask = async (instances: string, query: string, accept = 'application/json') => {
      const token = await identity.sign({ tilt_instances: instances });
      const response = await fetch(`${gateway.url}?query=${encodeURIComponent(query)}`, {
        headers: { accept, authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(10_000),
      });
      return response;
    };
    const id = `${hud.context}/Tiltfile`;
    const query = `{ session(id: "${id}") { status { targets { log { text }
      state { ... on TargetStateTerminated { excerpt { lines { text } } } } } } }
      targets { log { text } } sessions { nodes { resources { log { text } } } } }`;
    await expect.poll(async () => (await ask('tilt-*', query)).text()).toContain('expected 4, got 5');
    expect(await (await ask('other-*', query)).json()).toEqual({
      data: { session: null, targets: [], sessions: { nodes: [] } },
    });
    const readFirst = async (
      instances: string,
      subscription: string,
      isEnough: (text: string) => boolean,
    ) => {
      const stream = await ask(instances, subscription, 'text/event-stream');
      const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
        text += chunk.value;
        if (isEnough(text)) break;
      }
      await reader?.cancel();
      return text;
    };
    const target = 'log { text } state { ... on TargetStateTerminated { excerpt { lines { text } } } }';
    const queries = [
      `{ node(id: "${id}") { ... on Session { status { targets { ${target} } } } } }`,
      `{ node(id: "${id}#unit:update") { ... on Target { ${target} } } }`,
      `{ target(session: "${id}", name: "unit:update") { ${target} } }`,
      `{ _entities(representations: [{ __typename: "Target", id: "${id}#unit:update" }]) { ... on Target { ${target} } } }`,
    ];
    const subscriptions = [
      `subscription { log(session: "${id}") { isAvailable lines { text } } }`,
      'subscription { log { isAvailable lines { text } } }',
      `subscription { session(id: "${id}") { status { targets { ${target} } } } }`,
      `subscription { targetChanges(session: "${id}") { changes { target { ${target} } } } }`,
      `subscription { sessionChanges { changes { session { status { targets { ${target} } } } } } }`,
    ];
    for (const text of queries) {
      expect(await (await ask('tilt-*', text)).text()).toContain('expected 4, got 5');
      expect(await (await ask('other-*', text)).text()).not.toMatch(SHOWN);
    }
    for (const text of subscriptions) {
      expect(await readFirst('tilt-*', text, (got) => SHOWN.test(got))).toMatch(SHOWN);
      expect(await readFirst('other-*', text, (got) => got.includes('"data":'))).not.toMatch(SHOWN);
    }
    const metrics = await fetch(`${gateway.origin}/metrics`, {
      headers: { authorization: `Bearer ${await identity.sign({ tilt_instances: 'other-*' })}` },
    });
    expect(await metrics.text()).not.toMatch(SHOWN);
  });

  it('shows the last lines of resources and targets, and nothing without the option', async () => {
    await using fake = await startTiltWithLogs({ sessions: [] });
    const { server, hud, tokenFile } = fake;
    playHudCiUpToEnd(fake, 'run-1');
    const query = `{ session { resources { name log(last: 1) { level text } }
      status { targets { name log(last: 1) { text } } } } }`;
    const ask = async (gateway: TiltGateway) => {
      const { data } = await gateway.query<{ session: object }>(query);
      return data.session;
    };
    await using without = await startTiltGateway({ [hud.context]: server });
    await without.session(hud.context).until({ connection: { state: 'LIVE' } });
    const nothing = ['lint', '(Tiltfile)', 'unit'].length;
    const targets = (await ask(without)) as { status: { targets: { log: null }[] } };
    expect(targets.status.targets.map(({ log }) => log)).toEqual(Array.from({ length: nothing }, () => null));
    expect(hud.requests).toEqual([]);
    await using gateway = await startTiltGateway(
      { [hud.context]: server },
      { logs: createTiltLogs({ tokenFile }) },
    );
    await expect
      .poll(() => ask(gateway))
      .toMatchObject({
        status: {
          targets: [
            { name: 'lint:update', log: [{ text: 'linting' }] },
            { name: 'tiltfile:update', log: [{ text: 'Successfully loaded Tiltfile (1.420315ms)' }] },
            { name: 'unit:update', log: [{ text: 'running 3 tests' }] },
          ],
        },
      });
  });

  it('after a restart of the Tilt shows no line of the previous run', async () => {
    await using fake = await startTiltWithLogs({ sessions: [] });
    const { server, hud, tokenFile } = fake;
    playHudCiUpToEnd(fake, 'run-1');
    await using gateway = await startTiltGateway(
      { [hud.context]: server },
      { logs: createTiltLogs({ tokenFile }) },
    );
    const read = async () => {
      const query = '{ session { metadata { uid } status { targets { log(last: 9) { text } } } } }';
      return (await gateway.query<{ session: object }>(query)).data.session;
    };
    await expect.poll(async () => JSON.stringify(await read())).toContain('running 3 tests');
    hud.restart();
    hud.cut();
    await server.restart();
    await gateway.updateKubeconfig({ [hud.context]: server });
    const uid = server.sessions[0]?.metadata.uid;
    const states: string[] = [];
    const poll = async () => {
      const session = await read();
      states.push(JSON.stringify(session));
      return session;
    };
    await expect.poll(poll).toMatchObject({ metadata: { uid } });
    await expect.poll(() => hud.open).toBe(1);
    hud.send({ isComplete: true });
    await expect.poll(poll).toMatchObject({ status: { targets: [{ log: [] }, { log: [] }, { log: [] }] } });
    const ofNewRun = states.filter((state) => state.includes(JSON.stringify(uid)));
    expect(ofNewRun.filter((state) => state.includes('"text"'))).toEqual([]);
  });

  it('with a rejected token keeps the Session LIVE, has no log, and names the file once', async () => {
    await using fake = await startTiltWithLogs({ tokenInFile: 'wrong' });
    const { server, hud, tokenFile } = fake;
    await using gateway = await startTiltGateway(
      { [hud.context]: server },
      { logs: createTiltLogs({ tokenFile }) },
    );
    const query = '{ gateway { sources { name state unavailable } } targets { log { text } } }';
    await expect
      .poll(async () => (await gateway.query<object>(query)).data)
      .toEqual({
        gateway: {
          sources: [
            { name: 'tilt', state: 'LIVE', unavailable: [] },
            {
              name: hud.context,
              state: 'LIVE',
              unavailable: [
                expect.stringMatching(
                  new RegExp(`^logs: .*: the token was rejected, it is from ${tokenFile}$`),
                ),
              ],
            },
          ],
        },
        targets: [{ log: null }],
      });
    expect(hud.requests).toEqual(['/api/websocket_token']);
  });
});
