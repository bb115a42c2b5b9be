import fc from 'fast-check';
import {
  type GraphQLArgument,
  GraphQLBoolean,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { type Choices, createChoices, tapes } from './choices.js';
import { inputOf, type KnownTexts, literalOf } from './input-values.js';

/** A valid query or subscription, and requests for it. */
export interface SchemaDocument {
  readonly query: string;
  readonly operation: 'query' | 'subscription';
  /** Lengths of its texts and lists. */
  readonly lengths: Lengths;
  readonly requests: readonly DocumentRequest[];
}

/** How a document is asked for. */
export interface DocumentRequest {
  readonly variables: Readonly<Record<string, unknown>>;
  /** Any number: what is asked is up to the surface. */
  readonly choice: number;
}

/** The longest of all texts and lists. */
export interface Lengths {
  readonly text: number;
  readonly list: number;
}

/** Queries and subscriptions made of a schema: fragments within fragments, aliases, directives, literals, and variables of every size. */
export function schemaDocuments(schema: GraphQLSchema, known: KnownTexts): fc.Arbitrary<SchemaDocument> {
  return fc
    .tuple(tapes(150), fc.array(tapes(12), { minLength: 1, maxLength: 4, size: 'max' }))
    .map(([tape, requests]) => {
      const { declared, ...document } = writeDocument(schema, known, createChoices(tape));
      return {
        ...document,
        requests: requests.map((each) => requestOf(declared, known, createChoices(each))),
      };
    });
}

/** Declared variables by name. */
type Declared = ReadonlyMap<string, GraphQLInputType>;

function requestOf(declared: Declared, known: KnownTexts, choices: Choices): DocumentRequest {
  const choice = choices.choose(1_000);
  const variables: Record<string, unknown> = {};
  for (const [name, type] of declared) {
    const kind = choices.choose(8);
    if (kind === 7) variables[name] = null;
    else if (kind < 6) variables[name] = inputOf(type, '', choices, known);
  }
  return { variables, choice };
}

/** The lengths of the longest text and the longest list in a value. */
export function lengthsOf(value: unknown): Lengths {
  if (typeof value === 'string') return { text: value.length, list: 0 };
  if (typeof value !== 'object' || value === null) return { text: 0, list: 0 };
  const members = Object.values(value).map(lengthsOf);
  return {
    text: Math.max(0, ...members.map(({ text }) => text)),
    list: Math.max(Array.isArray(value) ? value.length : 0, ...members.map(({ list }) => list)),
  };
}

type Written = Omit<SchemaDocument, 'requests'> & { readonly declared: Declared };

function writeDocument(schema: GraphQLSchema, known: KnownTexts, choices: Choices): Written {
  const { choose, pick } = choices;
  const fragments: { readonly name: string; readonly type: GraphQLNamedType; text: string }[] = [];
  const declared = new Map<string, GraphQLInputType>();
  const declarations: string[] = [];
  let aliases = 0;
  let lengths: Lengths = { text: 0, list: 0 };
  const operation = choose(4) === 3 ? 'subscription' : 'query';
  const body = operation === 'query' ? selectionOf(rootOf(schema.getQueryType()), 6) : subscribe();
  const head = `${operation} ${declarations.length > 0 ? `(${declarations.join(' ')}) ` : ''}`;
  const query = [head + body, ...fragments.map(({ text }) => text)].join('\n');
  return { query, operation, lengths, declared };

  /** One field, without a condition. */
  function subscribe(): string {
    const field = pick(Object.values(rootOf(schema.getSubscriptionType()).getFields()));
    return `{ ${fieldOf(field, 6, '')} }`;
  }

  function selectionOf(type: GraphQLNamedType, depth: number): string {
    const parts = Array.from({ length: 1 + choose(4) }, () => partOf(type, depth));
    return `{ ${parts.join(' ')} }`;
  }

  function partOf(type: GraphQLNamedType, depth: number): string {
    const kind = choices.isOver ? 2 : choose(12);
    if (kind === 0 && depth > 0) return `... on ${type.name} ${directive()}${selectionOf(type, depth - 1)}`;
    if (kind === 1 && depth > 0) return `...${fragmentOf(type, depth)} ${directive()}`;
    if (!isObjectType(type)) return `... on ${possibleOf(type, depth)}`;
    const fields = Object.values(type.getFields()).filter(
      (field) => depth > 0 || !isCompositeType(getNamedType(field.type)),
    );
    return fields.length === 0 || choices.isOver ? '__typename' : fieldOf(pick(fields), depth);
  }

  function possibleOf(type: GraphQLNamedType, depth: number): string {
    if (!isAbstractType(type)) throw new Error(`Expected an open type, got ${type.name}.`);
    const possible = pick(schema.getPossibleTypes(type));
    return `${possible.name} ${selectionOf(possible, Math.max(depth - 1, 0))}`;
  }

  function fragmentOf(type: GraphQLNamedType, depth: number): string {
    const same = fragments.filter((fragment) => fragment.type === type && fragment.text !== '');
    if (same.length > 0 && choose(2) === 0) return pick(same).name;
    const fragment = { name: `F${fragments.length}`, type, text: '' };
    fragments.push(fragment);
    fragment.text = `fragment ${fragment.name} on ${type.name} ${selectionOf(type, depth - 1)}`;
    return fragment.name;
  }

  /** An alias for each, since two fields of one name must have the same arguments. */
  function fieldOf(
    field: GraphQLField<unknown, unknown>,
    depth: number,
    condition: string | null = null,
  ): string {
    aliases += 1;
    const type = getNamedType(field.type);
    const args = field.args.flatMap(argumentOf);
    const call = `a${aliases}: ${field.name}${args.length > 0 ? `(${args.join(' ')})` : ''}`;
    const text = `${call} ${condition ?? directive()}`;
    return isCompositeType(type) ? text + selectionOf(type, depth - 1) : text;
  }

  function directive(): string {
    const kind = choose(12);
    if (kind < 9) return '';
    const condition = choose(3) === 0 ? declare(new GraphQLNonNull(GraphQLBoolean), true) : choose(2) === 0;
    return `${kind === 9 ? '@skip' : '@include'}(if: ${condition}) `;
  }

  function argumentOf({ name, type }: GraphQLArgument): string[] {
    if (!isNonNullType(type) && choose(2) === 0) return [];
    return [`${name}: ${literalOf(type, inputOf(type, name, choices, known), variableOrNote)}`];
  }

  function variableOrNote(type: GraphQLInputType, value: unknown): string | null {
    return choose(4) === 3 ? declare(type, value) : note(value);
  }

  /** A variable of this type; now and then with a default, which may then stand where null may not. */
  function declare(type: GraphQLInputType, value: unknown): string {
    const name = `v${declared.size}`;
    declared.set(name, type);
    const hasDefault = value !== null && choose(3) === 2;
    const standard = hasDefault
      ? ` = ${literalOf(getNullableType(type), value, (_, part) => note(part))}`
      : '';
    declarations.push(`$${name}: ${hasDefault ? getNullableType(type) : type}${standard}`);
    return `$${name}`;
  }

  function note(value: unknown): null {
    if (typeof value === 'string') lengths = { ...lengths, text: Math.max(lengths.text, value.length) };
    if (Array.isArray(value)) lengths = { ...lengths, list: Math.max(lengths.list, value.length) };
    return null;
  }
}

function rootOf(type: GraphQLObjectType | null | undefined): GraphQLObjectType {
  if (!type) throw new Error('Expected a root type.');
  return type;
}
