import { type GraphQLSchema, isEnumType } from 'graphql';

/** For each enum of the schema, the model's word for each value: `not-applicable` for NOT_APPLICABLE. */
export function enumValues(schema: GraphQLSchema): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.values(schema.getTypeMap())
      .filter(isEnumType)
      .filter((type) => !type.name.startsWith('__'))
      .map((type) => [
        type.name,
        Object.fromEntries(type.getValues().map(({ name }) => [name, modelWord(name)])),
      ]),
  );
}

function modelWord(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
