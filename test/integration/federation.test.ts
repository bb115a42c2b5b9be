import { buildSchema, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { runCli } from '../support/cli.js';
import { startGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { __typename ... on Session { id } ... on Target { id phase } }
}`;

async function startSubgraph(limit = {}) {
  const { provider } = createMemoryProvider('mine', [session('shop', { 'api:serve': 'ready' })]);
  const started = await startGateway({ providers: [provider], federation: true, ...limit });
  await started.gateway.ready();
  return started;
}

describe('a subgraph of Apollo Federation 2', () => {
  it('tells its schema with the keys of its entities, and without `node`', async () => {
    await using subgraph = await startSubgraph();
    const { data } = await subgraph.query<{ _service: { sdl: string } }>('{ _service { sdl } }');
    const { sdl } = data._service;
    expect(sdl).toContain('extend schema @link(url: "https://specs.apollo.dev/federation/v2.0"');
    expect(sdl).toContain('type Session implements Node @key(fields: "id")');
    expect(sdl).toContain('type Target implements Node @key(fields: "id")');
    const query = buildSchema(sdl, { assumeValidSDL: true }).getType('Query');
    if (!isObjectType(query)) throw new Error('Expected a type Query.');
    expect(Object.keys(query.getFields())).toEqual(['session', 'sessions', 'target', 'targets', 'gateway']);
  });

  it('resolves references to Sessions and targets, null for what is not there', async () => {
    await using subgraph = await startSubgraph();
    const representations = [
      { __typename: 'Target', id: 'shop/Tiltfile#api:serve' },
      { __typename: 'Session', id: 'shop/Tiltfile' },
      { __typename: 'Session', id: 'gone/Tiltfile' },
      { __typename: 'Session', id: 'shop/Tiltfile#api:serve' },
    ];
    expect(await subgraph.query(ENTITIES, { representations })).toEqual({
      data: {
        _entities: [
          { __typename: 'Target', id: 'shop/Tiltfile#api:serve', phase: 'READY' },
          { __typename: 'Session', id: 'shop/Tiltfile' },
          null,
          null,
        ],
      },
    });
  });

  it.each([
    ['of another type', { __typename: 'Verdict', id: 'shop/Tiltfile' }],
    ['without an id', { __typename: 'Session' }],
    ['with an id that is no text', { __typename: 'Session', id: { is: 1 } }],
    ['of no type', { id: 'shop/Tiltfile' }],
    ['that is no object', 'shop/Tiltfile'],
  ])('has an error in the place of a reference %s, and answers the others', async (_, wrong) => {
    await using subgraph = await startSubgraph();
    const representations = [wrong, { __typename: 'Session', id: 'shop/Tiltfile' }];
    const answer = await subgraph.query(ENTITIES, { representations });
    expect(answer).toMatchObject({
      data: { _entities: [null, { id: 'shop/Tiltfile' }] },
      errors: [{ path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  it('counts each reference into the complexity of a query', async () => {
    await using subgraph = await startSubgraph({ limits: { complexity: 100 } });
    const representations = Array.from({ length: 50 }, () => ({
      __typename: 'Session',
      id: 'shop/Tiltfile',
    }));
    const answer = await subgraph.query(ENTITIES, { representations });
    expect(answer.errors?.[0]?.message).toContain("The document's complexity: expected at most 100");
  });

  it('is one by the flag too', async () => {
    await using command = runCli(['--port', '0', '--source', 'demo', '--federation']);
    const [, url = ''] = await command.until(/listens on (http:\S+)/);
    expect(await (await fetch(`${url}?query={_service{sdl}}`)).text()).toContain('@key');
  });

  it('is none unless it is told to be', async () => {
    await using gateway = await startGateway();
    const { errors } = await gateway.query('{ _service { sdl } }');
    expect(errors?.[0]?.message).toContain('Cannot query field "_service"');
  });
});
