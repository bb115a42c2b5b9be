import {
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

/** Values for the arguments that the schema requires, by name. */
export type RequiredArguments = Readonly<Record<string, string>>;

/**
 * A query that selects every field of the schema that can be reached: each type in full, but not within itself.
 */
export function buildQueryOfEveryField(schema: GraphQLSchema, required: RequiredArguments): string {
  const root = schema.getQueryType();
  return root ? `query EveryField ${buildSelection(schema, root, required, [])}` : '';
}

function buildSelection(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  required: RequiredArguments,
  within: readonly string[],
): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (isAbstractType(named)) {
    const members = schema.getPossibleTypes(named).map((member) => {
      const selection = buildSelection(schema, member, required, within);
      return selection === '' ? '' : `... on ${member.name} ${selection}`;
    });
    return `{ __typename ${members.join(' ')} }`;
  }
  if (!isObjectType(named) || within.includes(named.name)) return '{ __typename }';
  const fields = Object.values(named.getFields()).map(
    (field) =>
      `${alias(field, named.name)}${formatArguments(field, required)} ${buildSelection(schema, field.type, required, [...within, named.name])}`,
  );
  return `{ __typename ${fields.join(' ')} }`;
}

// Two members of a union may have a field of one name but of two types: an alias keeps them apart.
function alias({ name }: GraphQLField<unknown, unknown>, parent: string): string {
  return `${parent}_${name}: ${name}`;
}

function formatArguments(field: GraphQLField<unknown, unknown>, required: RequiredArguments): string {
  const given = field.args.filter(isRequiredArgument).map(({ name }) => `${name}: ${required[name]}`);
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}
