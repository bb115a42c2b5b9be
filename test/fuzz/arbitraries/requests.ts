import fc from 'fast-check';
import { hostileDocuments } from './documents.js';
import { almostJson, applyEdits, bracketBombs, deeplyNested, hostileValues, jsonEdits } from './json.js';
import { awkwardTexts, hostileTexts } from './texts.js';

const names = fc.oneof(
  fc.constantFrom('id', 'session', 'where', 'first', 'after', 'since', 'name', 'yes'),
  awkwardTexts,
);

const filters = fc
  .tuple(
    fc.constant({
      session: ['tilt-default/Tiltfile'],
      instance: 'tilt-*',
      name: '*',
      phase: ['READY', 'FAILED'],
      verdict: ['PASSED'],
      target: { type: ['JOB'], resource: ['api'] },
    }),
    jsonEdits,
  )
  .map(([filter, edits]) => applyEdits(filter, edits));

const variables: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(
        fc.tuple(names, fc.oneof({ weight: 2, arbitrary: hostileValues }, { weight: 1, arbitrary: filters })),
        { maxLength: 4 },
      )
      .map((all) => Object.fromEntries(all)),
  },
  { weight: 1, arbitrary: hostileValues },
);

/** Requests for an operation, in valid and invalid forms. */
export function requestsWith(documents: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const request = fc.record<Record<string, unknown>>(
    {
      query: documents,
      variables,
      operationName: fc.oneof(fc.constantFrom(null, 'S', 'C', 'Q0'), hostileTexts),
      extensions: hostileValues,
    },
    { requiredKeys: ['query'] },
  );
  return fc.oneof(
    { weight: 16, arbitrary: request },
    { weight: 2, arbitrary: fc.tuple(request, jsonEdits).map(([value, edits]) => applyEdits(value, edits)) },
    { weight: 1, arbitrary: hostileValues },
    { weight: 1, arbitrary: fc.array(request, { maxLength: 3 }) },
  );
}

/** JSON text of a request, or text similar to it. */
export const requestTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 120, arbitrary: almostJson(requestsWith(hostileDocuments)) },
  {
    weight: 40,
    arbitrary: requestsWith(hostileDocuments).map((request) => JSON.stringify(request) ?? ''),
  },
  { weight: 4, arbitrary: deeplyNested(requestsWith(hostileDocuments)) },
  { weight: 4, arbitrary: bracketBombs },
  { weight: 10, arbitrary: hostileTexts },
);
