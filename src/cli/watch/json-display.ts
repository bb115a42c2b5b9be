import { targetKey } from '../../client/changes.js';
import type {
  ConnectionState,
  LinkState,
  TargetFields,
  TargetPhase,
  TargetsView,
  VerdictState,
} from '../../client/client.js';
import { isAnotherRun } from '../../client/run.js';
import type { Clock } from '../../lib/clock.js';
import { plainText } from '../../model/plain-text.js';
import type { CliProcess } from '../cli-process.js';
import { createOutput } from '../output.js';
import { jsonText, statusLine } from '../text.js';

/** Output of `watch`: JSON lines, or a table on the terminal. */
export interface Display {
  show(view: TargetsView): void | Promise<void>;
  /** Shows a one-line notice that is not about the targets. Null removes it. */
  notice(message: string | null): void;
  /** Aborts when the user quits or the reader closes the output. */
  readonly closed: AbortSignal;
  /** Ends the output and restores the terminal. A second call has no effect. */
  close(): void;
}

/**
 * Creates a display that prints a JSON line for each {@link WatchEvent}. Lines about the demo have
 * `demo: true`.
 *
 * @param allChanges whether changes within a phase are printed too
 * @param interrupted aborts a write that a slow reader delays
 */
export function createJsonDisplay(
  { stdout, stderr }: CliProcess,
  clock: Clock,
  { allChanges, interrupted }: { readonly allChanges: boolean; readonly interrupted: AbortSignal },
): Display {
  const output = createOutput(stdout, interrupted);
  let before: TargetsView | null = null;
  return {
    closed: output.gone,
    async show(view) {
      const time = new Date(clock.now()).toISOString();
      const linesOf = (next: TargetsView) => {
        const demo = (next.session ?? before?.session)?.isDemo ?? false;
        const events = eventsBetween(before, next).filter((event) => allChanges || !isWithinPhase(event));
        before = next;
        return events.map((event) => `${jsonText({ time, ...event, ...(demo && { demo }) })}\n`).join('');
      };
      await output.write(splitSwitch(before, view).map(linesOf).join(''));
    },
    notice(message) {
      if (message !== null) stderr.write(`tilt-graphql: ${message}\n`);
    },
    close: output.end,
  };
}

/**
 * Splits a view of another Session than before into two, so that events name the Session that they belong to:
 * the first one has ended, and the second one appears. A watch without an id continues with another Session
 * when its own is deleted, such as the demo when a Tilt appears.
 */
export function splitSwitch(before: TargetsView | null, after: TargetsView): TargetsView[] {
  const isSwitch =
    before?.session != null && after.session !== null && before.session.id !== after.session.id;
  return isSwitch
    ? [{ ...after, session: null, targets: new Map(), changes: [], reset: true }, after]
    : [after];
}

/** JSON line of `watch`, without `time`. */
export type WatchEvent =
  | {
      readonly session: string | null;
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      /** Name of the target. A second target of the same name is `name#2`. */
      readonly target: string;
      /** Last phase, for DELETED. */
      readonly phase: TargetPhase;
      /** Null for a new target. */
      readonly previousPhase: TargetPhase | null;
      /** Headline of its error, or its current activity. */
      readonly summary: string;
      readonly resources: readonly string[];
      /** Names of the targets that it waits for. */
      readonly blockedBy: readonly string[];
      /** Name of the target at the end of the chain of blockers; null if it is not known. */
      readonly rootCause: string | null;
      readonly durationSeconds: number | null;
      /** Start of the phase. */
      readonly since: string;
    }
  | {
      readonly session: string | null;
      readonly type: 'VERDICT';
      /** Null when the Session is no longer known. */
      readonly verdict: VerdictState | null;
      readonly previousVerdict: VerdictState | null;
      readonly final: boolean;
      readonly reason: string | null;
    }
  | {
      readonly session: string | null;
      readonly type: 'CONNECTION';
      readonly connection: ConnectionState | null;
      readonly error: string | null;
    }
  | {
      readonly session: string | null;
      readonly type: 'LINK';
      readonly link: LinkState['state'];
      readonly url: string | null;
      readonly error: string | null;
    };

/**
 * Compares two views and returns their differences: connections first, then targets, then the verdict.
 * Unchanged states are not repeated after a `reset` or a switch to another gateway.
 */
export function eventsBetween(before: TargetsView | null, after: TargetsView): WatchEvent[] {
  const session = after.session?.id ?? before?.session?.id ?? null;
  return [
    ...linkEvents(before, after, session),
    ...connectionEvents(before, after, session),
    ...targetEvents(before?.targets ?? new Map(), after, session),
    ...verdictEvents(before, after, session),
  ];
}

type Session = string | null;

function linkEvents(before: TargetsView | null, { link }: TargetsView, session: Session): WatchEvent[] {
  if (before?.link.state === link.state) return [];
  return [{ session, type: 'LINK', link: link.state, url: link.url, error: toPlainText(link.error) }];
}

function connectionEvents(before: TargetsView | null, after: TargetsView, session: Session): WatchEvent[] {
  const now = after.session?.connection;
  if (before?.session?.connection.state === now?.state) return [];
  return [{ session, type: 'CONNECTION', connection: now?.state ?? null, error: toPlainText(now?.error) }];
}

function toPlainText(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : plainText(text);
}

function verdictEvents(before: TargetsView | null, after: TargetsView, session: Session): WatchEvent[] {
  // Report the verdict of another run even if it is equal: it may be the only sign of a replaced run.
  const isOtherRun = isAnotherRun(before?.session, after.session);
  const was = isOtherRun ? null : before?.session?.verdict;
  const now = after.session?.verdict;
  if (!isOtherRun && was?.state === now?.state && was?.final === now?.final) return [];
  return [
    {
      session,
      type: 'VERDICT',
      verdict: now?.state ?? null,
      previousVerdict: was?.state ?? null,
      final: now?.final ?? false,
      reason: now?.reason ?? null,
    },
  ];
}

function targetEvents(
  before: TargetsView['targets'],
  { targets, changes, reset }: TargetsView,
  session: Session,
): WatchEvent[] {
  const touched = reset
    ? [...before.keys(), ...targets.keys()]
    : changes.map(({ target }) => targetKey(target));
  return [...new Set(touched)].flatMap((key) => targetEvent(key, before.get(key), targets.get(key), session));
}

function targetEvent(
  key: string,
  was: TargetFields | undefined,
  now: TargetFields | undefined,
  session: Session,
): WatchEvent[] {
  const target = now ?? was;
  if (target === undefined || (was && now && isSame(was, now))) return [];
  const { phase, resources, blockedBy, rootCause, durationSeconds, since } = target;
  return [
    {
      session,
      type: was === undefined ? 'ADDED' : now === undefined ? 'DELETED' : 'MODIFIED',
      target: key,
      phase,
      previousPhase: was?.phase ?? null,
      summary: statusLine(target),
      resources,
      blockedBy: blockedBy.map(({ name }) => name),
      rootCause: rootCause?.name ?? null,
      durationSeconds,
      since,
    },
  ];
}

function isSame(was: TargetFields, now: TargetFields): boolean {
  return JSON.stringify(reportedParts(was)) === JSON.stringify(reportedParts(now));
}

function reportedParts({ phase, state, resources, blockedBy, rootCause }: TargetFields) {
  return [phase, state, resources, blockedBy, rootCause];
}

/** Whether an event is a change within a phase, such as a new wait reason or another blocker. */
export function isWithinPhase(event: WatchEvent): boolean {
  return event.type === 'MODIFIED' && event.phase === event.previousPhase;
}
