import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parse, print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { typeDefs } from '../../src/graphql/schema.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway } from '../support/gateway.js';
import { createPeerFolder } from './support/peers.js';

/** Types of Relay and Kubernetes. A type shared by several services must have the same fields in each. */
const SHARED = ['PageInfo', 'ObjectMeta', 'KeyValue', 'OwnerReference', 'ManagedFieldsEntry'];

function sharedTypes(): string {
  return parse(typeDefs)
    .definitions.filter((type) => 'name' in type && SHARED.includes(type.name?.value ?? ''))
    .map((type) => print(type).replace(/^type \w+/m, '$& @shareable'))
    .join('\n\n');
}

/** Another service with every standard type: those of Relay and Kubernetes, the scalars, and the entities. */
const OTHER = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

scalar JSON
scalar Int64
scalar Duration
scalar MicroTime

interface Node { id: ID! }

type Query {
  node(id: ID!): Node
  widgets: WidgetConnection!
  age: Duration
  owners: [OwnerReference!]!
  fields: [ManagedFieldsEntry!]!
}

type WidgetConnection { edges: [WidgetEdge!]! pageInfo: PageInfo! totalCount: Int! }
type WidgetEdge { node: Widget! cursor: String! }
type Widget implements Node @key(fields: "id") { id: ID! metadata: ObjectMeta session: Session }
type Session implements Node @key(fields: "id") { id: ID! team: String }
type Target implements Node @key(fields: "id") { id: ID! team: String }

${sharedTypes()}
`;

/** Composes the services in its input with a library, and prints the errors and the supergraph. */
const COMPOSE = `
import { text } from 'node:stream/consumers';
import { parse } from 'graphql';
const { library, services } = JSON.parse(await text(process.stdin));
const { composeServices } = await import(library);
const parsed = services.map(({ name, sdl }) => ({ name, url: 'http://127.0.0.1/' + name, typeDefs: parse(sdl) }));
const { errors = [], supergraphSdl } = composeServices(parsed);
console.log(JSON.stringify({ errors: errors.map(({ message }) => message), supergraphSdl }));
`;

async function subgraphSdl(): Promise<string> {
  const { provider } = createMemoryProvider('mine');
  await using subgraph = await startGateway({ providers: [provider], federation: true });
  const { data } = await subgraph.query<{ _service: { sdl: string } }>('{ _service { sdl } }');
  return data._service.sdl;
}

describe('a supergraph of the gateway and a service that shares every standard type', () => {
  it.each(['@apollo/composition', '@theguild/federation-composition'])(
    'is composed by %s without errors',
    async (library) => {
      await using folder = await createPeerFolder();
      await folder.write('compose.mjs', COMPOSE);
      const services = [
        { name: 'tilt', sdl: await subgraphSdl() },
        { name: 'other', sdl: OTHER },
      ];
      const composing = promisify(execFile)(process.execPath, ['compose.mjs'], { cwd: folder.path });
      composing.child.stdin?.end(JSON.stringify({ library, services }));
      const { errors, supergraphSdl } = JSON.parse((await composing).stdout);
      expect(errors).toEqual([]);
      expect(supergraphSdl).toContain('type PageInfo');
    },
  );
});
