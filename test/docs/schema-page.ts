import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  buildSchema,
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLScalarType,
  type GraphQLUnionType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';

/** Where the page is. */
export const SCHEMA_PAGE = new URL('../../docs/schema.md', import.meta.url);

/** `docs/schema.md`, made of the descriptions in `schema.graphql`. */
export function schemaPage(): string {
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
  const roots = types.filter(({ name }) => ROOTS.includes(name));
  const others = types.filter(({ name }) => !ROOTS.includes(name));
  const sections = [
    section('What can be asked', roots.filter(isObjectType).map(fieldsPage)),
    section('Types', others.filter(isObjectType).map(fieldsPage)),
    section('Interfaces', others.filter(isInterfaceType).map(fieldsPage)),
    section('Unions', others.filter(isUnionType).map(unionPage)),
    section('Enums', others.filter(isEnumType).map(enumPage)),
    section('Inputs', others.filter(isInputObjectType).map(inputPage)),
    section('Scalars', others.filter(isScalarType).map(scalarPage)),
  ];
  return `${HEAD}\n${sections.join('\n')}`;
}

const ROOTS = ['Query', 'Subscription'];

const HEAD = `# The schema

Every type and field, from the descriptions in [schema.graphql](../schema.graphql); \`tilt-graphql schema\` prints that file.
\`!\` says that a value is always there. This page is made by \`npx tsx test/docs/schema-page.ts\`.
`;

function section(title: string, pages: readonly string[]): string {
  return `## ${title}\n\n${pages.join('\n')}`;
}

function fieldsPage(type: GraphQLObjectType | GraphQLInterfaceType): string {
  return `${heading(type)}${table(Object.values(type.getFields()).flatMap(fieldRows))}`;
}

function fieldRows(field: GraphQLField<unknown, unknown>): [string, string, string][] {
  const own: [string, string, string] = [field.name, linked(field.type.toString()), text(field.description)];
  const given = field.args.map((argument): [string, string, string] => {
    const { defaultValue } = argument;
    const fallback = defaultValue === undefined ? '' : ` Default: ${JSON.stringify(defaultValue)}.`;
    return [
      `${field.name}(${argument.name})`,
      linked(argument.type.toString()),
      text(argument.description) + fallback,
    ];
  });
  return [own, ...given];
}

function inputPage(type: GraphQLInputObjectType): string {
  const rows = Object.values(type.getFields()).map((field): [string, string, string] => [
    field.name,
    linked(field.type.toString()),
    text(field.description),
  ]);
  return `${heading(type)}${table(rows)}`;
}

function enumPage(type: GraphQLEnumType): string {
  const rows = type.getValues().map(({ name, description }) => `| \`${name}\` | ${text(description)} |`);
  return `${heading(type)}| value | |\n| --- | --- |\n${rows.join('\n')}\n`;
}

function unionPage(type: GraphQLUnionType): string {
  return `${heading(type)}One of ${type
    .getTypes()
    .map(({ name }) => linked(name))
    .join(', ')}.\n`;
}

function scalarPage(type: GraphQLScalarType): string {
  return heading(type);
}

function heading({ name, description }: GraphQLNamedType): string {
  return `### ${name}\n\n${text(description)}\n\n`;
}

function table(rows: readonly (readonly [name: string, type: string, description: string])[]): string {
  const lines = rows.map(([name, type, description]) => `| \`${name}\` | ${type} | ${description} |`);
  return `| field | type | |\n| --- | --- | --- |\n${lines.join('\n')}\n`;
}

/** A type with a link to where it stands on the page: `[Target!]!`, with its signs. */
function linked(type: string): string {
  const [, before = '', name = '', after = ''] = /^(\[*)(\w+)([!\]]*)$/.exec(type) ?? [];
  const shown = BUILT_IN.includes(name) ? name : `[${name}](#${name.toLowerCase()})`;
  return `${before.replaceAll('[', '\\[')}${shown}${after.replaceAll(']', '\\]')}`;
}

const BUILT_IN = ['ID', 'String', 'Int', 'Float', 'Boolean'];

function text(description: string | null | undefined): string {
  return (description ?? '').replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(SCHEMA_PAGE, schemaPage());
