import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { plainText } from '../../model/plain-text.js';
import { EMPTY_TAIL, type LogTail } from '../model/log-tail.js';
import { createLogReader, type LogReader } from '../state/log-reader.js';
import { usePage } from '../state/page.js';
import { LogBox } from './log-box.js';
import { LogSearch, LogTools } from './log-tools.js';
import { Endpoint } from './resource-facts.js';

interface LogPanelProps {
  /** Id of the Session. */
  readonly session: string;
  readonly resource: string;
  /** Key of the target whose lines can be selected. */
  readonly target: string;
  /** Whether Tilt has exited. */
  readonly isGone: boolean;
  /** Page of the resource in Tilt's own UI; null if it is not known. */
  readonly tiltUrl: string | null;
}

/** The log of a resource, followed as long as the panel is open. */
export function LogPanel({ session, resource, target, isGone, tiltUrl }: LogPanelProps) {
  const { board } = usePage();
  const tail = useSignal(EMPTY_TAIL);
  const error = useSignal<string | null>(null);
  useEffect(
    () =>
      board.watchLog(session, resource, {
        show(newest) {
          tail.value = newest;
        },
        fail(message) {
          error.value = message;
        },
      }),
    [board, session, resource, tail, error],
  );
  const { isAvailable, received } = tail.value;
  const isMissing = isAvailable === false && received === 0 && !isGone && error.value === null;
  const reason = useSignal<string | null>(null);
  useEffect(() => {
    if (!isMissing) return;
    return board.watchMissingLog(session, (newest) => {
      reason.value = newest;
    });
  }, [board, session, isMissing, reason]);
  const reader = useMemo(() => createLogReader(tail, target), [tail, target]);
  return (
    <section class="log-panel" aria-labelledby="log-title">
      <div class="log-head">
        <h3 id="log-title">Log of {plainText(resource)}</h3>
        {tiltUrl !== null && !isGone && <Endpoint url={tiltUrl} name="Open in Tilt" />}
      </div>
      <LogBody
        reader={reader}
        target={target}
        resource={resource}
        tail={tail}
        note={isMissing ? reason.value : describeState(tail.value, isGone, error.value)}
      />
    </section>
  );
}

function LogBody({
  reader,
  tail,
  target,
  resource,
  note,
}: Pick<LogPanelProps, 'target' | 'resource'> & {
  readonly reader: LogReader;
  readonly tail: ReadonlySignal<LogTail>;
  readonly note: string | null;
}) {
  return (
    <>
      {tail.value.received > 0 && (
        <>
          <LogTools reader={reader} target={target} />
          <LogSearch reader={reader} />
          <LogBox reader={reader} resource={resource} isFast={tail.value.rate.isFast} />
        </>
      )}
      {note !== null && <p class="note">{plainText(note)}</p>}
    </>
  );
}

/** Describes why there are no lines yet, or no new ones. Null while the log is followed. */
function describeState(
  { isAvailable, received }: LogTail,
  isGone: boolean,
  error: string | null,
): string | null {
  if (error !== null) return `The log cannot be read: ${error}`;
  if (isAvailable === null) return null;
  if (received > 0) {
    return isAvailable && !isGone ? null : 'The log has ended. These are its last lines.';
  }
  return isGone ? 'The log ended when Tilt exited.' : 'No lines yet.';
}
