import { setImmediate as turn } from 'node:timers/promises';
import { signal } from '@preact/signals';
import { describe, expect, it } from 'vitest';
import type { LinkState, SessionsView, TargetsView } from '../../../src/client/client.js';
import { ClientError } from '../../../src/client/client-error.js';
import { summarizeTab } from '../../../src/dashboard/model/tab.js';
import { createBoard } from '../../../src/dashboard/state/board.js';
import { createAsyncIterable, type Feed } from '../../../src/lib/async-iterable.js';
import { createTargetsView, sessionFields, verdictFields } from '../../support/target-fields.js';

const SHOP = sessionFields([], {
  id: 'shop/Tiltfile',
  verdict: verdictFields('PASSED'),
});
const LIVE: LinkState = {
  state: 'live',
  since: 0,
  error: null,
  url: 'http://gateway/graphql',
  isDown: false,
};
const LOST: LinkState = { ...LIVE, state: 'lost', error: 'connection refused' };

const view = (link: LinkState): SessionsView => ({
  sessions: new Map([[SHOP.id, SHOP]]),
  changes: [],
  reset: true,
  conflated: 0,
  cursor: 'c-1',
  link,
});

/** A watch whose views the test sends. */
function createWatch<V>() {
  const views: V[] = [];
  let feed: Feed | null = null;
  return {
    views: createAsyncIterable<V>(undefined, (opened) => {
      feed = opened;
      return { take: () => views.shift(), stop() {} };
    }),
    /** Sends a view. Resolves when it is shown. */
    async send(next: V) {
      views.push(next);
      feed?.notify();
      await turn();
    },
    async fail(error: Error) {
      feed?.finish(error);
      await turn();
    },
  };
}

/** Creates the board of a page with the Session `shop`. */
function startBoard() {
  const sessions = createWatch<SessionsView>();
  const targets = createWatch<TargetsView>();
  const matching = createWatch<SessionsView>();
  const label = signal<string | null>(null);
  const board = createBoard(
    {
      watchSessions: (selection) => (selection?.where ? matching : sessions).views,
      watchTargets: () => targets.views,
      watchResources: () => createWatch<never>().views,
      log: () => createWatch<never>().views,
      query: () => Promise.reject(new ClientError('UNREACHABLE', 'connection refused')),
    },
    { session: signal(SHOP.id), label, history: signal(1) },
    { schedule: (_key, task) => task() },
  );
  return { board, sessions, targets, matching, label };
}

describe('the link of a board', () => {
  it('a Session stays outdated until the watch of its targets is live again, not only the list', async () => {
    const { board, sessions, targets } = startBoard();
    const states = () => [board.link.value.state, board.detail.value?.link.value.state];
    expect(states()).toEqual(['connecting', 'connecting']);
    await sessions.send(view(LIVE));
    await targets.send(createTargetsView([], { session: SHOP, link: LIVE }));
    expect(states()).toEqual(['live', 'live']);
    await sessions.send(view(LOST));
    await targets.send(createTargetsView([], { session: SHOP, link: LOST }));
    await sessions.send(view(LIVE));
    expect(states()).toEqual(['live', 'lost']);
    await targets.send(createTargetsView([], { session: SHOP, link: LIVE }));
    expect(states()).toEqual(['live', 'live']);
  });

  it('a gateway that is lost before the first targets is lost for the Session too', async () => {
    const { board, targets } = startBoard();
    await targets.send(createTargetsView([], { session: null, cursor: null, link: LOST }));
    expect(board.detail.value?.link.value).toEqual(LOST);
    expect(board.detail.value?.session.value).toBeUndefined();
  });

  it('the list is outdated once its watch has ended with an error, so that the tab is not green', async () => {
    const { board, sessions } = startBoard();
    await sessions.send(view(LIVE));
    await sessions.fail(new ClientError('GRAPHQL', 'the complexity is above the limit'));
    expect(board.link.value).toMatchObject({ state: 'lost', error: 'the complexity is above the limit' });
    expect(board.error.value).toEqual({ isSignedOut: false, message: 'the complexity is above the limit' });
    const isConnected = board.link.value.state !== 'lost';
    expect(summarizeTab([...(board.sessions.value?.values() ?? [])], null, isConnected)).toMatchObject({
      tone: 'idle',
      title: '? Last known: passing · tilt-graphql',
    });
  });
});

describe('the filter of a board by label', () => {
  it('the list shows the error and all Sessions when the filter by label fails, until it is cleared', async () => {
    const { board, matching, label } = startBoard();
    label.value = 'team-*';
    await matching.send({ ...view(LIVE), sessions: new Map() });
    expect(board.labelled.value).toEqual(new Set());
    await matching.fail(new ClientError('GRAPHQL', 'the complexity is above the limit'));
    expect(board.labelled.value).toBeNull();
    expect(board.error.value?.message).toBe('the complexity is above the limit');
    label.value = null;
    expect(board.error.value).toBeNull();
  });
});
