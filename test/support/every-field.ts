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

/** Values of required arguments, by argument name. */
export type RequiredArguments = Readonly<Record<string, string>>;

/** Builds a query that selects every reachable field of the schema. A type is not expanded inside itself. */
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

// Members of a union may have a field of the same name with different types. The alias avoids the conflict.
function alias({ name }: GraphQLField<unknown, unknown>, parent: string): string {
  return `${parent}_${name}: ${name}`;
}

function formatArguments(field: GraphQLField<unknown, unknown>, required: RequiredArguments): string {
  const given = field.args.filter(isRequiredArgument).map(({ name }) => `${name}: ${required[name]}`);
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}
