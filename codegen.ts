import { readFileSync, writeFileSync } from 'node:fs';
import { codegen } from '@graphql-codegen/core';
import * as typedDocuments from '@graphql-codegen/typed-document-node';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import * as typescriptResolvers from '@graphql-codegen/typescript-resolvers';
import { parse } from 'graphql';
import { enumValues } from './src/graphql/enums.js';

/** Writes types for the resolvers, from the schema: what a resolver gets is the model's own object. */
const filename = 'src/graphql/generated.ts';

const sdl = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8');
const enums = enumValues(parse(sdl));
const model = (name: string) => `../model/session.js#${name}`;

const config = {
  useTypeImports: true,
  emitLegacyCommonJSImports: false,
  enumsAsTypes: true,
  enumValues: enums,
  mapperTypeSuffix: 'Model',
  immutableTypes: true,
  strictScalars: true,
  contextType: './context.js#Context',
  scalars: {
    ID: 'string',
    MicroTime: 'string',
    Int64: 'number',
    Duration: 'string',
    JSON: 'unknown',
  },
  mappers: {
    // Enums are the model's own words: without this the generator types them as null.
    ...Object.fromEntries(Object.keys(enums).map((name) => [name, name])),
    Session: '../store/record.js#SessionRecord',
    SessionStatus: '../store/record.js#TrackedStatus',
    Target: '../store/record.js#TrackedTarget',
    TargetTransition: '../store/record.js#Transition',
    SessionConnectionStatus: '../store/record.js#Connection',
    Source: '../store/source.js#SourceStatus',
    Verdict: '../store/record.js#RecordVerdict',
    TargetChange: '../store/record.js#RecordChange',
    SessionChange: './session-change.js#SessionChange',
    ObjectMeta: model('ObjectMeta'),
    KeyValue: model('KeyValue'),
    OwnerReference: model('OwnerReference'),
    ManagedFieldsEntry: model('ManagedFieldsEntry'),
    SessionSpec: model('SessionSpec'),
    SessionCI: model('SessionCI'),
    TargetStateWaiting: model('WaitingState'),
    TargetStateActive: './visible-state.js#SummarizedActive',
    TargetStateTerminated: model('TerminatedState'),
    TargetStateDisabled: model('DisabledState'),
  },
};

// The generator's own command line brings 8,000 files for what these lines do: a third of `npm ci`.
const generated = await codegen({
  filename,
  config,
  schema: parse(sdl),
  documents: [],
  plugins: [{ typescript: {} }, { 'typescript-resolvers': {} }],
  pluginMap: { typescript, 'typescript-resolvers': typescriptResolvers },
});
writeFileSync(new URL(filename, import.meta.url), generated);

/** Writes the client's documents as texts that know their types. */
const clientFile = 'src/client/generated.ts';

const clientDocuments = await codegen({
  filename: clientFile,
  config: {
    useTypeImports: true,
    emitLegacyCommonJSImports: false,
    enumsAsTypes: true,
    immutableTypes: true,
    strictScalars: true,
    scalars: config.scalars,
    omitOperationSuffix: true,
    inlineFragmentTypes: 'combine',
    documentMode: 'string',
  },
  schema: parse(sdl),
  documents: [
    { document: parse(readFileSync(new URL('src/client/documents.graphql', import.meta.url), 'utf8')) },
  ],
  plugins: [{ 'typescript-operations': {} }, { 'typed-document-node': {} }],
  pluginMap: { 'typescript-operations': typescriptOperations, 'typed-document-node': typedDocuments },
});
// One type is all that is used of that package: users of ours need not have it.
writeFileSync(
  new URL(clientFile, import.meta.url),
  clientDocuments.replace('@graphql-typed-document-node/core', './typed-document.js'),
);
