import fc from 'fast-check';
import { counts, hostileTexts } from './texts.js';

/** Valid documents that together use everything in the schema. */
const RIGHT: readonly string[] = [
  '{ sessions { totalCount nodes { id verdict { state final reason failed { name } } } } }',
  'query Page($first: Int = 2, $after: String, $where: SessionFilter) { sessions(first: $first, after: $after, where: $where) { edges { cursor node { ...S } } pageInfo { hasNextPage endCursor } } } fragment S on Session { id counts { total failed } connection { state since error } }',
  'query T($where: TargetFilter) { targets(where: $where) { id name type resources phase durationSeconds state { __typename ... on TargetStateWaiting { waitReason summary } ... on TargetStateActive { startTime ready } ... on TargetStateTerminated { error graceStatus } } history(last: 3) { time phase } } }',
  'query N($id: ID!) { node(id: $id) { __typename id ... on Session { instance spec { tiltfilePath exitCondition ci { timeout } } } ... on Target { name } } }',
  'query ($session: ID, $name: String!, $yes: Boolean!) { target(session: $session, name: $name) { name state @include(if: $yes) { __typename } } }',
  'query ($id: ID) { session(id: $id) { metadata { name labels { key value } managedFields { fieldsV1 } generation } status { pid done startTime error targets { name } } resources { name counts { total } } } }',
  '{ gateway { version sources { name state since error sessionCount } } }',
  'query I { __schema { queryType { name } types { name kind fields(includeDeprecated: true) { name type { name ofType { name ofType { name } } } } } } __type(name: "Session") { name } }',
  'subscription S($id: ID) { session(id: $id) { id verdict { state } } }',
  'subscription C($session: ID = "tilt-default/Tiltfile", $since: String, $where: TargetFilter) { targetChanges(session: $session, since: $since, where: $where) { cursor reset conflated changes { type target { name phase } previousPhase } } }',
  'subscription A($where: SessionFilter, $since: String) { sessionChanges(where: $where, since: $since) { cursor reset changes { type session { id } previousVerdict } } }',
];

/** Tokens of GraphQL to insert in wrong places. */
const TOKENS: readonly string[] = [
  ...'{}()[]:=!|&$@.,'.split(''),
  '...',
  '... on Session',
  '... on Query',
  '...S',
  '__typename',
  '$id',
  '$__proto__: ID',
  '$__proto__',
  '@skip(if: true)',
  '@include(if: $yes)',
  '@defer',
  '@stream(initialCount: 0)',
  '@specifiedBy(url: "a")',
  'null',
  'true',
  'READY',
  '-1',
  '0',
  '007',
  '1.5e999',
  '99999999999999999999',
  '""',
  '"""',
  '"\\ud800"',
  '"\\u{110000}"',
  '"\0"',
  '"#"',
  '{a: 1, a: 2}',
  '{__proto__: {a: 1}, constructor: null}',
  '[[[]]]',
  '#',
  '\ufeff',
  'query',
  'mutation { a }',
  'subscription',
  'fragment S on Session { ...S }',
  'fragment on on on { on }',
  'type Query { a: Int }',
  'extend schema @a',
  'where: {name: "*"}',
  'first: -1',
  'last: 2147483647',
  'id: 1e300',
  'since: "a-1"',
];

const WORDS = /"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[A-Za-z_]\w*|-?\d+|\S/g;

/** A document with some tokens removed, repeated or replaced. */
const scrambled = fc
  .tuple(
    fc.constantFrom(...RIGHT),
    fc.array(
      fc.record({
        at: fc.nat(1_000),
        drop: fc.constantFrom(0, 0, 1, 1, 2, 5),
        insert: fc.array(fc.constantFrom(...TOKENS), { maxLength: 2 }),
      }),
      { maxLength: 4 },
    ),
  )
  .map(([document, splices]) => {
    const words = document.match(WORDS) ?? [];
    for (const { at, drop, insert } of splices) words.splice(at % (words.length + 1), drop, ...insert);
    return words.join(' ');
  });

function each(count: number, part: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => part(index)).join(' ');
}

/** Documents that grow with a number, each designed to be more expensive than it looks. */
const BOMBS: readonly ((count: number) => string)[] = [
  (n) => '{sessions{nodes'.repeat(n) + '{id}'.repeat(1) + '}}'.repeat(n),
  (n) => `${'{... on Query'.repeat(n)}{__typename}${'}'.repeat(n)}`,
  (n) => `{${each(n, (i) => `a${i}: gateway { version }`)}}`,
  (n) => `{${each(n, () => 'gateway { version }')}}`,
  (n) => `{${each(n, () => 'sessions { nodes { id } }')}}`,
  (n) => `{targets(where: {name: ${'['.repeat(n)}${']'.repeat(n)}}) {id}}`,
  (n) => `{targets(where: ${'{a: '.repeat(n)}1${'}'.repeat(n)}) {id}}`,
  (n) => `query (${each(n, (i) => `$v${i}: ID`)}) {__typename}`,
  (n) => `query ($a: ${'['.repeat(n)}ID${']'.repeat(n)}) {__typename}`,
  (n) => `{__typename ${each(n, () => '@skip(if: false)')}}`,
  (n) => `{__typename ${each(n, (i) => `@d${i}`)}}`,
  (n) => `${'#\n'.repeat(n)}{__typename}`,
  (n) => `{__typename}${','.repeat(n)}`,
  (n) =>
    `{...F0} ${each(n, (i) => `fragment F${i} on Query {...F${i + 1} ...F${i + 1}}`)} fragment F${n} on Query {__typename}`,
  (n) => `{...F0} ${each(n, (i) => `fragment F${i} on Query {...F${(i + 1) % Math.max(n, 1)}}`)}`,
  (n) => each(n, (i) => `query Q${i} {__typename}`),
  (n) => `{node(id: "${'#'.repeat(n)}") {id}}`,
  (n) => `{node(id: "tilt-default/Tiltfile${'#'.repeat(n)}") {id}}`,
  (n) => `{targets(where: {name: "${'*a'.repeat(n)}"}) {id}}`,
  (n) => `{targets(where: {instance: "${'*'.repeat(n)}", name: "${'?*'.repeat(n)}"}) {id}}`,
  (n) => `{targets(where: {resource: [${each(n, (i) => `"r${i}"`)}]}) {id}}`,
  (n) => `{targets(where: {phase: [${each(n, () => 'READY')}]}) {id}}`,
  (n) => `{sessions(after: "${'a'.repeat(n)}") {totalCount}}`,
  (n) => `{__schema {types ${'{fields {type'.repeat(n)} {name}${'}}'.repeat(n)}}}`,
  (n) => `{__type(name: "Session") {name ${'ofType {name '.repeat(n)}${'}'.repeat(n)}}}`,
  (n) => `{session(id: """${'\\"""'.repeat(n)}""") {id}}`,
  (n) => `{session(id: "${'\\u0000'.repeat(n)}") {id}}`,
  (n) => `{${'a'.repeat(n)}}`,
  (n) => `{sessions(first: ${'9'.repeat(n)}1) {totalCount}}`,
  (n) => `subscription {targetChanges(session: "${'x'.repeat(n)}") {cursor}}`,
  (n) => `subscription {targetChanges(since: "a-${'9'.repeat(n)}") {cursor}}`,
  (n) => `subscription {${each(n, (i) => `s${i}: session {id}`)}}`,
  (n) => `subscription {...F} fragment F on Subscription {${each(n, () => '...F')} session {id}}`,
  (n) => '{'.repeat(n),
  (n) => '['.repeat(n),
  (n) => '"'.repeat(n),
  (n) => 'query('.repeat(n),
];

/** Valid, nearly valid and oversized documents. */
export const hostileDocuments: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...RIGHT) },
  { weight: 6, arbitrary: scrambled },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...BOMBS), counts(90_000)).map(([bomb, n]) => bomb(n)) },
  { weight: 1, arbitrary: hostileTexts },
);

/** The same, mostly with subscriptions. */
export const hostileSubscriptions: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...RIGHT.filter((text) => text.startsWith('subscription'))) },
  { weight: 3, arbitrary: hostileDocuments },
);
