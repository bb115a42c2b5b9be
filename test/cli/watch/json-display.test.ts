import { describe, expect, it } from 'vitest';
import { eventsBetween, isWithinPhase } from '../../../src/cli/watch/json-display.js';
import type { TargetFields, TargetsView } from '../../../src/client/client.js';
import { sessionFields, targetFields, verdictFields, viewOf } from '../../support/target-fields.js';

const API = targetFields('api:serve', 'READY');
const UNIT = targetFields('unit:update', 'RUNNING');
const FAILED_UNIT = targetFields('unit:update', 'FAILED');
const FIRST = viewOf([API, UNIT]);

/** The events in short. */
function told(before: TargetsView | null, after: TargetsView): string[] {
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

/** The view after one update that modified a target. */
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

describe('the events of watch', () => {
  it('have the verdict of another run under the same id, also when it is the same word', () => {
    const other = { ...FIRST, session: sessionFields([API, UNIT], { metadata: { uid: 'another run' } }) };
    expect(told(FIRST, other)).toEqual(['VERDICT null PENDING']);
    expect(told(FIRST, FIRST)).toEqual([]);
  });

  it('are everything at first', () => {
    expect(told(null, FIRST)).toEqual([
      'LINK live',
      'CONNECTION LIVE',
      'ADDED api:serve null READY',
      'ADDED unit:update null RUNNING',
      'VERDICT null PENDING',
    ]);
  });

  it('are what has changed', () => {
    expect(told(FIRST, modified(FIRST, FAILED_UNIT))).toEqual(['MODIFIED unit:update RUNNING FAILED']);
  });

  it('tell of a change that leaves the phase as it is', () => {
    const once = modified(FIRST, FAILED_UNIT);
    const again = modified(once, targetFields('unit:update', 'FAILED', { error: 'another' }));
    expect(told(once, again)).toEqual(['MODIFIED unit:update FAILED FAILED']);
    expect(eventsBetween(once, again).map(isWithinPhase)).toEqual([true]);
    expect(eventsBetween(FIRST, once).map(isWithinPhase)).toEqual([false]);
  });

  it('repeat nothing after a reset, and tell what has gone', () => {
    const without = viewOf([API, targetFields('web:update', 'WAITING')]);
    expect(told(FIRST, viewOf([API, UNIT]))).toEqual([]);
    expect(told(FIRST, without)).toEqual([
      'DELETED unit:update RUNNING RUNNING',
      'ADDED web:update null WAITING',
    ]);
  });

  it('tell of links, and of a verdict that becomes final', () => {
    const lost = { ...FIRST, changes: [], reset: false, link: { ...FIRST.link, state: 'lost' as const } };
    expect(told(FIRST, lost)).toEqual(['LINK lost']);
    const verdict = { ...verdictFields('PENDING'), final: true };
    const final = { ...FIRST, changes: [], reset: false, session: sessionFields([], { verdict }) };
    expect(told(FIRST, final)).toEqual(['VERDICT PENDING PENDING']);
  });

  it('tell two targets of one name apart', () => {
    const twin = targetFields('api:serve', 'WAITING', { id: 'tilt-default/Tiltfile#api:serve#2' });
    const both = viewOf([API], {
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
    expect(told(both, after)).toEqual(['MODIFIED api:serve#2 WAITING FAILED']);
  });

  it('go on under the name of a Session that has gone', () => {
    const gone = viewOf([], { session: null });
    expect(told(FIRST, gone)).toEqual([
      'CONNECTION null',
      'DELETED api:serve READY READY',
      'DELETED unit:update RUNNING RUNNING',
      'VERDICT PENDING null',
    ]);
    expect(eventsBetween(FIRST, gone)[0]?.session).toBe('tilt-default/Tiltfile');
  });
});
