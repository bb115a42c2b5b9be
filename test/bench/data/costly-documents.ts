/** The session that keeps changing. */
export const CHANGING = 'stdin/s000';

const FEW = 'id name type phase since';
const ALL = `${FEW} typeText resources durationSeconds secondsToReady history(last: 2) { time phase } state { __typename
  ... on TargetStateActive { startTime ready lastReadyTime summary } ... on TargetStateTerminated { startTime finishTime summary } }`;
const TYPE =
  'name fields { name description args { name type { name kind } } type { name kind ofType { name } } }';

/** All fields of all targets. */
export const EVERYTHING = `sessions(first: 1000) { nodes { id verdict { state } status { targets { ${ALL} } } } }`;

/** Half of all targets, in as many aliases as the limit allows. */
export const ALIASES = list(
  50,
  (a) => `a${a}: sessions(first: 30) { nodes { status { targets { ${FEW} } } } }`,
);

/** As many filtered lists of all targets as the complexity limit allows. */
export const FILTERED = list(24, (a) => `a${a}: targets(where: $where) { id }`);

/** The schema, many times. */
export const INTROSPECTION = list(40, (a) => `a${a}: __schema { types { ${TYPE} } }`);

/**
 * Subscription to the changing session with a unique alias for each number, so that no two share an
 * execution.
 */
export function changingSession(n: number): string {
  return `subscription { targetChanges(session: "${CHANGING}") { cursor changes { target { name${n}: name ${FEW} } } } }`;
}

/** Document of up to 3,000 tokens that is slow to validate, different for each number. */
export function newDocument(n: number): string {
  return `${SLOW[n % SLOW.length]} # ${n}`;
}

const SLOW: readonly string[] = [
  `{ ...f0 } ${list(325, (f) => `fragment f${f} on Query { __typename ${f < 324 ? `...f${f + 1}` : ''} }`)}`,
  `{ ${list(330, (f) => `...f${f}`)} } ${list(330, (f) => `fragment f${f} on Query { __typename }`)}`,
  `{ ${list(740, () => 'gateway { version }')} }`,
  `{ ${list(2_990, (f) => `unknown${f}`)} }`,
];

function list(count: number, item: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => item(index)).join(' ');
}
