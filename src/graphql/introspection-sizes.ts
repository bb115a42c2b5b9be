import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { memoize } from '../lib/memoize.js';

/** How long a list of the introspection is. */
interface ListSize {
  /** How many objects in the whole schema have the list. */
  readonly parents: number;
  /** What all their lists hold together. */
  readonly total: number;
  /** What the longest of them holds. */
  readonly max: number;
}

/** Sizes by field, such as `__Type.fields`. */
export type IntrospectionSizes = ReadonlyMap<string, ListSize>;

/** How long the lists are in which a schema describes itself: counted once. */
export const introspectionSizesOf = memoize(measure);

/** The items of a list of some objects: of all there are when they are as many, and else each may have the longest. */
export function countListed({ parents, total, max }: ListSize, count: number): number {
  return count === parents ? total : count * max;
}

function measure(schema: GraphQLSchema): IntrospectionSizes {
  const types = Object.values(schema.getTypeMap());
  const directives = schema.getDirectives();
  const withFields = types.filter((type) => isObjectType(type) || isInterfaceType(type));
  const fields = withFields.flatMap((type) => Object.values(type.getFields()));
  return new Map<string, ListSize>([
    ['__Schema.types', sizeOf([types.length])],
    ['__Schema.directives', sizeOf([directives.length])],
    ['__Directive.args', sizeOf(directives.map(({ args }) => args.length))],
    ['__Directive.locations', sizeOf(directives.map(({ locations }) => locations.length))],
    ['__Field.args', sizeOf(fields.map(({ args }) => args.length))],
    ['__Type.fields', ofTypes(withFields.map((type) => Object.keys(type.getFields()).length))],
    ['__Type.interfaces', ofTypes(withFields.map((type) => type.getInterfaces().length))],
    ['__Type.enumValues', ofTypes(types.filter(isEnumType).map((type) => type.getValues().length))],
    [
      '__Type.inputFields',
      ofTypes(types.filter(isInputObjectType).map((type) => Object.keys(type.getFields()).length)),
    ],
    [
      '__Type.possibleTypes',
      ofTypes(
        types
          .filter((type) => isUnionType(type) || isInterfaceType(type))
          .map((type) => schema.getPossibleTypes(type).length),
      ),
    ],
  ]);

  function ofTypes(lengths: readonly number[]): ListSize {
    return { ...sizeOf(lengths), parents: types.length };
  }
}

function sizeOf(lengths: readonly number[]): ListSize {
  return {
    parents: lengths.length,
    total: lengths.reduce((sum, length) => sum + length, 0),
    max: Math.max(...lengths, 0),
  };
}
