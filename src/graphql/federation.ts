import { parse, print, visit } from 'graphql';
import type { ReadableStore } from '../store/scoped.js';
import type { Context } from './context.js';
import { badInput } from './errors.js';
import { nodeOf, typeOfNode } from './lookup.js';
import { pacedItems } from './pacer.js';

/** What is added to a schema: definitions, and resolvers for them. */
export interface SchemaExtension {
  readonly typeDefs: string;
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * What the subgraph says of itself beyond its types. `PageInfo` is Relay's: other subgraphs have the same.
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives
 */
const DIRECTIVES = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])

extend type Session @key(fields: "id")

extend type Target @key(fields: "id")

extend type PageInfo @shareable
`;

/**
 * What a router asks of a subgraph of Apollo Federation 2. Written out: the library for it takes some twelve packages,
 * and puts a property of its own on the Sessions in the store.
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec
 */
const SUBGRAPH = `
"Federation: the fields of an entity's key, with its \`__typename\`."
scalar _Any

"Federation: what can be referred to from other subgraphs."
union _Entity = Session | Target

"Federation: what the subgraph says of itself."
type _Service {
  "Its schema, with the directives of federation."
  sdl: String!
}

extend type Query {
  "Federation: the entities with these keys, null for each that is not there."
  _entities(
    "Such as \`{ __typename: \\"Session\\", id: \\"tilt-default/Tiltfile\\" }\`."
    representations: [_Any!]!
  ): [_Entity]!

  "Federation: what the subgraph says of itself."
  _service: _Service!
}
`;

/** Makes a subgraph of the schema with these definitions. */
export function subgraphOf(typeDefs: string): SchemaExtension {
  const sdl = `${withoutNode(typeDefs)}\n${DIRECTIVES}`;
  return {
    typeDefs: SUBGRAPH,
    resolvers: {
      Query: {
        _service: () => ({ sdl }),
        _entities: (_: unknown, { representations }: Representations, { store, pacer }: Context) => {
          const resolve = (representation: unknown) => entityOf(store, representation);
          return pacer ? pacedItems(representations, pacer, resolve) : representations.map(resolve);
        },
      },
      _Entity: { __resolveType: typeOfNode },
    },
  };
}

interface Representations {
  readonly representations: readonly unknown[];
}

/**
 * The definitions without `Query.node`, for the sake of a supergraph: there, several subgraphs may have one, and none of
 * them knows the others' ids.
 */
function withoutNode(typeDefs: string): string {
  const document = visit(parse(typeDefs), {
    ObjectTypeDefinition: (type) =>
      type.name.value === 'Query'
        ? { ...type, fields: type.fields?.filter(({ name }) => name.value !== 'node') }
        : false,
  });
  return print(document);
}

/** An error in the place of an entity is that one's alone: the others are answered. */
function entityOf(store: ReadableStore, representation: unknown) {
  if (!isReference(representation)) {
    return badInput('representations: expected `{ __typename: "Session" or "Target", id: String }`.');
  }
  const node = nodeOf(store, representation.id);
  return node !== null && typeOfNode(node) === representation.__typename ? node : null;
}

function isReference(
  value: unknown,
): value is { readonly __typename: 'Session' | 'Target'; readonly id: string } {
  if (typeof value !== 'object' || value === null) return false;
  if (!('__typename' in value && 'id' in value)) return false;
  return (value.__typename === 'Session' || value.__typename === 'Target') && typeof value.id === 'string';
}
