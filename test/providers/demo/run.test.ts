import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import type { Session } from '../../../src/model/session.js';
import { computeVerdict } from '../../../src/model/verdict.js';
import { createRun, playFrame, toSessionJson } from '../../../src/providers/demo/run.js';
import { createRandom, writeScript } from '../../../src/providers/demo/script.js';

const anyRun = fc.record({ seed: fc.nat(), number: fc.integer({ min: 1, max: 6 }) });

describe('a run of the demo', () => {
  it('is done by the rules of tilt ci', () => {
    fc.assert(
      fc.property(anyRun, ({ seed, number }) => {
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

  it('starts without targets, then has the Tiltfile, then all targets, sorted by name', () => {
    const names = playRun(1, 1).map(({ status }) => status.targets.map(({ name }) => name));
    expect(names[0]).toEqual([]);
    expect(names[1]).toEqual(['tiltfile:update']);
    expect(names[3]).toEqual(names[3]?.toSorted());
    expect(names[3]).toHaveLength(12);
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
    expect(reasons[4]).toContain('api:serve waiting-for-local');
    expect(reasons[5]).toContain('web:update waiting-for-dep');
    expect(reasons[5]).toContain('web:runtime waiting-for-pod');
    expect(reasons[5]).toContain('api:serve unknown');
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

function playRun(seed: number, number: number): Session[] {
  const random = createRandom(seed);
  let run = createRun(random);
  let nowMs = Date.parse('2026-11-22T12:00:00Z');
  return writeScript(number, random).map((frame) => {
    nowMs += frame.afterMs;
    run = playFrame(run, frame, nowMs);
    return decodeSession(toSessionJson(run), 'demo');
  });
}
