import type { Condition } from '../../client/client.js';
import { lineText } from './report-text.js';

/** A condition in words that go on from a Session's id: `to be ready`. */
export function inWords(wanted: Condition): string {
  if (wanted === 'ready') return 'to be ready';
  if (wanted === 'done') return 'to be done';
  return `for ${lineText(wanted.target)} to be ${wanted.phase}`;
}
