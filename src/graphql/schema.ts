import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  type ConstDirectiveNode,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  type ValueNode,
  visit,
} from 'graphql';
import { isRecord } from '../lib/is-record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { Context } from './context.js';
import { badInput } from './errors.js';
import type { SubscriptionResolvers } from './generated.js';
import { pacedItems, paceLists } from './pacer.js';
import { findNode, typeOfNode } from './relay.js';
import { resolvers } from './resolvers.js';

/** Content of `schema.graphql`, the contract with clients. */
export const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');

/**
 * Creates the executable schema. The resolvers of subscriptions are passed in.
 *
 * @param options `federation`: whether it can be a subgraph of Apollo Federation 2. Default: false
 */
export function createSchema(
  subscription: SubscriptionResolvers,
  { federation = false }: { readonly federation?: boolean } = {},
): GraphQLSchema {
  const document = parse(typeDefs, { noLocation: true });
  const more = federation ? [subgraphOf(typeDefs)] : [];
  const schema = makeExecutableSchema({
    ...TRUSTED,
    typeDefs: [document, ...more.map((extension) => extension.typeDefs)],
    resolvers: [
      { ...resolvers, Subscription: subscription },
      scalars,
      enumValues(document),
      ...more.map((extension) => extension.resolvers),
    ],
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  paceLists(schema);
  return schema;
}

/**
 * The text is checked by a test. Checking it at each start took a twentieth of the start-up time.
 */
const TRUSTED = { assumeValidSDL: true };

const text = {
  serialize: textOf,
  parseValue: textOf,
  parseLiteral: (node: ValueNode) => textOf(node.kind === Kind.STRING ? node.value : undefined),
};

/** Behaviour of the scalars. `JSON` is passed through, the default of a declared scalar. */
const scalars = {
  // Text of the model, which was checked when it was decoded.
  MicroTime: text,
  Duration: text,
  Int64: {
    serialize: safeInteger,
    parseValue: safeInteger,
    parseLiteral: (node: ValueNode) => safeInteger(node.kind === Kind.INT ? Number(node.value) : undefined),
  },
};

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new GraphQLError(`Expected a text, got ${JSON.stringify(value)}.`);
  return value;
}

function safeInteger(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new GraphQLError(`Expected a whole number within 2^53, got ${JSON.stringify(value)}.`);
  }
  return value;
}

/** Returns the model's word for each value of each enum: `not-applicable` for NOT_APPLICABLE. */
export function enumValues({ definitions }: DocumentNode): Record<string, Record<string, string>> {
  const enums = definitions.filter((node) => node.kind === Kind.ENUM_TYPE_DEFINITION);
  return Object.fromEntries(
    enums.map(({ name, values = [] }) => [
      name.value,
      Object.fromEntries(values.map((value) => [value.name.value, modelWord(value.name.value)])),
    ]),
  );
}

function modelWord(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** Definitions that are added to a schema, with their resolvers. */
export interface SchemaExtension {
  readonly typeDefs: string;
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The directives that the schema uses. */
const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])';

/**
 * Directives of types, on their definitions: on an `extend type`, `@shareable` is only about the fields of
 * that extension. Entities have a key. The types of Relay and of Kubernetes are shareable, since other
 * subgraphs may define the same ones.
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives
 */
const TYPE_DIRECTIVES: ReadonlyMap<string, string> = new Map([
  ...['Session', 'Target'].map((name) => [name, '@key(fields: "id")'] as const),
  ...['PageInfo', 'ObjectMeta', 'KeyValue', 'OwnerReference', 'ManagedFieldsEntry'].map(
    (name) => [name, '@shareable'] as const,
  ),
]);

/**
 * Fields that a router requires of a subgraph of Apollo Federation 2. Written by hand: the library for it
 * needs some twelve packages, and adds a property to the Sessions in the store.
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

/** Extends a schema to a subgraph. */
export function subgraphOf(typeDefs: string): SchemaExtension {
  const sdl = `${LINK}\n\n${subgraphSdl(typeDefs)}\n`;
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
 * Returns the definitions with the directives of federation, and without `Query.node`: several subgraphs may
 * have one, and none of them resolves the ids of the others.
 */
function subgraphSdl(typeDefs: string): string {
  const document = visit(parse(typeDefs), {
    ObjectTypeDefinition(type): ObjectTypeDefinitionNode | false {
      const name = type.name.value;
      const directive = TYPE_DIRECTIVES.get(name);
      if (directive !== undefined) return { ...type, directives: directivesOf(directive) };
      if (name !== 'Query') return false;
      return { ...type, fields: (type.fields ?? []).filter((field) => field.name.value !== 'node') };
    },
  });
  return print(document);
}

function directivesOf(text: string): readonly ConstDirectiveNode[] {
  const [definition] = parse(`scalar Any ${text}`).definitions;
  return definition?.kind === Kind.SCALAR_TYPE_DEFINITION ? (definition.directives ?? []) : [];
}

/** An error replaces a single entity: the others are returned. */
function entityOf(store: ReadableStore, representation: unknown) {
  if (!isReference(representation)) {
    return badInput('representations: expected `{ __typename: "Session" or "Target", id: String }`.');
  }
  const node = findNode(store, representation.id);
  return node !== null && typeOfNode(node) === representation.__typename ? node : null;
}

function isReference(
  value: unknown,
): value is { readonly __typename: 'Session' | 'Target'; readonly id: string } {
  if (!isRecord(value) || typeof value.id !== 'string') return false;
  return value.__typename === 'Session' || value.__typename === 'Target';
}
