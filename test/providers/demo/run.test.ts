import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import { explain } from '../../../src/model/explanation.js';
import { computePhase } from '../../../src/model/phase.js';
import type { Session } from '../../../src/model/session.js';
import { computeVerdict } from '../../../src/model/verdict.js';
import { factsOf, toSessionJson } from '../../../src/providers/demo/api-objects.js';
import { isDevelopment } from '../../../src/providers/demo/plot.js';
import { createRandom } from '../../../src/providers/demo/random.js';
import { createRun, playFrame } from '../../../src/providers/demo/run.js';
import { writeScript } from '../../../src/providers/demo/script.js';

const anyRun = fc.record({ seed: fc.nat(), number: fc.integer({ min: 1, max: 6 }) });
const anyCiRun = anyRun.filter(({ number }) => !isDevelopment(number));

describe('a run of the demo', () => {
  it('is done by the rules of tilt ci', () => {
    fc.assert(
      fc.property(anyCiRun, ({ seed, number }) => {
        const sessions = playRun(seed, number);
        for (const session of sessions) {
          const { status } = session;
          // Tilt's rules, applied to the targets only.
          const { state, reason } = computeVerdict(
            { ...session, status: { ...status, done: false, error: null } },
            'live',
          );
          expect(state).toBe(status.done ? (status.error === null ? 'passed' : 'failed') : 'pending');
          if (status.error !== null)
            expect(reason).toMatch(new RegExp(`: ${status.error.replace(/\W/g, '.')}$`));
        }
        expect(sessions.map(({ status }) => status.done)).toEqual(
          sessions.map((_, at) => at === sessions.length - 1),
        );
      }),
    );
  });

  it('is never done under tilt up, and passes at its end', () => {
    const sessions = playRun(1, 1);
    expect(sessions.map(({ status }) => status.done)).toEqual(sessions.map(() => false));
    expect(sessions.map(({ spec }) => spec.exitCondition)).toEqual(sessions.map(() => 'manual'));
    const last = sessions.at(-1);
    expect(last && computeVerdict(last, 'live').state).toBe('passed');
  });

  it('starts without targets, then has the Tiltfile, then all targets, sorted by name', () => {
    const names = playRun(1, 1).map(({ status }) => status.targets.map(({ name }) => name));
    expect(names[0]).toEqual([]);
    expect(names[1]).toEqual(['tiltfile:update']);
    expect(names[3]).toEqual(names[3]?.toSorted());
    expect(names[3]).toHaveLength(14);
  });

  it('starts no target before the targets that it depends on', () => {
    fc.assert(
      fc.property(anyRun, ({ seed, number }) => {
        for (const { status } of playRun(seed, number)) {
          const is = new Map(status.targets.map(({ name, state }) => [name, state.is]));
          if (is.get('migrate:update') !== 'terminated') expect(is.get('api:serve')).not.toBe('active');
          if (is.get('web:runtime') !== 'active') expect(is.get('e2e:update') ?? 'waiting').toBe('waiting');
        }
      }),
    );
  });

  it('has the wait reasons of Tilt', () => {
    const reasons = playRun(1, 1).map(({ status }) =>
      status.targets.flatMap(({ name, state }) =>
        state.is === 'waiting' ? [`${name} ${state.waitReason}`] : [],
      ),
    );
    expect(reasons[1]).toEqual(['tiltfile:update initial-build']);
    expect(reasons[3]).toContain('api:serve tiltfile-reload');
    expect(reasons[6]).toContain('web:update waiting-for-dep');
    expect(reasons[6]).toContain('web:runtime waiting-for-pod');
    expect(reasons[7]).toContain('api:serve unknown');
    expect(reasons.flat()).toContain('web:update waiting-for-cluster');
  });

  it('has no finish time for a Kubernetes target, as in Tilt', () => {
    const states = playRun(1, 1).flatMap(({ status }) =>
      status.targets.filter(({ name }) => name === 'worker:runtime'),
    );
    expect(states.map(({ state }) => state)).toContainEqual(
      expect.objectContaining({ is: 'terminated', finishTime: null, graceStatus: 'tolerated' }),
    );
  });
});

describe('the facts of the demo', () => {
  it('name one resource for each resource of the targets, sorted, at any time', () => {
    fc.assert(
      fc.property(anyRun, ({ seed, number }) => {
        for (const { status, facts } of playRun(seed, number)) {
          const names = facts?.resources?.map(({ name }) => name) ?? [];
          const used = new Set(status.targets.flatMap(({ resources }) => resources)).add('(Tiltfile)');
          expect(names).toEqual([...used].toSorted());
        }
      }),
    );
  });

  it('agree with the Session: what waits for others has unfinished blockers, at any time', () => {
    fc.assert(
      fc.property(anyRun, ({ seed, number }) => {
        for (const session of playRun(seed, number)) {
          const explanation = explain(session);
          for (const target of session.status.targets) {
            const waitReason = target.state.is === 'waiting' ? target.state.waitReason : '';
            const blockers = explanation.blockedBy(target).map(computePhase);
            if (waitReason === 'waiting-for-dep') expect(blockers).not.toEqual([]);
            if (waitReason !== '')
              expect(blockers.filter((phase) => ['ready', 'succeeded'].includes(phase))).toEqual([]);
            expect(explanation.otherObjects(target)).toEqual(
              session.facts?.cluster?.error && target.resources.includes('web') ? ['Cluster/default'] : [],
            );
          }
        }
      }),
    );
  });

  it('have labels, links, kinds, trigger modes and the order of the Tiltfile', () => {
    const { resources, webUrl } = factsAt(-1);
    const found = (name: string) => resources?.find((one) => one.name === name);
    expect(found('api')).toMatchObject({
      labels: ['backend'],
      kind: 'local',
      triggerMode: 'auto',
      order: 5,
      links: [
        { url: 'https://example.com/api/docs', name: 'API docs' },
        { url: 'https://example.com/api', name: null },
      ],
      waitingOn: [],
    });
    expect(found('docs')).toMatchObject({ labels: [], isDisabled: true });
    expect(found('sample-data')).toMatchObject({ triggerMode: 'manual' });
    expect(new Set(resources?.map(({ kind }) => kind))).toEqual(
      new Set(['tiltfile', 'local', 'compose', 'kubernetes']),
    );
    expect(resources?.map(({ order }) => order).toSorted((a, b) => Number(a) - Number(b))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    for (const { url } of resources?.flatMap(({ links }) => links) ?? [])
      expect(new URL(url).hostname).toBe('example.com');
    expect(webUrl).toBeNull();
  });

  it('have the conditions by which Tilt judges a resource', () => {
    const conditionsOf = (frame: number, name: string) =>
      factsAt(frame)
        .resources?.find((one) => one.name === name)
        ?.conditions.map(({ typeText, status, reason }) => `${typeText} ${status} ${reason}`);
    expect(conditionsOf(6, 'db')).toEqual(['UpToDate true null', 'Ready true null']);
    expect(conditionsOf(6, 'web')).toEqual(['UpToDate false UpdatePending', 'Ready false UpdatePending']);
    expect(conditionsOf(6, 'migrate')).toEqual(['UpToDate false Unknown', 'Ready false Unknown']);
    expect(conditionsOf(8, 'api')).toEqual(['UpToDate true null', 'Ready false RuntimePending']);
    expect(conditionsOf(9, 'assets')).toEqual(['UpToDate false UpdateError', 'Ready false UpdateError']);
    expect(conditionsOf(9, 'worker')).toEqual(['UpToDate true null', 'Ready false RuntimeError']);
    expect(conditionsOf(9, 'docs')).toEqual(['UpToDate false Disabled', 'Ready false Disabled']);
  });

  it('do not know the cluster before the Tiltfile is loaded', () => {
    expect([factsAt(2).cluster, factsAt(3).cluster]).toEqual([null, { error: null }]);
  });
});

/** Facts at a frame of the first run; a negative number counts from its end. */
function factsAt(frame: number): NonNullable<Session['facts']> {
  return playRun(1, 1).at(frame)?.facts ?? expect.unreachable();
}

function playRun(seed: number, number: number): Session[] {
  const random = createRandom(seed);
  let run = createRun(isDevelopment(number) ? 'manual' : 'ci', random);
  let nowMs = Date.parse('2026-11-22T12:00:00Z');
  return writeScript(number, random).map((frame) => {
    nowMs += frame.afterMs;
    run = playFrame(run, frame, nowMs);
    return { ...decodeSession(toSessionJson(run), 'demo'), facts: factsOf(run) };
  });
}
