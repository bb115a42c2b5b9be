import fc from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** A valid query, and its variables. */
export interface SchemaDocument {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Ids and names that are there, and some that are not. */
export interface KnownTexts {
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

const INTS = [-1, 0, 1, 2, 3, 10, 50, 1_000];
const GLOBS = ['*', '*:serve', 't?rget*', '**a**', 'nothing'];

/** Queries made of a schema: fragments within fragments, aliases, directives, literals and variables. */
export function schemaDocuments(schema: GraphQLSchema, known: KnownTexts): fc.Arbitrary<SchemaDocument> {
  // A tape of choices, so that what fails can be made smaller.
  return fc
    .array(fc.nat(1_000_000), { minLength: 1, maxLength: 120 })
    .map((tape) => createWriter(schema, known, tape));
}

function createWriter(
  schema: GraphQLSchema,
  { ids, names }: KnownTexts,
  tape: readonly number[],
): SchemaDocument {
  const fragments: { readonly name: string; readonly type: GraphQLNamedType; text: string }[] = [];
  const variables: Record<string, unknown> = {};
  const declared: string[] = [];
  let [at, aliases] = [0, 0];
  const root = schema.getQueryType();
  if (!root) throw new Error('Expected a type Query.');
  const body = selectionOf(root, 6);
  const head = declared.length > 0 ? `query (${declared.join(', ')}) ` : '';
  return { query: [head + body, ...fragments.map(({ text }) => text)].join('\n'), variables };

  /** After the end of the tape every choice is the first. */
  function choose(count: number): number {
    const choice = tape[at] ?? 0;
    at += 1;
    return choice % Math.max(count, 1);
  }

  function pick<T>(from: readonly T[]): T {
    const picked = from[choose(from.length)];
    if (picked === undefined) throw new Error('Expected something to choose from.');
    return picked;
  }

  function selectionOf(type: GraphQLNamedType, depth: number): string {
    const parts = Array.from({ length: 1 + choose(4) }, () => partOf(type, depth));
    return `{ ${parts.join(' ')} }`;
  }

  function partOf(type: GraphQLNamedType, depth: number): string {
    const kind = at >= tape.length ? 2 : choose(12);
    if (kind === 0 && depth > 0)
      return `... ${conditionOf(type)}`.concat(` ${directive()}${within(type, depth)}`);
    if (kind === 1 && depth > 0) return `...${fragmentOf(type, depth)} ${directive()}`;
    if (!isObjectType(type)) return `... on ${pickPossible(type)}`;
    const fields = Object.values(type.getFields()).filter(
      (field) => depth > 0 || !isCompositeType(getNamedType(field.type)),
    );
    return fields.length === 0 ? '__typename' : fieldOf(pick(fields), depth);
  }

  function conditionOf(type: GraphQLNamedType): string {
    return `on ${type.name}`;
  }

  function within(type: GraphQLNamedType, depth: number): string {
    return selectionOf(type, depth - 1);
  }

  function pickPossible(type: GraphQLNamedType): string {
    if (!isAbstractType(type)) throw new Error(`Expected an open type, got ${type.name}.`);
    const possible = pick(schema.getPossibleTypes(type));
    return `${possible.name} ${selectionOf(possible, 1)}`;
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
  function fieldOf(field: GraphQLField<unknown, unknown>, depth: number): string {
    aliases += 1;
    const type = getNamedType(field.type);
    const args = field.args.flatMap(argumentOf);
    const text = `a${aliases}: ${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''} ${directive()}`;
    return isCompositeType(type) ? text + selectionOf(type, depth - 1) : text;
  }

  function directive(): string {
    return (
      ['', '', '', '', '@include(if: true) ', '@skip(if: true) ', '@include(if: false) '][choose(7)] ?? ''
    );
  }

  function argumentOf({ name, type }: GraphQLArgument): string[] {
    if (!isNonNullType(type) && choose(2) === 0) return [];
    const value = inputOf(type, name);
    if (choose(3) > 0) return [`${name}: ${literalOf(type, value)}`];
    const variable = `v${declared.length}`;
    declared.push(`$${variable}: ${type}`);
    variables[variable] = value;
    return [`${name}: $${variable}`];
  }

  function inputOf(type: GraphQLInputType, name: string): unknown {
    if (isNonNullType(type)) return inputOf(type.ofType, name);
    if (isListType(type)) return Array.from({ length: choose(4) }, () => inputOf(type.ofType, name));
    if (isEnumType(type)) return pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => isNonNullType(field.type) || choose(3) === 0,
      );
      return Object.fromEntries(fields.map((field) => [field.name, inputOf(field.type, field.name)]));
    }
    if (type.name === 'Int') return pick(INTS);
    if (type.name === 'Boolean') return choose(2) === 0;
    if (type.name === '_Any') return { __typename: pick(['Session', 'Target', 'Junk']), id: pick(ids) };
    if (type.name === 'ID' || name === 'id' || name === 'session') return pick(ids);
    return pick([...names, ...GLOBS]);
  }

  function literalOf(type: GraphQLInputType, value: unknown): string {
    if (isNonNullType(type)) return literalOf(type.ofType, value);
    if (isListType(type)) {
      return Array.isArray(value)
        ? `[${value.map((item) => literalOf(type.ofType, item)).join(', ')}]`
        : '[]';
    }
    if (isEnumType(type)) return String(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const fields = Object.entries(value).map(([name, member]) => {
      const field = isInputObjectType(type) ? type.getFields()[name] : undefined;
      return `${name}: ${field ? literalOf(field.type, member) : JSON.stringify(member)}`;
    });
    return `{${fields.join(', ')}}`;
  }
}
