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

describe('Apollo Federation 2', () => {
  it('the subgraph schema contains the keys of its entities and no `node` field', async () => {
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

  it('_entities resolves references to Sessions and targets, and returns null for unknown ones', async () => {
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
    ['with an id that is not a string', { __typename: 'Session', id: { is: 1 } }],
    ['without a type', { id: 'shop/Tiltfile' }],
    ['that is not an object', 'shop/Tiltfile'],
  ])('_entities returns an error for a reference %s and resolves the others', async (_, wrong) => {
    await using subgraph = await startSubgraph();
    const representations = [wrong, { __typename: 'Session', id: 'shop/Tiltfile' }];
    const answer = await subgraph.query(ENTITIES, { representations });
    expect(answer).toMatchObject({
      data: { _entities: [null, { id: 'shop/Tiltfile' }] },
      errors: [{ path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  it('each reference of _entities counts towards the complexity of a query', async () => {
    await using subgraph = await startSubgraph({ limits: { complexity: 100 } });
    const representations = Array.from({ length: 50 }, () => ({
      __typename: 'Session',
      id: 'shop/Tiltfile',
    }));
    const answer = await subgraph.query(ENTITIES, { representations });
    expect(answer.errors?.[0]?.message).toContain("The document's complexity: expected at most 100");
  });

  it('--federation turns serve into a subgraph', async () => {
    await using command = runCli(['--port', '0', '--source', 'demo', '--federation']);
    const [, url = ''] = await command.until(/listens on (http:\S+)/);
    expect(await (await fetch(`${url}?query={_service{sdl}}`)).text()).toContain('@key');
  });

  it('the gateway is not a subgraph by default', async () => {
    await using gateway = await startGateway();
    const { errors } = await gateway.query('{ _service { sdl } }');
    expect(errors?.[0]?.message).toContain('Cannot query field "_service"');
  });
});
