import { z } from 'zod';
import { plainText } from '../model/plain-text.js';
import {
  blockerFacts,
  blockerFactsOf,
  factsOf,
  historyOf,
  runFacts,
  runFactsOf,
  sessionFacts,
  targetFacts,
  targetFactsOf,
  transitionFacts,
} from './facts.js';
import { NoAnswer, newestView } from './newest-view.js';
import { type AnyTool, defineTool } from './tool.js';

const PHASES = [
  'INACTIVE',
  'DISABLED',
  'WAITING',
  'RUNNING',
  'READY',
  'SUCCEEDED',
  'FAILED',
  'RETRYING',
] as const;

const session = z
  .string()
  .optional()
  .describe(
    'Id of the Session, such as tilt-default/Tiltfile; may be left out while exactly one Tilt runs. The demonstration has to be named',
  );

/** How long to wait unless told otherwise: most agents give a call a minute. In seconds. */
const PATIENCE_SECONDS = 50;

/** All of them, in the order in which an agent is told of them. */
export const tools: readonly AnyTool[] = [
  defineTool({
    name: 'list_sessions',
    title: 'List Sessions',
    description:
      'Every Session of Tilt that is known, with its verdict, why, its link, and how many targets are in each phase.',
    input: z.object({}),
    output: z.object({ sessions: z.array(sessionFacts) }),
    run: async (_, { client, signal }) => ({ sessions: (await client.sessions({ signal })).map(factsOf) }),
  }),
  defineTool({
    name: 'explain_verdict',
    title: 'Explain the verdict',
    description:
      'Whether a Session is good, and if not, what stands in the way: failed targets first, with their errors, then those that are retried, run and are not ready, or wait, each with since when.',
    input: z.object({ session }),
    output: z.object({ session: sessionFacts, blockers: z.array(blockerFacts) }),
    run: async (input, { client, signal }) => {
      const view = await newestView(client, input.session, signal);
      return { session: factsOf(view.session), blockers: blockerFactsOf(view) };
    },
  }),
  defineTool({
    name: 'list_targets',
    title: 'List targets',
    description: 'The servers and jobs of a Session, with what each is doing.',
    input: z.object({
      session,
      phases: z.array(z.enum(PHASES)).optional().describe('Only those in one of these phases'),
    }),
    output: z.object({ targets: z.array(targetFacts) }),
    run: async ({ session: id, phases }, { client, signal }) => {
      const { targets } = await newestView(client, id, signal);
      const wanted = [...targets.values()].filter(
        ({ phase }) => phases?.some((one) => one === phase) ?? true,
      );
      return { targets: wanted.map(targetFactsOf) };
    },
  }),
  defineTool({
    name: 'target_history',
    title: "A target's history",
    description:
      'What a server or job went through, oldest first, as far as the gateway saw it: up to 50 changes of its state.',
    input: z.object({ session, target: z.string().describe('Its name, such as api:serve') }),
    output: z.object({ target: targetFacts, history: z.array(transitionFacts) }),
    run: async (input, { client, signal }) => {
      const { targets } = await newestView(client, input.session, signal);
      const target = targets.get(input.target);
      if (!target)
        throw new NoAnswer(
          `no target is named ${input.target}; there are: ${[...targets.keys()].join(', ')}`,
        );
      return { target: targetFactsOf(target), history: historyOf(target) };
    },
  }),
  defineTool({
    name: 'wait_for',
    title: 'Wait for a condition',
    description: `Waits until a Session is ready (everything that counts is), a tilt ci is done, or a target is in a phase. \
It is about one run of Tilt: the one that runs now, or the next to start, or one that ended in the last seconds. \
result: reached; failed; unknown (no news that can be trusted, or another run replaced it); \
impossible (a tilt up is never done); timeout (call it again to wait on).`,
    input: z.object({
      session,
      condition: z.enum(['ready', 'done', 'target']),
      target: z.string().optional().describe('With condition target: its name'),
      phase: z.enum(PHASES).optional().describe('With condition target: the phase to wait for'),
      pid: z.number().int().positive().optional().describe('Only the run of the tilt process with this id'),
      tiltfile: z.string().optional().describe('Only a run of this Tiltfile: its absolute path'),
      startedAfter: z.iso
        .datetime({ offset: true })
        .optional()
        .describe('Only a run that started at this time or later'),
      timeoutSeconds: z.number().positive().max(3_600).default(PATIENCE_SECONDS),
    }),
    output: z.object({
      result: z.enum(['reached', 'failed', 'unknown', 'impossible', 'timeout']),
      reason: z.string(),
      run: runFacts.nullable().describe('The run that the result is about'),
      session: sessionFacts.nullable(),
      blockers: z.array(blockerFacts),
    }),
    run: async (input, { client, signal }) => {
      const { session: id, condition, target, phase, pid, tiltfile, startedAfter, timeoutSeconds } = input;
      const { result, reason, view, run } = await client.waitFor({
        session: id,
        run: {
          pid,
          tiltfile,
          startedAfter: startedAfter === undefined ? undefined : new Date(startedAfter),
        },
        for: condition === 'target' ? aboutTarget(target, phase) : condition,
        timeoutMs: timeoutSeconds * 1_000,
        signal,
      });
      return {
        result,
        reason: plainText(reason),
        run: run && runFactsOf(run),
        session: view?.session ? factsOf(view.session) : null,
        blockers: view ? blockerFactsOf(view) : [],
      };
    },
  }),
];

function aboutTarget(target: string | undefined, phase: (typeof PHASES)[number] | undefined) {
  if (target === undefined || phase === undefined)
    throw new NoAnswer('condition target needs both target and phase');
  return { target, phase };
}
