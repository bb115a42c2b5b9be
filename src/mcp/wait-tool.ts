import { z } from 'zod';
import { blockersOf, type Condition, type WaitOutcome } from '../client/client.js';
import type { Clock } from '../lib/clock.js';
import { firstPage, MAX_LINE, moreFacts, truncate } from './bounds.js';
import { NoAnswerError } from './current-view.js';
import {
  describeOutdated,
  originOutput,
  phaseInput,
  runFacts,
  sessionFacts,
  sessionInput,
  textInput,
  toRunFacts,
  toSessionFacts,
} from './facts.js';
import { type AnyTool, defineTool, type SendProgress } from './server.js';
import { blockerFacts, toBlockerFacts } from './target-facts.js';

/** Default timeout in seconds: most agents end a call after a minute. */
const DEFAULT_TIMEOUT_SECONDS = 50;

/** Waits for a condition and reports progress. */
export const waitTool: AnyTool = defineTool({
  name: 'wait_for',
  title: 'Wait for a condition',
  description: `Wait until a Session is ready (all its enabled targets are), a tilt ci is done, or a target is in a phase. \
The condition is about what Tilt reports now, which right after an edit or tilt trigger may still be the old state: \
first wait for the target of the update in phase RUNNING with timeoutSeconds 3, then for ready if the first result is reached or timeout. \
The wait is about one run of Tilt: the current one, the next to start, or one that ended in the last seconds. \
result: reached; failed; unknown (no current data, or another run replaced it); \
impossible (a tilt up is never done); timeout (call wait_for again to continue). \
A client that ends calls early, some after 5 s, needs a lower timeoutSeconds, such as 4.`,
  input: z.object({
    session: sessionInput,
    condition: z.enum(['ready', 'done', 'target']),
    target: textInput('the name of a target')
      .optional()
      .describe('With condition target: name of the target'),
    phase: phaseInput.optional().describe('With condition target: the phase to wait for'),
    pid: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('Only the run with this process id, also one that has ended'),
    tiltfile: textInput('an absolute path')
      .optional()
      .describe('Only a run of this Tiltfile (absolute path)'),
    startedAfter: z
      .string()
      .refine((text) => z.iso.datetime({ offset: true }).safeParse(text).success, {
        error: 'expected a time such as 2026-11-22T11:41:48Z',
      })
      .optional()
      .describe('Only a run that started at this time or later, such as 2026-11-22T11:41:48Z'),
    timeoutSeconds: z
      .number()
      .min(0.1)
      .max(3_600)
      .default(DEFAULT_TIMEOUT_SECONDS)
      .describe(
        `Maximum time to wait. Keep it below the time limit of your client, such as 4 for a limit of 5 s, unless progress notifications extend that limit. Default: ${DEFAULT_TIMEOUT_SECONDS}`,
      ),
  }),
  output: z.object({
    result: z.enum(['reached', 'failed', 'unknown', 'impossible', 'timeout']),
    reason: z.string(),
    run: runFacts.nullable().describe('Run that the result is about'),
    session: sessionFacts.nullable(),
    note: originOutput.note,
    blockers: z.array(blockerFacts),
    more: moreFacts,
  }),
  run: async (input, { client, clock, signal, sendProgress }) => {
    const {
      session: id,
      condition,
      target,
      phase: wanted,
      pid,
      tiltfile,
      startedAfter,
      timeoutSeconds,
    } = input;
    const awaited = toCondition(condition, target, wanted);
    const progress = startProgress(clock, sendProgress);
    try {
      const outcome = await client.waitFor({
        session: id,
        run: {
          pid,
          tiltfile,
          startedAfter: startedAfter === undefined ? undefined : new Date(startedAfter),
        },
        for: awaited,
        timeoutMs: timeoutSeconds * 1_000,
        signal,
        onView: (_, { reason: blocking }) => progress.update(blocking),
      });
      const { result, reason, view, run } = outcome;
      const note = describeLastKnown(outcome);
      const facts = {
        result,
        reason: truncate(reason, MAX_LINE),
        run: run && toRunFacts(run),
        session: view?.session ? toSessionFacts(view.session) : null,
        ...(note !== null && { note }),
      };
      const hasBlockers = view !== null && view.link.state === 'live' && result !== 'unknown';
      const { facts: blockers, more } = firstPage(hasBlockers ? blockersOf(view) : [], {
        toFacts: (blocker) => toBlockerFacts(blocker, view?.targets ?? new Map()),
        used: facts,
        hint: 'call explain_verdict, or list_targets with phases FAILED, RETRYING, RUNNING or WAITING',
      });
      return { ...facts, blockers, ...(more && { more }) };
    } finally {
      progress.end();
    }
  },
});

/** Says that the state of the Session in an outcome may be an old one. Null if it is current. */
function describeLastKnown({ result, view }: WaitOutcome): string | null {
  if (view === null || view.session === null) return null;
  if (view.link.state !== 'live') return 'the gateway is not connected: this is the last known state';
  const isDoubtful = result === 'unknown';
  return describeOutdated(view.session) ?? (isDoubtful ? 'last known state of the run: see reason' : null);
}

/**
 * Combines the inputs that make up a condition. Throws a {@link NoAnswerError} for a target or phase that the
 * condition would ignore: the agent waits for something else than it means.
 */
function toCondition(
  condition: 'ready' | 'done' | 'target',
  target: string | undefined,
  phase: z.infer<typeof phaseInput> | undefined,
): Condition {
  if (condition !== 'target') {
    if (target === undefined && phase === undefined) return condition;
    throw new NoAnswerError(
      `condition ${condition} is about the whole Session: omit target and phase, or use condition target with both`,
    );
  }
  if (target === undefined || phase === undefined)
    throw new NoAnswerError('condition target requires both target and phase');
  return { target, phase };
}

/** Progress notifications of one call. */
interface Progress {
  /** Sets the message of the next notifications. The first call sends one at once. */
  update(message: string): void;
  /** Stops the notifications. */
  end(): void;
}

/** Interval of notifications in milliseconds. Some clients end a call without notifications after 5 s. */
const INTERVAL_MS = 2_000;

/** Starts the notifications of a call. Does nothing without `send`: the client did not request progress. */
function startProgress(clock: Clock, send: SendProgress | null): Progress {
  if (send === null) return { update() {}, end() {} };
  const startedAt = clock.monotonic();
  let newest = 'waiting for the gateway';
  let isFirst = true;
  let cancel = clock.after(INTERVAL_MS, repeat);
  return {
    update(message) {
      newest = message;
      if (isFirst) notify();
    },
    end: () => cancel(),
  };

  function repeat(): void {
    notify();
    cancel = clock.after(INTERVAL_MS, repeat);
  }

  function notify(): void {
    isFirst = false;
    send?.(Math.round(clock.monotonic() - startedAt) / 1_000, newest);
  }
}
