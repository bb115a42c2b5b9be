import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { memoize } from '../lib/memoize.js';

/** Length of a list of the introspection. */
interface ListSize {
  /** Number of objects in the schema that have the list. */
  readonly parents: number;
  /** Total length of these lists. */
  readonly total: number;
  /** Length of the longest one. */
  readonly max: number;
}

/** Sizes by field, such as `__Type.fields`. */
export type IntrospectionSizes = ReadonlyMap<string, ListSize>;

/** Returns the lengths of the lists in which a schema describes itself. Counted once per schema. */
export const introspectionSizesOf = memoize(measure);

/**
 * Returns the maximum length of the lists of some objects: the total if these are all, otherwise the longest
 * list for each.
 */
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
