import { z } from 'zod';
import { targetKey } from '../client/changes.js';
import { blockersOf } from '../client/client.js';
import { readExcerpts } from '../client/excerpts.js';
import { toReachable } from '../client/tilt-commands.js';
import { compareNaturally } from '../lib/natural-order.js';
import { firstPage, moreFacts, pageAfter, pageInput } from './bounds.js';
import {
  type Cause,
  causeFacts,
  findCauses,
  suggestNext,
  toCauseFacts,
  toUntriggeredFacts,
  untriggeredFacts,
} from './causes.js';
import { readCurrentView, readResources, readUnreadSources, throwTargetNotFound } from './current-view.js';
import {
  originOutput,
  phaseInput,
  sessionFacts,
  sessionInput,
  toOrigin,
  toSessionFacts,
  toTransitionFacts,
  transitionFacts,
} from './facts.js';
import { logTool } from './log-tool.js';
import { type AnyTool, defineTool } from './server.js';
import {
  blockerFacts,
  labelsOf,
  targetDetails,
  targetFacts,
  toBlockerFacts,
  toTargetDetails,
  toTargetFacts,
} from './target-facts.js';
import { waitTool } from './wait-tool.js';

/** Number of phase changes per target that a gateway keeps. */
const HISTORY = 50;

/** Maximum number of causes of a verdict. */
const MAX_CAUSES = 4;

/** Characters reserved for the blockers of a verdict: two with long names and errors, or several others. */
const BLOCKERS_ROOM = 2_400;

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
    output: z.object({
      sessions: z.array(sessionFacts),
      note: z.string().optional().describe('Present if more Sessions may follow'),
      more: moreFacts,
    }),
    run: async ({ verdicts, limit, after }, { client, signal }) => {
      // In this order: the Sessions of a source that has delivered by now are in the list.
      const unread = await readUnreadSources(client, signal);
      const all = await client.sessions({ signal });
      const note = unread === null ? {} : { note: `more Sessions may follow: ${unread}` };
      const { facts, more } = pageAfter(
        all
          .filter(({ verdict }) => verdicts?.includes(verdict.state) ?? true)
          .sort((a, b) => compareNaturally(a.id, b.id)),
        {
          toFacts: toSessionFacts,
          keyOf: ({ id }) => id,
          compare: compareNaturally,
          used: note,
          limit,
          after,
          hint: 'call list_sessions again with more.after as after, or with verdicts',
        },
      );
      return { sessions: facts, ...note, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'explain_verdict',
    title: 'Explain the verdict',
    description:
      'Explain the verdict of a Session. causes: the targets at the root, failed ones first, with error, last lines of the log, links and log command. blockers: all targets that block the verdict, with what each waits for. untriggered: targets that wait for a person. next: what to look at next. For a long error, use target_history.',
    input: z.object({ session: sessionInput, limit: pageInput.limit }),
    output: z.object({
      session: sessionFacts,
      next: z.array(z.string()).describe('What to look at next'),
      causes: z.array(causeFacts).describe('The first targets at the root of the verdict'),
      untriggered: z.array(untriggeredFacts).optional(),
      blockers: z.array(blockerFacts),
      more: moreFacts,
    }),
    run: async ({ session: id, limit }, { client, clock, signal }) => {
      const view = await readCurrentView(client, { session: id, signal });
      const roots = findCauses(view).slice(0, MAX_CAUSES);
      const targets = roots.map(({ target }) => target);
      const [known, excerpts] = await Promise.all([
        readResources(client, view.session.id, signal),
        readExcerpts(client, { session: view.session.id, targets, clock, signal }),
      ]);
      const resources = toReachable(known, view.session);
      const all = blockersOf(view);
      const toFacts = (cause: Cause) => toCauseFacts(cause, { resources, excerpts });
      const [first = null] = roots.slice(0, 1).map(toFacts);
      const untriggered = toUntriggeredFacts(view, resources);
      const answer = {
        session: toSessionFacts(view.session),
        next: suggestNext(view, first, all),
        ...(untriggered.length > 0 && { untriggered }),
      };
      const { facts: causes } = firstPage(roots, {
        toFacts,
        used: answer,
        reserved: BLOCKERS_ROOM,
        hint: '',
      });
      const head = { ...answer, causes };
      const { facts: blockers, more } = firstPage(all, {
        toFacts: (blocker) => toBlockerFacts(blocker, view.targets),
        used: head,
        limit,
        hint: 'call list_targets with phases FAILED, RETRYING, RUNNING or WAITING, page by page',
      });
      return { ...head, blockers, ...(more && { more }) };
    },
  }),
  defineTool({
    name: 'list_targets',
    title: 'List targets',
    description:
      'List the servers and jobs of a Session by name, with their current activity, their labels, and what they wait for.',
    input: z.object({
      session: sessionInput,
      phases: z.array(phaseInput).optional().describe('Only targets in one of these phases'),
      name: z.string().optional().describe('Only targets with this name; * matches any text: api:* or *db*'),
      label: z.string().optional().describe('Only targets of resources with this label; * matches any text'),
      ...pageInput,
    }),
    output: z.object({ ...originOutput, targets: z.array(targetFacts), more: moreFacts }),
    run: async ({ session: id, phases, name, label, limit, after }, { client, signal }) => {
      const { session, targets } = await readCurrentView(client, {
        session: id,
        where: {
          ...(phases && { phase: phases }),
          ...(name !== undefined && { name }),
          ...(label !== undefined && { label }),
        },
        signal,
      });
      const resources = await readResources(client, session.id, signal);
      const origin = toOrigin(session);
      const { facts, more } = pageAfter([...targets.values()], {
        toFacts: (target) => toTargetFacts(target, labelsOf(target, resources)),
        keyOf: targetKey,
        used: origin,
        limit,
        after,
        hint: 'call list_targets again with more.after as after, or with phases, name or label',
      });
      return { ...origin, targets: facts, ...(more && { more }) };
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
    output: z.object({
      ...originOutput,
      target: targetDetails,
      history: z.array(transitionFacts),
      more: moreFacts,
    }),
    run: async ({ session: id, target: key, limit }, { client, signal }) => {
      const all = await readCurrentView(client, { session: id, signal });
      const { name } = all.targets.get(key) ?? throwTargetNotFound(key, all.targets);
      // Requests the history of this target only: that of all targets can take megabytes.
      const options = { session: all.session.id, where: { name }, history: HISTORY, signal };
      const { session, targets } = await readCurrentView(client, options);
      const target = targets.get(key) ?? throwTargetNotFound(key, targets);
      const head = { ...toOrigin(session), target: toTargetDetails(target) };
      const { facts, more } = firstPage(target.history.toReversed(), {
        toFacts: toTransitionFacts,
        used: head,
        limit,
        hint: 'for earlier changes, call target_history with a greater limit, if one was given; otherwise they do not fit',
      });
      return { ...head, history: facts.reverse(), ...(more && { more }) };
    },
  }),
  logTool,
  waitTool,
];
