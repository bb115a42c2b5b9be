import { plainText, shortenError } from '../../model/plain-text.js';

/** Longest end of an error, in characters. */
const MAX_END = 240;

/**
 * The informative end of an error. If that is not all of it, the whole text can be opened.
 *
 * @param line the line that names the cause. Default: the headline of the error
 */
export function LongError({ error, line = error }: { readonly error: string; readonly line?: string }) {
  const end = shortenError(line, MAX_END);
  const whole = plainText(error).trim();
  if (end === whole) return <pre class="error">{whole}</pre>;
  return (
    <details class="long-error">
      <summary>{end}</summary>
      <pre class="error">{whole}</pre>
    </details>
  );
}
