import { useEffect, useState } from 'react';
import type { Client, TargetsView } from '../../../src/client/client.js';

/** Current targets of a Session. Null until the gateway has answered. */
export function useTargets(client: Client, session?: string): TargetsView | null {
  const [view, setView] = useState<TargetsView | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const follow = async () => {
      for await (const next of client.watchTargets({ session, signal: abort.signal })) setView(next);
    };
    follow().catch(setError);
    return () => abort.abort();
  }, [client, session]);
  if (error) throw error; // to the nearest error boundary
  return view;
}
