import { Component } from 'preact';
import { type LogMatch, type MarkedPart, markParts } from '../model/log-search.js';
import type { LogItem, ShownLine } from '../model/log-tail.js';
import { formatExactClock, parseTime } from '../model/time.js';

/** A line of a log, or the note that lines were not sent. */
export function LogRow({ item, ...rest }: { readonly item: LogItem } & Omit<LineProps, 'line'>) {
  if (item.type === 'line') return <Line line={item} {...rest} />;
  return <Missing count={item.count} />;
}

/** Describes how many lines are not shown at this place. Empty for zero. */
export function Missing({ count, what = '' }: { readonly count: number; readonly what?: string }) {
  if (count === 0) return null;
  const lines = count === 1 ? 'line is' : 'lines are';
  return <p class="log-gap">{`${count.toLocaleString('en')} ${what}${lines} not shown`}</p>;
}

interface LineProps {
  readonly line: ShownLine;
  /** Matches of the search in this line. */
  readonly matches?: readonly LogMatch[] | undefined;
  /** The match that the visitor is at, if it is in this line. */
  readonly current?: LogMatch | null;
}

/** Lines never change, so that only those with other matches are rendered again. */
class Line extends Component<LineProps> {
  override shouldComponentUpdate({ line, matches, current }: LineProps): boolean {
    const { props } = this;
    return (
      line !== props.line || current !== props.current || !isSamePlaces(matches ?? [], props.matches ?? [])
    );
  }

  override render({ line: { line, parts }, matches = [], current = null }: LineProps) {
    const level = LEVELS.get(line.level);
    return (
      <div
        class={level ? `log-line is-${level}` : 'log-line'}
        title={formatExactClock(parseTime(line.time) ?? 0)}
      >
        {level && <span class="hidden">{level}: </span>}
        {markParts(parts, matches).map((part) => (
          <Part key={part.start} part={part} isCurrent={part.match !== null && part.match === current} />
        ))}
      </div>
    );
  }
}

const LEVELS: ReadonlyMap<string, string> = new Map([
  ['WARN', 'warning'],
  ['ERROR', 'error'],
]);

/** Text from outside is only ever a text node. */
function Part({
  part: { text, style, match },
  isCurrent,
}: {
  readonly part: MarkedPart;
  readonly isCurrent: boolean;
}) {
  const shown = style === '' ? text : <span class={style}>{text}</span>;
  if (match === null) return <>{shown}</>;
  return <mark aria-current={isCurrent ? 'true' : undefined}>{shown}</mark>;
}

function isSamePlaces(a: readonly LogMatch[], b: readonly LogMatch[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ start, end }, index) => start === b[index]?.start && end === b[index]?.end)
  );
}
