import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { showLine } from '../model/log-tail.js';
import type { Excerpt } from '../model/types.js';
import { SCROLLABLE, scrollToEnd } from './log-box.js';
import { LogRow, Missing } from './log-line.js';

/** The last lines of a target before it failed. Starts at their end. */
export function ExcerptView({ excerpt: { lines, omitted, isFinal } }: { readonly excerpt: Excerpt }) {
  const box = useRef<HTMLElement>(null);
  const shown = useMemo(() => lines.map(showLine), [lines]);
  useLayoutEffect(() => {
    if (lines.length > 0 && box.current) scrollToEnd(box.current);
  }, [lines]);
  if (isFinal && lines.length === 0) return null;
  return (
    <section class="excerpt" aria-labelledby="excerpt-title">
      <h3 id="excerpt-title">Last lines before the failure</h3>
      <section class="log" aria-label="Last lines" ref={box} {...SCROLLABLE}>
        <Missing count={omitted} what="earlier " />
        {shown.map((line) => (
          <LogRow key={line.id} item={line} />
        ))}
      </section>
      {!isFinal && <p class="note">More lines may follow.</p>}
    </section>
  );
}
