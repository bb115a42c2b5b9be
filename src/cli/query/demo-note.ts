import { type Client, ClientError } from '../../client/client.js';
import { terminalText } from '../terminal-text.js';

/**
 * A line that names the Sessions that are the built-in demonstration and no Tilt, for people who read a table. Null where
 * there are none, or the gateway does not say.
 */
export async function demoNote(client: Client, signal: AbortSignal): Promise<string | null> {
  try {
    const sessions = await client.sessions({ signal });
    const ids = sessions.filter(({ isDemo }) => isDemo).map(({ id }) => terminalText(id));
    return ids.length === 0 ? null : `${ids.join(', ')}: the built-in demonstration, no Tilt runs there`;
  } catch (error) {
    if (error instanceof ClientError || signal.aborted) return null;
    throw error;
  }
}
