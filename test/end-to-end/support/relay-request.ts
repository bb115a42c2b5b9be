import type { ConcreteRequest, NormalizationSelection, ReaderSelection } from 'relay-runtime';

/** A selection: a scalar, or an object of a type with its selected fields. */
export type Selected =
  | 'scalar'
  | { readonly type: string; readonly fields: Readonly<Record<string, Selected>> };

/** A document in the format of Relay's compiler. */
export function relayRequest(
  operationKind: 'query' | 'subscription',
  text: string,
  fields: Readonly<Record<string, Selected>>,
): ConcreteRequest {
  const name = 'Example';
  const selections = toSelections(fields);
  const type = operationKind === 'query' ? 'Query' : 'Subscription';
  return {
    kind: 'Request',
    fragment: {
      argumentDefinitions: [],
      kind: 'Fragment',
      metadata: null,
      name,
      selections,
      type,
      abstractKey: null,
    },
    operation: { argumentDefinitions: [], kind: 'Operation', name, selections },
    params: { id: null, cacheID: text, metadata: {}, name, operationKind, text },
  };
}

function toSelections(
  fields: Readonly<Record<string, Selected>>,
): (NormalizationSelection & ReaderSelection)[] {
  return Object.entries(fields).map(([name, selected]) => {
    const field = { alias: null, args: null, name, storageKey: null };
    if (selected === 'scalar') return { ...field, kind: 'ScalarField' };
    return {
      ...field,
      kind: 'LinkedField',
      concreteType: selected.type,
      plural: false,
      selections: toSelections(selected.fields),
    };
  });
}
