import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Client, createClient, type SessionFields, type WaitOutcome } from '../../src/client/client.js';
import { systemClock } from '../../src/lib/clock.js';
import { tools } from '../../src/mcp/tools.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { ProviderError, type SessionProvider } from '../../src/providers/provider.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startGateway } from '../support/gateway.js';
import { asDemo, session } from '../support/sessions.js';
import {
  createTargetsView,
  resourceFields,
  sessionFields,
  targetFields,
  verdictFields,
} from '../support/target-fields.js';

/** Calls a tool with a client. */
function callTool(name: string, client: Client, input: Record<string, unknown> = {}) {
  const tool = tools.find((each) => each.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const { signal } = new AbortController();
  return tool.run(input, { client, clock: systemClock, signal, sendProgress: null });
}

const RUNNING = targetFields('api:serve', 'RUNNING');

describe('the state in an answer of wait_for', () => {
  const session = sessionFields([RUNNING]);
  const view = createTargetsView([RUNNING], { session });
  const { link } = view;
  const lost = { ...view, link: { ...link, state: 'lost', error: 'connection refused' } } as const;
  const stale = {
    ...view,
    session: { ...session, connection: { ...session.connection, state: 'STALE' } },
  } as const;
  const cells: [
    string,
    WaitOutcome['result'],
    WaitOutcome['view'],
    note: string | undefined,
    blockers: number,
  ][] = [
    ['a timeout', 'timeout', view, undefined, 1],
    ['a lost gateway', 'unknown', lost, 'the gateway is not connected: this is the last known state', 0],
    [
      'a timeout without the gateway',
      'timeout',
      lost,
      'the gateway is not connected: this is the last known state',
      0,
    ],
    ['a replaced run', 'unknown', view, 'last known state of the run: see reason', 0],
    ['a lost Tilt', 'unknown', stale, 'Tilt is STALE: this is its last known state', 0],
    ['no Session', 'unknown', { ...view, session: null }, undefined, 0],
  ];

  it.each(cells)(
    'the answer after %s says whether its state is current',
    async (_, result, seen, note, count) => {
      const outcome: WaitOutcome = { result, reason: 'a reason', view: seen, run: null, replacedRuns: [] };
      const client: Client = { ...createClient(), waitFor: async () => outcome };
      const answer = await callTool('wait_for', client, { condition: 'ready' });
      expect(answer.note).toBe(note);
      expect(answer.blockers).toHaveLength(count);
    },
  );
});

describe('explain_verdict for a Tilt that has exited', () => {
  const UNIT = targetFields('unit:update', 'FAILED');
  const LINT = targetFields('lint:update', 'UNTRIGGERED');
  const session = sessionFields([UNIT, LINT]);
  const view = createTargetsView([UNIT, LINT]);
  const up = { ...session, spec: { ...session.spec, exitCondition: 'MANUAL' } } as const;
  const exited = { connection: { ...session.connection, state: 'GONE' } } as const;
  const NOTE = 'Tilt is GONE: this is its last known state';

  it.each<[string, SessionFields, next: string[]]>([
    [
      'tilt ci that has failed',
      { ...session, verdict: verdictFields('FAILED') },
      ['Look at unit:update first. The log is in the output of tilt ci.'],
    ],
    [
      'tilt ci that exited before it was done',
      { ...session, ...exited },
      [NOTE, 'Look at unit:update first. The log is in the output of tilt ci.'],
    ],
    ['tilt up that has exited', { ...up, ...exited }, [NOTE, 'Look at unit:update first.']],
  ])('an answer about a %s has no command and no page of Tilt', async (_, seen, next) => {
    const client: Client = {
      ...createClient(),
      async *watchTargets() {
        yield { ...view, session: seen };
      },
      resources: async () => [resourceFields('unit'), resourceFields('lint')],
    };
    const answer = await callTool('explain_verdict', client);
    expect(answer.next).toEqual(next);
    expect(answer.untriggered).toEqual([{ name: 'lint:update' }]);
    expect(JSON.stringify(answer)).not.toMatch(/10350|tilt logs|tilt trigger/);
  });
});

describe('answers while a source of the gateway has not been read', () => {
  const connecting: SessionProvider = {
    name: 'fleet',
    watch: (_, signal) => once(signal, 'abort').then(() => {}),
  };
  const failing: SessionProvider = {
    name: 'fleet',
    watch: () => Promise.reject(new ProviderError('unreachable', 'the API server answered 403')),
  };

  it.each([
    ['connecting', connecting, 'source fleet is still connecting'],
    ['failing', failing, 'source fleet: the API server answered 403'],
  ])('no answer states that no Tilt is running: %s', async (_, provider, reason) => {
    for (const isDemo of [true, false]) {
      await using gateway = await startGateway({
        providers: [
          createMemoryProvider('demo', isDemo ? [asDemo(session('demo', { x: 'ready' }))] : []).provider,
          provider,
        ],
      });
      const states = () => gateway.gateway.sources().map(({ state }) => state);
      await expect.poll(states).toEqual(['live', provider === failing ? 'stale' : 'connecting']);
      await using client = openDisposableClient({ url: gateway.url });
      await expect(callTool('explain_verdict', client)).rejects.toThrow(
        isDemo
          ? `only the built-in demo is known yet: ${reason}. To use it`
          : `session is required; ${reason}`,
      );
      expect(await callTool('list_sessions', client)).toMatchObject({
        note: `more Sessions may follow: ${reason}`,
      });
    }
  });
});
