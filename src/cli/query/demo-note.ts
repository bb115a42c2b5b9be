import { type Client, ClientError } from '../../client/client.js';
import { terminalText } from '../text.js';

interface Sessions {
  readonly sessions: { readonly nodes: readonly { readonly id: string; readonly isDemo: boolean }[] };
}

/**
 * Line for those who read the answer to a query: the gateway knows nothing but the built-in demo. Null
 * otherwise, and when the gateway does not answer.
 */
export async function demoNote(client: Pick<Client, 'query'>, signal: AbortSignal): Promise<string | null> {
  try {
    const { sessions } = await client.query<Sessions, object>(SESSIONS, {}, { signal });
    const [first] = sessions.nodes;
    if (first === undefined || !sessions.nodes.every(({ isDemo }) => isDemo)) return null;
    return `${terminalText(first.id)} is the built-in demo, not a Tilt`;
  } catch (error) {
    if (error instanceof ClientError || signal.aborted) return null;
    throw error;
  }
}

const SESSIONS = '{ sessions(first: 2) { nodes { id isDemo } } }';
