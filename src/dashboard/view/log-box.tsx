import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { plainText } from '../../model/plain-text.js';
import type { LogReader } from '../state/log-reader.js';
import { LogRow, Missing } from './log-line.js';

interface LogBoxProps {
  readonly reader: LogReader;
  readonly resource: string;
  /** Whether lines arrive too fast for a screen reader. */
  readonly isFast: boolean;
}

/** Distance from the end at which the log still counts as followed, in pixels. */
const END_PX = 24;

/** The lines of a log. Follows its end until the visitor scrolls up. */
export function LogBox({ reader, resource, isFast }: LogBoxProps) {
  const box = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const items = reader.items.value;
  const isPaused = reader.isPaused.value;
  const matches = reader.matchesByLine.value;
  const current = reader.matches.value[reader.index.value] ?? null;
  useLayoutEffect(() => {
    if (!isPaused && items.length > 0 && box.current) scrollToEnd(box.current);
  }, [items, isPaused]);
  useEffect(() => {
    // Other line breaks move the end, as when a phone is turned.
    const observer = new ResizeObserver(([entry]) => {
      if (entry && !reader.isPaused.peek()) scrollToEnd(entry.target);
    });
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, [reader]);
  useLayoutEffect(() => {
    if (current !== null && box.current) scrollToMatch(box.current);
  }, [current]);
  return (
    <div
      class="log"
      role="log"
      aria-label={`Log of ${plainText(resource)}`}
      aria-live={isFast || isPaused ? 'off' : 'polite'}
      {...SCROLLABLE}
      ref={box}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        // The event of a scroll to the end may arrive after other line breaks have moved the end.
        const isUp = scrollTop < lastTop.current;
        lastTop.current = scrollTop;
        if (isUp && scrollHeight - scrollTop - clientHeight > END_PX) reader.pause();
      }}
    >
      <Missing count={reader.earlier.value} what="earlier " />
      {items.map((item) => (
        <LogRow
          key={item.id}
          item={item}
          matches={matches.get(item.id)}
          current={current?.line === item.id ? current : null}
        />
      ))}
    </div>
  );
}

/** Shows the newest lines. */
export function scrollToEnd(box: Element): void {
  box.scrollTop = box.scrollHeight;
}

/** Shows the current match in the middle, unless it is visible. Scrolls nothing but the log. */
function scrollToMatch(box: Element): void {
  const mark = box.querySelector('mark[aria-current]')?.getBoundingClientRect();
  if (!mark) return;
  const { top, bottom, height } = box.getBoundingClientRect();
  if (mark.top < top || mark.bottom > bottom) box.scrollTop += mark.top - top - height / 2;
}

/** Properties of a scrolling box. Its arrows scroll it; elsewhere on the page they move between targets. */
export const SCROLLABLE = {
  tabIndex: 0,
  onKeyDown(event: KeyboardEvent) {
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') event.stopPropagation();
  },
};
