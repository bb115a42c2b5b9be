import { describe, expect, it } from 'vitest';
import { eventsBetween, isWithinPhase, splitSwitch } from '../../../src/cli/watch/json-display.js';
import type { TargetFields, TargetsView } from '../../../src/client/client.js';
import {
  createTargetsView,
  sessionFields,
  targetFields,
  verdictFields,
} from '../../support/target-fields.js';

const API = targetFields('api:serve', 'READY');
const UNIT = targetFields('unit:update', 'RUNNING');
const FAILED_UNIT = targetFields('unit:update', 'FAILED');
const FIRST = createTargetsView([API, UNIT]);

/** Short form of the events between two views. */
function shortEvents(before: TargetsView | null, after: TargetsView): string[] {
  return eventsBetween(before, after).map((event) => {
    switch (event.type) {
      case 'LINK':
        return `LINK ${event.link}`;
      case 'CONNECTION':
        return `CONNECTION ${event.connection}`;
      case 'VERDICT':
        return `VERDICT ${event.previousVerdict} ${event.verdict}`;
      default:
        return `${event.type} ${event.target} ${event.previousPhase} ${event.phase}`;
    }
  });
}

/** View after an update that modified a target. */
function modified(before: TargetsView, target: TargetFields): TargetsView {
  const targets = new Map(before.targets).set(target.name, target);
  const previous = before.targets.get(target.name);
  return {
    ...before,
    targets,
    changes: [
      { type: 'MODIFIED', target, previous: previous?.state ?? null, previousPhase: previous?.phase ?? null },
    ],
    reset: false,
  };
}

describe('JSON events of watch', () => {
  it('watch reports the verdict of another run under the same id even if it is equal', () => {
    const other = { ...FIRST, session: sessionFields([API, UNIT], { metadata: { uid: 'another run' } }) };
    expect(shortEvents(FIRST, other)).toEqual(['VERDICT null PENDING']);
    expect(shortEvents(FIRST, FIRST)).toEqual([]);
  });

  it('watch reports the end of the demo under its id, then the Tilt that replaces it', () => {
    const demo = { ...FIRST, session: sessionFields([API, UNIT], { id: 'demo/Tiltfile', isDemo: true }) };
    const [ended, appeared, ...others] = splitSwitch(demo, FIRST);
    if (!ended || !appeared) throw new Error('Expected two views.');
    expect(others).toEqual([]);
    expect(eventsBetween(demo, ended).map(({ session }) => session)).not.toContain('tilt-default/Tiltfile');
    expect(shortEvents(demo, ended)).toEqual([
      'CONNECTION null',
      'DELETED api:serve READY READY',
      'DELETED unit:update RUNNING RUNNING',
      'VERDICT PENDING null',
    ]);
    expect(shortEvents(ended, appeared)).toEqual([
      'CONNECTION LIVE',
      'ADDED api:serve null READY',
      'ADDED unit:update null RUNNING',
      'VERDICT null PENDING',
    ]);
    expect(splitSwitch(FIRST, FIRST)).toEqual([FIRST]);
    expect(splitSwitch(null, FIRST)).toEqual([FIRST]);
  });

  it('watch reports the connections, all targets and the verdict at first', () => {
    expect(shortEvents(null, FIRST)).toEqual([
      'LINK live',
      'CONNECTION LIVE',
      'ADDED api:serve null READY',
      'ADDED unit:update null RUNNING',
      'VERDICT null PENDING',
    ]);
  });

  it('watch reports a changed target', () => {
    expect(shortEvents(FIRST, modified(FIRST, FAILED_UNIT))).toEqual(['MODIFIED unit:update RUNNING FAILED']);
  });

  it('watch reports a change within a phase', () => {
    const once = modified(FIRST, FAILED_UNIT);
    const again = modified(once, targetFields('unit:update', 'FAILED', { error: 'another' }));
    expect(shortEvents(once, again)).toEqual(['MODIFIED unit:update FAILED FAILED']);
    expect(eventsBetween(once, again).map(isWithinPhase)).toEqual([true]);
    expect(eventsBetween(FIRST, once).map(isWithinPhase)).toEqual([false]);
  });

  it('watch repeats nothing after a reset and reports deleted targets', () => {
    const without = createTargetsView([API, targetFields('web:update', 'WAITING')]);
    expect(shortEvents(FIRST, createTargetsView([API, UNIT]))).toEqual([]);
    expect(shortEvents(FIRST, without)).toEqual([
      'DELETED unit:update RUNNING RUNNING',
      'ADDED web:update null WAITING',
    ]);
  });

  it('watch reports a lost connection and a verdict that becomes final', () => {
    const lost = { ...FIRST, changes: [], reset: false, link: { ...FIRST.link, state: 'lost' as const } };
    expect(shortEvents(FIRST, lost)).toEqual(['LINK lost']);
    const verdict = { ...verdictFields('PENDING'), final: true };
    const final = { ...FIRST, changes: [], reset: false, session: sessionFields([], { verdict }) };
    expect(shortEvents(FIRST, final)).toEqual(['VERDICT PENDING PENDING']);
  });

  it('watch distinguishes two targets of the same name', () => {
    const twin = targetFields('api:serve', 'WAITING', { id: 'tilt-default/Tiltfile#api:serve#2' });
    const both = createTargetsView([API], {
      targets: new Map([
        ['api:serve', API],
        ['api:serve#2', twin],
      ]),
    });
    const failed = { ...twin, phase: 'FAILED' as const, state: FAILED_UNIT.state };
    const after: TargetsView = {
      ...both,
      targets: new Map([
        ['api:serve', API],
        ['api:serve#2', failed],
      ]),
      changes: [{ type: 'MODIFIED', target: failed, previous: twin.state, previousPhase: 'WAITING' }],
      reset: false,
    };
    expect(shortEvents(both, after)).toEqual(['MODIFIED api:serve#2 WAITING FAILED']);
  });

  it('watch reports events of a removed Session under its id', () => {
    const gone = createTargetsView([], { session: null });
    expect(shortEvents(FIRST, gone)).toEqual([
      'CONNECTION null',
      'DELETED api:serve READY READY',
      'DELETED unit:update RUNNING RUNNING',
      'VERDICT PENDING null',
    ]);
    expect(eventsBetween(FIRST, gone)[0]?.session).toBe('tilt-default/Tiltfile');
  });

  it('watch reports what a target waits for, and a change of that alone only as a change within the phase', () => {
    const waiting = (...blockers: readonly string[]) =>
      targetFields('e2e:update', 'WAITING', {
        blockedBy: blockers.map((name) => ({ name })),
        rootCause: blockers[0] === undefined ? null : { name: blockers[0] },
      });
    const first = createTargetsView([waiting()]);
    const then = modified(first, waiting('api:serve', 'web:serve'));
    const [event] = eventsBetween(first, then);
    expect(event).toMatchObject({ blockedBy: ['api:serve', 'web:serve'], rootCause: 'api:serve' });
    expect(eventsBetween(first, then).map(isWithinPhase)).toEqual([true]);
    expect(eventsBetween(null, then)).toContainEqual(
      expect.objectContaining({
        type: 'ADDED',
        blockedBy: ['api:serve', 'web:serve'],
        rootCause: 'api:serve',
      }),
    );
    expect(shortEvents(then, modified(then, waiting('api:serve', 'web:serve')))).toEqual([]);
  });

  it('watch reports a target that now waits for a person, although its state is the same', () => {
    const waiting = createTargetsView([targetFields('lint:update', 'WAITING')]);
    const untriggered = modified(waiting, targetFields('lint:update', 'UNTRIGGERED'));
    expect(shortEvents(waiting, untriggered)).toEqual(['MODIFIED lint:update WAITING UNTRIGGERED']);
    expect(eventsBetween(waiting, untriggered).map(isWithinPhase)).toEqual([false]);
  });
});
