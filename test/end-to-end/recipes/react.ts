import { useEffect, useState } from 'react';
import type { Client, TargetsView } from '../../../src/client/client.js';

/** The targets of a Session as they are now; null until the gateway has answered, or it cannot be reached. */
export function useTargets(client: Client, session?: string): TargetsView | null {
  const [view, setView] = useState<TargetsView | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const follow = async () => {
      for await (const next of client.watchTargets({ session, signal: leaving.signal })) setView(next);
    };
    follow().catch(setError);
    return () => leaving.abort();
  }, [client, session]);
  if (error) throw error; // to the nearest error boundary
  return view;
}
