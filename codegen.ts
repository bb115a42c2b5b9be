import { readFileSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { parse } from 'graphql';
import { enumValues } from './src/graphql/schema.js';

const enums = enumValues(parse(readFileSync('schema.graphql', 'utf8')));
const model = (name: string) => `../model/session.js#${name}`;
const facts = (name: string) => `../model/facts.js#${name}`;
const log = (name: string) => `../model/log.js#${name}`;

const config: CodegenConfig = {
  schema: 'schema.graphql',
  emitLegacyCommonJSImports: false,
  config: {
    useTypeImports: true,
    enumsAsTypes: true,
    immutableTypes: true,
    strictScalars: true,
    scalars: {
      ID: 'string',
      MicroTime: 'string',
      Int64: 'number',
      Duration: 'string',
      JSON: 'unknown',
    },
  },
  generates: {
    // Types of the resolvers: a resolver receives the model's own object.
    'src/graphql/generated.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        contextType: './context.js#Context',
        mapperTypeSuffix: 'Model',
        enumValues: enums,
        mappers: {
          // Enums are the model's own words: without this the generator types them as null.
          ...Object.fromEntries(Object.keys(enums).map((name) => [name, name])),
          Session: '../store/record.js#SessionRecord',
          SessionStatus: '../store/record.js#TrackedStatus',
          Target: '../store/record.js#TrackedTarget',
          TargetTransition: '../store/record.js#Transition',
          SessionConnectionStatus: '../store/record.js#ConnectionStatus',
          Source: '../store/source-table.js#SourceStatus',
          Verdict: '../store/record.js#RecordVerdict',
          Resource: './context.js#ResourceRecord',
          Cluster: facts('ClusterFacts'),
          ResourceLink: facts('ResourceLink'),
          ResourceCondition: facts('ResourceCondition'),
          WaitingOn: './context.js#WaitingOnRecord',
          LogLine: log('LogLine'),
          LogExcerpt: log('TargetExcerpt'),
          LogLines: './context.js#LogLines',
          TargetChange: '../store/record.js#RecordChange',
          SessionChange: './context.js#SessionChange',
          ObjectMeta: model('ObjectMeta'),
          KeyValue: model('KeyValue'),
          OwnerReference: model('OwnerReference'),
          ManagedFieldsEntry: model('ManagedFieldsEntry'),
          SessionSpec: model('SessionSpec'),
          SessionCI: model('SessionCI'),
          TargetStateWaiting: model('WaitingState'),
          TargetStateActive: './context.js#SummarizedActive',
          TargetStateTerminated: './context.js#ShownTerminated',
          TargetStateDisabled: model('DisabledState'),
        },
      },
    },
    // The client's operations, as strings that carry the types of their results and variables.
    'src/client/generated.ts': {
      documents: 'src/client/documents.graphql',
      plugins: ['typescript-operations', 'typed-document-node'],
      config: { omitOperationSuffix: true, inlineFragmentTypes: 'combine', documentMode: 'string' },
      hooks: {
        // Only one type of that package is used: users of the client do not have to install it.
        beforeOneFileWrite: (_path: string, content: string) =>
          content.replace('@graphql-typed-document-node/core', './queries.js'),
      },
    },
  },
};

export default config;
