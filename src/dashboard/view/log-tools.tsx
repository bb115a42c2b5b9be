import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { MAX_MATCHES } from '../model/log-search.js';
import type { LogItem } from '../model/log-tail.js';
import type { LogReader } from '../state/log-reader.js';
import { Icon } from './parts.js';

interface LogToolsProps {
  readonly reader: LogReader;
  /** Key of the target whose lines can be selected. */
  readonly target: string;
}

/** Pause, filter and copy of a log. */
export function LogTools({ reader, target }: LogToolsProps) {
  const { isPaused, waiting, isFiltered, isMixed } = reader;
  return (
    <div class="log-tools">
      {isPaused.value ? (
        <button type="button" class="button is-paused" onClick={reader.resume}>
          <Icon name="PLAY" />
          Resume
          {waiting.value > 0 && <span class="count">{`${waiting.value.toLocaleString('en')} new`}</span>}
        </button>
      ) : (
        <button type="button" class="button" onClick={reader.pause}>
          <Icon name="PAUSE" />
          Pause
        </button>
      )}
      {isMixed.value && (
        <button type="button" class="button" aria-pressed={isFiltered.value} onClick={reader.toggleFilter}>
          Only <span class="mono">{target}</span>
        </button>
      )}
      <CopyButton reader={reader} />
    </div>
  );
}

/** Search in a log. `Enter` leads to the match above, as the newest lines are at the end. */
export function LogSearch({ reader }: Pick<LogToolsProps, 'reader'>) {
  const { query, matches, index } = reader;
  return (
    <search class="log-search">
      <span class="search">
        <Icon name="SEARCH" />
        <input
          type="search"
          aria-label="Search the log"
          placeholder="Search the log"
          value={query.value}
          onInput={({ currentTarget }) => reader.search(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') reader.move(event.shiftKey ? 1 : -1);
            else if (event.key === 'Escape') reader.search('');
            else return;
            event.preventDefault();
          }}
        />
      </span>
      {query.value !== '' && (
        <>
          <span class="count" role="status">
            {describeMatches(matches.value.length, index.value)}
          </span>
          <MoveButton reader={reader} by={-1} />
          <MoveButton reader={reader} by={1} />
        </>
      )}
    </search>
  );
}

function MoveButton({ reader, by }: Pick<LogToolsProps, 'reader'> & { readonly by: 1 | -1 }) {
  return (
    <button
      type="button"
      class="button icon-only"
      disabled={reader.matches.value.length === 0}
      onClick={() => reader.move(by)}
    >
      <Icon name={by === 1 ? 'DOWN' : 'UP'} />
      <span class="hidden">{by === 1 ? 'Next match' : 'Previous match'}</span>
    </button>
  );
}

function describeMatches(count: number, index: number): string {
  if (count === 0) return 'no match';
  const total = count < MAX_MATCHES ? String(count) : `${MAX_MATCHES.toLocaleString('en')}+`;
  if (index < 0) return `${total} ${count === 1 ? 'match' : 'matches'}`;
  return `${index + 1} of ${total}`;
}

/** Time for which the result of a copy is shown, in milliseconds. */
const RESULT_MS = 3_000;

/** Copies the lines that are shown, as plain text. */
function CopyButton({ reader }: Pick<LogToolsProps, 'reader'>) {
  const result = useSignal('');
  useEffect(() => {
    if (result.value === '') return;
    const timer = setTimeout(() => {
      result.value = '';
    }, RESULT_MS);
    return () => clearTimeout(timer);
  }, [result, result.value]);
  return (
    <>
      <button
        type="button"
        class="button"
        onClick={async () => {
          result.value = await copyText(reader.items.peek().map(formatItem).join('\n'));
        }}
      >
        <Icon name="COPY" />
        Copy
      </button>
      <span class="log-result" role="status">
        {result.value}
      </span>
    </>
  );
}

function formatItem(item: LogItem): string {
  return item.type === 'line' ? item.text : `[${item.count} lines are not shown]`;
}

/**
 * Returns the result for the visitor. Browsers ask for permission, and have no clipboard on insecure pages.
 */
async function copyText(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied';
  } catch {
    return 'The browser does not allow it';
  }
}
