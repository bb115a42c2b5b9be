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
import { generateInput, type KnownTexts, printLiteral } from './input-values.js';

/** A valid query or subscription, and requests for it. */
export interface SchemaDocument {
  readonly query: string;
  readonly operation: 'query' | 'subscription';
  /** Maximum lengths of its texts and lists. */
  readonly lengths: Lengths;
  readonly requests: readonly DocumentRequest[];
}

/** Variables of a request. */
export interface DocumentRequest {
  readonly variables: Readonly<Record<string, unknown>>;
  /** A random number that the surface uses for its own choices. */
  readonly choice: number;
}

/** Maximum length of all texts and of all lists. */
export interface Lengths {
  readonly text: number;
  readonly list: number;
}

/**
 * Valid queries and subscriptions of a schema, with nested fragments, aliases, directives, literals, and
 * variables of every size.
 */
export function schemaDocuments(schema: GraphQLSchema, known: KnownTexts): fc.Arbitrary<SchemaDocument> {
  return fc
    .tuple(tapes(150), fc.array(tapes(12), { minLength: 1, maxLength: 4, size: 'max' }))
    .map(([tape, requests]) => {
      const { declared, ...document } = writeDocument(schema, known, createChoices(tape));
      return {
        ...document,
        requests: requests.map((each) => buildRequest(declared, known, createChoices(each))),
      };
    });
}

/** Declared variables, by name. */
type Declared = ReadonlyMap<string, GraphQLInputType>;

function buildRequest(declared: Declared, known: KnownTexts, choices: Choices): DocumentRequest {
  const choice = choices.choose(1_000);
  const variables: Record<string, unknown> = {};
  for (const [name, type] of declared) {
    const kind = choices.choose(8);
    if (kind === 7) variables[name] = null;
    else if (kind < 6) variables[name] = generateInput(type, '', choices, known);
  }
  return { variables, choice };
}

/** Maximum lengths of texts and lists in a value. */
export function measureLengths(value: unknown): Lengths {
  if (typeof value === 'string') return { text: value.length, list: 0 };
  if (typeof value !== 'object' || value === null) return { text: 0, list: 0 };
  const members = Object.values(value).map(measureLengths);
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
  const body =
    operation === 'query' ? writeSelection(requireRootType(schema.getQueryType()), 6) : subscribe();
  const head = `${operation} ${declarations.length > 0 ? `(${declarations.join(' ')}) ` : ''}`;
  const query = [head + body, ...fragments.map(({ text }) => text)].join('\n');
  return { query, operation, lengths, declared };

  /** A subscription has one root field, without a directive. */
  function subscribe(): string {
    const field = pick(Object.values(requireRootType(schema.getSubscriptionType()).getFields()));
    return `{ ${writeField(field, 6, '')} }`;
  }

  function writeSelection(type: GraphQLNamedType, depth: number): string {
    const parts = Array.from({ length: 1 + choose(4) }, () => writePart(type, depth));
    return `{ ${parts.join(' ')} }`;
  }

  function writePart(type: GraphQLNamedType, depth: number): string {
    const kind = choices.isOver ? 2 : choose(12);
    if (kind === 0 && depth > 0)
      return `... on ${type.name} ${directive()}${writeSelection(type, depth - 1)}`;
    if (kind === 1 && depth > 0) return `...${writeFragment(type, depth)} ${directive()}`;
    if (!isObjectType(type)) return `... on ${writePossibleType(type, depth)}`;
    const fields = Object.values(type.getFields()).filter(
      (field) => depth > 0 || !isCompositeType(getNamedType(field.type)),
    );
    return fields.length === 0 || choices.isOver ? '__typename' : writeField(pick(fields), depth);
  }

  function writePossibleType(type: GraphQLNamedType, depth: number): string {
    if (!isAbstractType(type)) throw new Error(`Expected an abstract type, got ${type.name}.`);
    const possible = pick(schema.getPossibleTypes(type));
    return `${possible.name} ${writeSelection(possible, Math.max(depth - 1, 0))}`;
  }

  function writeFragment(type: GraphQLNamedType, depth: number): string {
    const same = fragments.filter((fragment) => fragment.type === type && fragment.text !== '');
    if (same.length > 0 && choose(2) === 0) return pick(same).name;
    const fragment = { name: `F${fragments.length}`, type, text: '' };
    fragments.push(fragment);
    fragment.text = `fragment ${fragment.name} on ${type.name} ${writeSelection(type, depth - 1)}`;
    return fragment.name;
  }

  /** Each field gets an alias, because fields with the same name must have the same arguments. */
  function writeField(
    field: GraphQLField<unknown, unknown>,
    depth: number,
    condition: string | null = null,
  ): string {
    aliases += 1;
    const type = getNamedType(field.type);
    const args = field.args.flatMap(writeArgument);
    const call = `a${aliases}: ${field.name}${args.length > 0 ? `(${args.join(' ')})` : ''}`;
    const text = `${call} ${condition ?? directive()}`;
    return isCompositeType(type) ? text + writeSelection(type, depth - 1) : text;
  }

  function directive(): string {
    const kind = choose(12);
    if (kind < 9) return '';
    const condition = choose(3) === 0 ? declare(new GraphQLNonNull(GraphQLBoolean), true) : choose(2) === 0;
    return `${kind === 9 ? '@skip' : '@include'}(if: ${condition}) `;
  }

  function writeArgument({ name, type }: GraphQLArgument): string[] {
    if (!isNonNullType(type) && choose(2) === 0) return [];
    return [`${name}: ${printLiteral(type, generateInput(type, name, choices, known), maybeVariable)}`];
  }

  function maybeVariable(type: GraphQLInputType, value: unknown): string | null {
    return choose(4) === 3 ? declare(type, value) : recordLengths(value);
  }

  /** Declares a variable. Some have a default value and may then be used where null is not allowed. */
  function declare(type: GraphQLInputType, value: unknown): string {
    const name = `v${declared.size}`;
    declared.set(name, type);
    const hasDefault = value !== null && choose(3) === 2;
    const standard = hasDefault
      ? ` = ${printLiteral(getNullableType(type), value, (_, part) => recordLengths(part))}`
      : '';
    declarations.push(`$${name}: ${hasDefault ? getNullableType(type) : type}${standard}`);
    return `$${name}`;
  }

  function recordLengths(value: unknown): null {
    if (typeof value === 'string') lengths = { ...lengths, text: Math.max(lengths.text, value.length) };
    if (Array.isArray(value)) lengths = { ...lengths, list: Math.max(lengths.list, value.length) };
    return null;
  }
}

function requireRootType(type: GraphQLObjectType | null | undefined): GraphQLObjectType {
  if (!type) throw new Error('The schema has no root type for this operation.');
  return type;
}
