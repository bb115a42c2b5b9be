import { z } from 'zod';
import { targetKey } from '../client/changes.js';
import { blockersOf, type TargetFields } from '../client/client.js';
import { firstPage, MAX_NAME, moreFacts, pageAfter, pageInput, truncate } from './bounds.js';
import { NoAnswerError, nearestNames, readCurrentView } from './current-view.js';
import {
  blockerFacts,
  phaseInput,
  sessionFacts,
  sessionInput,
  targetDetails,
  targetFacts,
  toBlockerFacts,
  toSessionFacts,
  toTargetDetails,
  toTargetFacts,
  toTransitionFacts,
  transitionFacts,
} from './facts.js';
import { type AnyTool, defineTool } from './server.js';
import { waitTool } from './wait-tool.js';

/** Number of phase changes per target that a gateway keeps. */
const HISTORY = 50;

/** Maximum number of names in an error. */
const MAX_LISTED = 5;

/** All tools, in the order of their list. */
export const tools: readonly AnyTool[] = [
  defineTool({
    name: 'list_sessions',
    title: 'List Sessions',
    description:
      'List every known Session of Tilt with its verdict and reason, its connection, and the number of targets per phase.',
    input: z.object({
      verdicts: z
        .array(sessionFacts.shape.verdict)
        .optional()
        .describe('Only Sessions with one of these verdicts'),
      ...pageInput,
    }),
    output: z.object({ sessions: z.array(sessionFacts), more: moreFacts }),
    run: async ({ verdicts, limit, after }, { client, signal }) => {
      const all = await client.sessions({ signal });
      const { facts, more } = pageAfter(
        all.filter(({ verdict }) => verdicts?.includes(verdict.state) ?? true),
        {
          toFacts: toSessionFacts,
          keyOf: ({ id }) => id,
          limit,
          after,
          ask: 'call list_sessions again with more.after as after, or with verdicts',
        },
      );
      return { sessions: facts, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'explain_verdict',
    title: 'Explain the verdict',
    description:
      'Explain the verdict of a Session and list the targets that block it, each with the start of its phase: failed targets first, with their errors, then targets that are retried, running but not ready, or waiting. For a long error, use target_history.',
    input: z.object({ session: sessionInput, limit: pageInput.limit }),
    output: z.object({ session: sessionFacts, blockers: z.array(blockerFacts), more: moreFacts }),
    run: async ({ session: id, limit }, { client, signal }) => {
      const view = await readCurrentView(client, { session: id, signal });
      const facts = toSessionFacts(view.session);
      const { facts: blockers, more } = firstPage(blockersOf(view), {
        toFacts: toBlockerFacts,
        used: facts,
        limit,
        ask: 'call list_targets with phases FAILED, RETRYING, RUNNING or WAITING, page by page',
      });
      return { session: facts, blockers, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'list_targets',
    title: 'List targets',
    description: 'List the servers and jobs of a Session by name, with their current activity.',
    input: z.object({
      session: sessionInput,
      phases: z.array(phaseInput).optional().describe('Only targets in one of these phases'),
      name: z.string().optional().describe('Only targets with this name; * matches any text: api:* or *db*'),
      ...pageInput,
    }),
    output: z.object({ targets: z.array(targetFacts), more: moreFacts }),
    run: async ({ session: id, phases, name, limit, after }, { client, signal }) => {
      const { targets } = await readCurrentView(client, {
        session: id,
        where: { ...(phases && { phase: phases }), ...(name !== undefined && { name }) },
        signal,
      });
      const { facts, more } = pageAfter([...targets.values()], {
        toFacts: toTargetFacts,
        keyOf: targetKey,
        limit,
        after,
        ask: 'call list_targets again with more.after as after, or with phases or name',
      });
      return { targets: facts, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'target_history',
    title: 'Target history',
    description:
      'List the last state changes of a server or job that the gateway observed, oldest first, up to 50. Includes its error; a long error is shortened in the middle.',
    input: z.object({
      session: sessionInput,
      target: z.string().describe('Name of the target, such as api:serve'),
      limit: pageInput.limit.describe(
        'Maximum number of changes, counted from the last one. Default: as many as fit',
      ),
    }),
    output: z.object({ target: targetDetails, history: z.array(transitionFacts), more: moreFacts }),
    run: async ({ session: id, target: key, limit }, { client, signal }) => {
      const all = await readCurrentView(client, { session: id, signal });
      const { name } = all.targets.get(key) ?? throwNotFound(key, all.targets);
      // Requests the history of this target only: that of all targets can take megabytes.
      const options = { session: all.session.id, where: { name }, history: HISTORY, signal };
      const { targets } = await readCurrentView(client, options);
      const target = targets.get(key) ?? throwNotFound(key, targets);
      const details = toTargetDetails(target);
      const { facts, more } = firstPage(target.history.toReversed(), {
        toFacts: toTransitionFacts,
        used: details,
        limit,
        ask: 'for earlier changes, call target_history with a greater limit, if one was given; otherwise they do not fit',
      });
      return { target: details, history: facts.reverse(), ...(more && { more }) };
    },
  }),
  waitTool,
];

function throwNotFound(wrong: string, targets: ReadonlyMap<string, TargetFields>): never {
  const names = [...targets.keys()];
  const near = names.length <= MAX_LISTED ? names : nearestNames(wrong, names, MAX_LISTED);
  const listed = near.map((name) => truncate(name, MAX_NAME));
  throw new NoAnswerError(`no target is named ${truncate(wrong, MAX_NAME)}${hint()}`);

  function hint(): string {
    if (names.length <= MAX_LISTED) return `; known: ${listed.join(', ')}`;
    if (listed.length > 0) return `; ${names.length} are known; did you mean ${listed.join(' or ')}?`;
    return `; ${names.length} are known; search with list_targets and name: "*part*"`;
  }
}
