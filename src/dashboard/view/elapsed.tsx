import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { formatElapsed } from '../model/time.js';
import { usePage } from '../state/page.js';

/** The moment that what is shown is of: now, or the last at which it was known to be so. Null: now. */
export const AsOf = createContext<ReadonlySignal<number> | null>(null);

/** How long something has gone on, told anew each second. */
export function Elapsed({ since }: { /** Milliseconds since 1970. */ readonly since: number }) {
  const { now } = usePage();
  const asOf = useContext(AsOf) ?? now;
  return <>{formatElapsed(asOf.value - since)}</>;
}
