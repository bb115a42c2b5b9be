export default {
  schema: 'node_modules/tilt-graphql/schema.graphql',
  documents: 'src/**/*.graphql',
  generates: {
    'src/generated.ts': {
      plugins: ['typescript-operations', 'typed-document-node'],
      config: {
        documentMode: 'string',
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { MicroTime: 'string', Int64: 'number', Duration: 'string', JSON: 'unknown' },
      },
    },
  },
};
