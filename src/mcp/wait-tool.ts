import { z } from 'zod';
import { blockersOf } from '../client/client.js';
import type { Clock } from '../lib/clock.js';
import { bounded, firstPage, MAX_LINE, moreFacts } from './bounds.js';
import { blockerFacts, blockerFactsOf, factsOf, runFacts, runFactsOf, sessionFacts } from './facts.js';
import { NoAnswer } from './newest-view.js';
import { type AnyTool, defineTool, phase, type SendProgress, session } from './tool.js';

/** How long to wait by default, in seconds: most agents give a call a minute. */
const PATIENCE_SECONDS = 50;

/** Waits for a condition, and reports progress meanwhile. */
export const waitTool: AnyTool = defineTool({
  name: 'wait_for',
  title: 'Wait for a condition',
  description: `Waits until a Session is ready (everything that counts is), a tilt ci is done, or a target is in a phase. \
It is about one run of Tilt: the one that runs now, or the next to start, or one that ended in the last seconds. \
result: reached; failed; unknown (no news that can be trusted, or another run replaced it); \
impossible (a tilt up is never done); timeout (call it again to wait on). \
A client that ends calls early, some after 5 s, needs a timeoutSeconds below that, such as 4.`,
  input: z.object({
    session,
    condition: z.enum(['ready', 'done', 'target']),
    target: z.string().optional().describe('With condition target: its name'),
    phase: phase.optional().describe('With condition target: the phase to wait for'),
    pid: z.number().int().min(1).optional().describe('Only the run of the tilt process with this id'),
    tiltfile: z.string().optional().describe('Only a run of this Tiltfile: its absolute path'),
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
      .default(PATIENCE_SECONDS)
      .describe(
        `How long to wait at most. Keep it below the time that your client gives a call, unless progress extends that: 4 where that is 5 s. Default: ${PATIENCE_SECONDS}`,
      ),
  }),
  output: z.object({
    result: z.enum(['reached', 'failed', 'unknown', 'impossible', 'timeout']),
    reason: z.string(),
    run: runFacts.nullable().describe('The run that the result is about'),
    session: sessionFacts.nullable(),
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
    const awaited = condition === 'target' ? aboutTarget(target, wanted) : condition;
    const progress = startProgress(clock, sendProgress);
    try {
      const { result, reason, view, run } = await client.waitFor({
        session: id,
        run: {
          pid,
          tiltfile,
          startedAfter: startedAfter === undefined ? undefined : new Date(startedAfter),
        },
        for: awaited,
        timeoutMs: timeoutSeconds * 1_000,
        signal,
        onView: (_, { reason: waiting }) => progress.update(waiting),
      });
      const facts = {
        result,
        reason: bounded(reason, MAX_LINE),
        run: run && runFactsOf(run),
        session: view?.session ? factsOf(view.session) : null,
      };
      const { facts: blockers, more } = firstPage(view ? blockersOf(view) : [], {
        toFacts: blockerFactsOf,
        used: facts,
        ask: 'explain_verdict, or list_targets with phases FAILED, RETRYING, RUNNING or WAITING',
      });
      return { ...facts, blockers, ...(more && { more }) };
    } finally {
      progress.end();
    }
  },
});

function aboutTarget(target: string | undefined, wanted: z.infer<typeof phase> | undefined) {
  if (target === undefined || wanted === undefined)
    throw new NoAnswer('condition target needs both target and phase');
  return { target, phase: wanted };
}

/** Progress of one call, in regular notifications. */
interface Progress {
  /** Sets the message of the next notifications. The first one is sent at once. */
  update(message: string): void;
  /** Sends nothing more. */
  end(): void;
}

/** Interval of notifications in milliseconds. Some clients end a call that they hear nothing of for 5 s. */
const INTERVAL_MS = 2_000;

/** Starts the progress of a call. Without `send` the client did not ask for it: nothing happens. */
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
