import { GraphQLError, NoSchemaIntrospectionCustomRule, type ValidationRule } from 'graphql';

/** Validation rules that reject documents asking for the schema. `_service` gives a router the whole of it, too. */
export const NO_INTROSPECTION: readonly ValidationRule[] = [
  NoSchemaIntrospectionCustomRule,
  (context) => ({
    Field(node) {
      if (node.name.value !== '_service' || context.getParentType()?.name !== 'Query') return;
      const message =
        'GraphQL introspection has been disabled, but the requested query contained the field "_service".';
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  }),
];
