import fc from 'fast-check';
import { diffUnavailable } from '../../../src/providers/fact-table.js';
import { FileProblem, parseSessions } from '../../../src/providers/file/parse.js';
import { hostileFacts } from '../arbitraries/facts.js';
import { almostJson, bracketBombs } from '../arbitraries/json.js';
import { hostileSessions } from '../arbitraries/sessions.js';
import { applySplices, hostileBytes, splices } from '../arbitraries/texts.js';
import { hostileYaml, YAML_SNIPPETS } from '../arbitraries/yaml.js';
import { assertErrorMessage, createSessionStore } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';

const lists = fc.oneof(
  { weight: 4, arbitrary: hostileSessions },
  {
    weight: 1,
    arbitrary: fc.array(hostileSessions, { maxLength: 3 }).map((items) => ({ kind: 'List', items })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(hostileSessions, fc.array(hostileFacts, { maxLength: 4 }))
      .map(([session, facts]) => ({ kind: 'List', items: [...facts, session] })),
  },
);

const texts = fc.oneof(
  { weight: 4, arbitrary: almostJson(lists) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(lists, splices(fc.constantFrom(...YAML_SNIPPETS)))
      .map(([value, all]) => applySplices(JSON.stringify(value) ?? '', all)),
  },
  { weight: 2, arbitrary: hostileYaml },
  { weight: 1, arbitrary: bracketBombs },
);

/** Session files in YAML and JSON. */
export const sessionFiles = defineSurface({
  name: 'session-files',
  share: 40,
  arbitrary: fc.record({
    file: fc.constantFrom('shop.yaml', 'shop.json', 'shop'),
    bytes: hostileBytes(texts.map((text) => Buffer.from(text))),
  }),
  count: () => 1,
  check({ file, bytes }) {
    try {
      const { sessions, unavailable } = parseSessions(bytes, { file, instance: 'fuzz' });
      const store = createSessionStore();
      store.apply({ type: 'snapshot', sessions });
      diffUnavailable(new Map(), unavailable).forEach(store.apply);
      store.assertReadable();
    } catch (error) {
      assertErrorMessage(error, FileProblem);
    }
  },
});
