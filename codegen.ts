import { readFileSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { buildSchema } from 'graphql';
import { enumValues } from './src/graphql/enums.js';

const schema = buildSchema(readFileSync(new URL('schema.graphql', import.meta.url), 'utf8'));

const enums = enumValues(schema);
const model = (name: string) => `../model/session.js#${name}`;

/** Types for the resolvers, from the schema: what a resolver gets is the model's own object. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  silent: true,
  generates: {
    'src/graphql/generated.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
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
          Connection: '../store/record.js#Connection',
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
          TargetStateActive: model('ActiveState'),
          TargetStateTerminated: model('TerminatedState'),
          TargetStateDisabled: model('DisabledState'),
        },
      },
    },
  },
};

export default config;
