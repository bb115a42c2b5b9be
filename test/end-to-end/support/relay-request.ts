import type { ConcreteRequest, NormalizationSelection, ReaderSelection } from 'relay-runtime';

/** What is selected: a scalar, or an object of this type with what is selected of it. */
export type Selected =
  | 'scalar'
  | { readonly type: string; readonly fields: Readonly<Record<string, Selected>> };

/** A document as Relay's compiler writes it. */
export function relayRequest(
  operationKind: 'query' | 'subscription',
  text: string,
  fields: Readonly<Record<string, Selected>>,
): ConcreteRequest {
  const name = 'Example';
  const selections = selectionsOf(fields);
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

function selectionsOf(
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
      selections: selectionsOf(selected.fields),
    };
  });
}
