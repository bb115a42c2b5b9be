import { type DocumentNode, Kind } from 'graphql';

/** For each enum of a schema, the model's word for each value: `not-applicable` for NOT_APPLICABLE. */
export function enumValues({ definitions }: DocumentNode): Record<string, Record<string, string>> {
  const enums = definitions.filter((node) => node.kind === Kind.ENUM_TYPE_DEFINITION);
  return Object.fromEntries(
    enums.map(({ name, values = [] }) => [
      name.value,
      Object.fromEntries(values.map((value) => [value.name.value, modelWord(value.name.value)])),
    ]),
  );
}

function modelWord(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
