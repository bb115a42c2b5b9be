import { z } from 'zod';
import { targetKey } from '../client/changes.js';
import { blockersOf, type TargetFields } from '../client/client.js';
import { bounded, firstPage, MAX_NAME, moreFacts, pageAfter, pageInput } from './bounds.js';
import {
  blockerFacts,
  blockerFactsOf,
  factsOf,
  sessionFacts,
  targetDetails,
  targetDetailsOf,
  targetFacts,
  targetFactsOf,
  transitionFacts,
  transitionFactsOf,
} from './facts.js';
import { nearestNames } from './nearest.js';
import { NoAnswer, newestView } from './newest-view.js';
import { type AnyTool, defineTool, phase, session } from './tool.js';
import { waitTool } from './wait-tool.js';

/** How many changes of a target's phase a gateway keeps. */
const HISTORY = 50;

/** Names that an error lists. */
const MAX_LISTED = 5;

/** All tools, in the order in which they are listed. */
export const tools: readonly AnyTool[] = [
  defineTool({
    name: 'list_sessions',
    title: 'List Sessions',
    description:
      'Every Session of Tilt that is known, with its verdict, why, its link, and how many targets are in each phase.',
    input: z.object({
      verdicts: z
        .array(sessionFacts.shape.verdict)
        .optional()
        .describe('Only those with one of these verdicts'),
      ...pageInput,
    }),
    output: z.object({ sessions: z.array(sessionFacts), more: moreFacts }),
    run: async ({ verdicts, limit, after }, { client, signal }) => {
      const all = await client.sessions({ signal });
      const { facts, more } = pageAfter(
        all.filter(({ verdict }) => verdicts?.includes(verdict.state) ?? true),
        {
          toFacts: factsOf,
          keyOf: ({ id }) => id,
          limit,
          after,
          ask: 'list_sessions again with more.after as after, or with verdicts',
        },
      );
      return { sessions: facts, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'explain_verdict',
    title: 'Explain the verdict',
    description:
      'Whether a Session is good, and if not, what stands in the way: failed targets first, with their errors, then those that are retried, run and are not ready, or wait, each with since when. target_history has more of a long error.',
    input: z.object({ session, limit: pageInput.limit }),
    output: z.object({ session: sessionFacts, blockers: z.array(blockerFacts), more: moreFacts }),
    run: async ({ session: id, limit }, { client, signal }) => {
      const view = await newestView(client, { session: id, signal });
      const facts = factsOf(view.session);
      const { facts: blockers, more } = firstPage(blockersOf(view), {
        toFacts: blockerFactsOf,
        used: facts,
        limit,
        ask: 'list_targets with phases FAILED, RETRYING, RUNNING or WAITING, page by page',
      });
      return { session: facts, blockers, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'list_targets',
    title: 'List targets',
    description: 'The servers and jobs of a Session, by name, with what each is doing.',
    input: z.object({
      session,
      phases: z.array(phase).optional().describe('Only those in one of these phases'),
      name: z.string().optional().describe('Only those with this name; * is any text: api:* or *db*'),
      ...pageInput,
    }),
    output: z.object({ targets: z.array(targetFacts), more: moreFacts }),
    run: async ({ session: id, phases, name, limit, after }, { client, signal }) => {
      const { targets } = await newestView(client, {
        session: id,
        where: { ...(phases && { phase: phases }), ...(name !== undefined && { name }) },
        signal,
      });
      const { facts, more } = pageAfter([...targets.values()], {
        toFacts: targetFactsOf,
        keyOf: targetKey,
        limit,
        after,
        ask: 'list_targets again with more.after as after, or with phases or name',
      });
      return { targets: facts, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'target_history',
    title: "A target's history",
    description:
      'What a server or job went through, oldest first, as far as the gateway saw it: up to 50 changes of its state. With its error, of a long one the beginning and the end.',
    input: z.object({
      session,
      target: z.string().describe('Its name, such as api:serve'),
      limit: pageInput.limit.describe('Only this many of the last changes. Default: as many as fit'),
    }),
    output: z.object({ target: targetDetails, history: z.array(transitionFacts), more: moreFacts }),
    run: async ({ session: id, target: key, limit }, { client, signal }) => {
      const all = await newestView(client, { session: id, signal });
      const { name } = all.targets.get(key) ?? noTarget(key, all.targets);
      // Only then with its history: that of all targets may be megabytes.
      const options = { session: all.session.id, where: { name }, history: HISTORY, signal };
      const { targets } = await newestView(client, options);
      const target = targets.get(key) ?? noTarget(key, targets);
      const details = targetDetailsOf(target);
      const { facts, more } = firstPage(target.history.toReversed(), {
        toFacts: transitionFactsOf,
        used: details,
        limit,
        ask: 'earlier changes: target_history with a greater limit, if one was given; otherwise they do not fit',
      });
      return { target: details, history: facts.reverse(), ...(more && { more }) };
    },
  }),
  waitTool,
];

function noTarget(wrong: string, targets: ReadonlyMap<string, TargetFields>): never {
  const names = [...targets.keys()];
  const near = names.length <= MAX_LISTED ? names : nearestNames(wrong, names, MAX_LISTED);
  const listed = near.map((name) => bounded(name, MAX_NAME));
  throw new NoAnswer(`no target is named ${bounded(wrong, MAX_NAME)}${hint()}`);

  function hint(): string {
    if (names.length <= MAX_LISTED) return `; there are: ${listed.join(', ')}`;
    if (listed.length > 0) return `, of ${names.length}; did you mean ${listed.join(' or ')}?`;
    return `, of ${names.length}; list_targets finds them, with name: "*part*" too`;
  }
}
