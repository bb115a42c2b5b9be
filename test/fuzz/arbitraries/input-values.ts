import {
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';
import type { Choices } from './choices.js';

/** Ids and names that are there, and some that are not; the sizes about which values are made. */
export interface KnownTexts {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  /** Texts of this length are made, and some that are one character longer. */
  readonly textLength: number;
  /** Lists of this length are made, and some that are one entry longer. */
  readonly listLength: number;
}

const INTS = [-1, 0, 1, 2, 3, 10, 50, 1_000];
const GLOBS = ['*', '*:serve', 't?rget*', '**a**', 'nothing'];

/** One of so many texts and lists is as long as the limit, and one is longer. */
const RARE = 60;

/** A value of an input type, as it stands in JSON: enums by their names. */
export function inputOf(
  type: GraphQLInputType,
  name: string,
  choices: Choices,
  { ids, names, ...lengths }: KnownTexts,
): unknown {
  const { choose, pick } = choices;
  return anyOf(type, name);

  function anyOf(of: GraphQLInputType, called: string): unknown {
    if (isNonNullType(of)) return presentOf(of.ofType, called);
    return choose(12) === 11 ? null : presentOf(of, called);
  }

  function presentOf(of: GraphQLInputType, called: string): unknown {
    if (isListType(of)) return listOf(of.ofType, called);
    if (isEnumType(of)) return pick(of.getValues()).name;
    if (isInputObjectType(of)) {
      const fields = Object.values(of.getFields()).filter(
        (field) => isNonNullType(field.type) || choose(3) === 1,
      );
      return Object.fromEntries(fields.map((field) => [field.name, anyOf(field.type, field.name)]));
    }
    if (!isScalarType(of)) return null;
    if (of.name === 'Int') return pick(INTS);
    if (of.name === 'Boolean') return choose(2) === 0;
    if (of.name === '_Any') return { __typename: pick(['Session', 'Target', 'Junk']), id: pick(ids) };
    return of.name === 'ID' || called === 'id' || called === 'session' ? pick(ids) : textOf();
  }

  function listOf(of: GraphQLInputType, called: string): unknown[] {
    const length = lengthNear(lengths.listLength);
    if (length !== null) return new Array<unknown>(length).fill(anyOf(of, called));
    return Array.from({ length: choose(4) }, () => anyOf(of, called));
  }

  function textOf(): string {
    const length = lengthNear(lengths.textLength);
    return length === null ? pick([...names, ...GLOBS]) : '*a'.repeat(length).slice(0, length);
  }

  /** Mostly null: of no special length. */
  function lengthNear(limit: number): number | null {
    const choice = choose(RARE);
    if (choice === RARE - 1) return limit + 1;
    return choice === RARE - 2 ? limit : null;
  }
}

/** How a value is written in a document. `replace` is asked for each part, and may give a variable in its place. */
export function literalOf(
  type: GraphQLInputType,
  value: unknown,
  replace: (type: GraphQLInputType, value: unknown) => string | null,
): string {
  return replace(type, value) ?? write(getNullableType(type), value);

  function write(of: GraphQLInputType, part: unknown): string {
    if (isListType(of) && Array.isArray(part)) {
      // The entries of a long list are all the same.
      const few = part.slice(0, 3).map((item) => literalOf(of.ofType, item, replace));
      return `[${part.map((_, index) => few[index % few.length]).join(' ')}]`;
    }
    if (isEnumType(of)) return String(part);
    if (isInputObjectType(of) && typeof part === 'object' && part !== null) {
      const members = Object.entries(part).map(([name, member]) => {
        const field = of.getFields()[name];
        return field ? `${name}: ${literalOf(field.type, member, replace)}` : '';
      });
      return `{${members.join(' ')}}`;
    }
    return isScalarType(of) && of.name === '_Any' ? objectLiteral(part) : JSON.stringify(part);
  }
}

function objectLiteral(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}: ${JSON.stringify(member)}`)
    .join(' ')}}`;
}
