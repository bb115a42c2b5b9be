import { Kind, parse, print, visit } from 'graphql';
import { type Client, ClientError } from '../../client/client.js';
import { terminalText } from '../text.js';

type Data = Readonly<Record<string, unknown>>;

/** A query that was answered. */
export interface AnsweredQuery {
  /** Document with one operation. */
  readonly text: string;
  readonly variables: Data | undefined;
}

interface Sessions {
  readonly sessions: { readonly nodes: readonly { readonly id: string; readonly isDemo: boolean }[] };
}

/**
 * Line that names the Sessions of the built-in demo in the answer to a query. Null without one, or when the
 * gateway does not answer.
 */
export async function demoNote(
  client: Pick<Client, 'query'>,
  { text, variables }: AnsweredQuery,
  signal: AbortSignal,
): Promise<string | null> {
  const document = toQueryOfIds(text);
  if (document === null) return null;
  try {
    const { sessions } = await client.query<Sessions, object>(SESSIONS, {}, { signal });
    const demos = sessions.nodes.filter(({ isDemo }) => isDemo);
    if (demos.length === 0) return null;
    const answer = JSON.stringify(await client.query<Data, Data>(document, variables, { signal }));
    const contained = demos.filter(({ id }) => isIn(answer, id)).map(({ id }) => terminalText(id));
    return contained.length === 0 ? null : `${contained.join(', ')} is the built-in demo, not a Tilt`;
  } catch (error) {
    if (error instanceof ClientError || signal.aborted) return null;
    throw error;
  }
}

const SESSIONS = '{ sessions(first: 1000) { nodes { id isDemo } } }';

/** Whether an answer contains the id of a Session or of one of its targets, which adds `#` and a name. */
function isIn(answer: string, id: string): boolean {
  const start = JSON.stringify(id).slice(0, -1);
  return answer.includes(`:${start}"`) || answer.includes(`:${start}#`);
}

/** Fields of a query that return Sessions or targets, with the selection of their ids. */
const IDS: ReadonlyMap<string, string> = new Map([
  ['session', '{ id }'],
  ['sessions', '{ nodes { id } }'],
  ['target', '{ id }'],
  ['targets', '{ id }'],
  ['node', '{ id }'],
]);

/** The same query, but only of the ids of Sessions and targets. Null if it returns neither. */
function toQueryOfIds(text: string): string | null {
  const [operation] = parse(text).definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const fields: string[] = [];
  const used = new Set<string>();
  for (const node of operation?.selectionSet.selections ?? []) {
    const ids = node.kind === Kind.FIELD ? IDS.get(node.name.value) : undefined;
    if (node.kind !== Kind.FIELD || ids === undefined) continue;
    const { selectionSet, ...field } = node;
    visit(field, { Variable: ({ name }) => void used.add(name.value) });
    fields.push(`${print(field)} ${ids}`);
  }
  if (fields.length === 0) return null;
  const variables = (operation?.variableDefinitions ?? [])
    .filter(({ variable }) => used.has(variable.name.value))
    .map((node) => print(node));
  return `query ${variables.length > 0 ? `(${variables.join(', ')}) ` : ''}{ ${fields.join(' ')} }`;
}
