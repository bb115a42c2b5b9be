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

/** Known and unknown ids and names, and the limits near which values are generated. */
export interface KnownTexts {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  /** Length limit of texts. Texts of this length and one character longer are generated. */
  readonly stringLength: number;
  /** Length limit of lists. Lists of this length and one entry longer are generated. */
  readonly listLength: number;
}

const INTS = [-1, 0, 1, 2, 3, 10, 50, 1_000];
const GLOBS = ['*', '*:serve', 't?rget*', '**a**', 'nothing'];

/** One in this many texts and lists has the maximum length, and one exceeds it. */
const RARE = 60;

/** Generates the JSON value of an input type. Enums are given by name. */
export function generateInput(
  type: GraphQLInputType,
  name: string,
  choices: Choices,
  { ids, names, ...lengths }: KnownTexts,
): unknown {
  const { choose, pick } = choices;
  return anyValue(type, name);

  function anyValue(of: GraphQLInputType, called: string): unknown {
    if (isNonNullType(of)) return nonNullValue(of.ofType, called);
    return choose(12) === 11 ? null : nonNullValue(of, called);
  }

  function nonNullValue(of: GraphQLInputType, called: string): unknown {
    if (isListType(of)) return listValue(of.ofType, called);
    if (isEnumType(of)) return pick(of.getValues()).name;
    if (isInputObjectType(of)) {
      const fields = Object.values(of.getFields()).filter(
        (field) => isNonNullType(field.type) || choose(3) === 1,
      );
      return Object.fromEntries(fields.map((field) => [field.name, anyValue(field.type, field.name)]));
    }
    if (!isScalarType(of)) return null;
    if (of.name === 'Int') return pick(INTS);
    if (of.name === 'Boolean') return choose(2) === 0;
    if (of.name === '_Any') return { __typename: pick(['Session', 'Target', 'Junk']), id: pick(ids) };
    return of.name === 'ID' || called === 'id' || called === 'session' ? pick(ids) : textValue();
  }

  function listValue(of: GraphQLInputType, called: string): unknown[] {
    const length = lengthNear(lengths.listLength);
    if (length !== null) return new Array<unknown>(length).fill(anyValue(of, called));
    return Array.from({ length: choose(4) }, () => anyValue(of, called));
  }

  function textValue(): string {
    const length = lengthNear(lengths.stringLength);
    return length === null ? pick([...names, ...GLOBS]) : '*a'.repeat(length).slice(0, length);
  }

  /** A length at or above the limit, or null in most cases. */
  function lengthNear(limit: number): number | null {
    const choice = choose(RARE);
    if (choice === RARE - 1) return limit + 1;
    return choice === RARE - 2 ? limit : null;
  }
}

/**
 * Prints a value as a GraphQL literal. `replace` is called for each part and may return a variable instead.
 */
export function printLiteral(
  type: GraphQLInputType,
  value: unknown,
  replace: (type: GraphQLInputType, value: unknown) => string | null,
): string {
  return replace(type, value) ?? write(getNullableType(type), value);

  function write(of: GraphQLInputType, part: unknown): string {
    if (isListType(of) && Array.isArray(part)) {
      // All entries of a long list are equal.
      const few = part.slice(0, 3).map((item) => printLiteral(of.ofType, item, replace));
      return `[${part.map((_, index) => few[index % few.length]).join(' ')}]`;
    }
    if (isEnumType(of)) return String(part);
    if (isInputObjectType(of) && typeof part === 'object' && part !== null) {
      const members = Object.entries(part).map(([name, member]) => {
        const field = of.getFields()[name];
        return field ? `${name}: ${printLiteral(field.type, member, replace)}` : '';
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
