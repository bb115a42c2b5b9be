import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { decodeResource } from '../../src/model/decode-facts.js';
import type { SessionFacts } from '../../src/model/facts.js';
import type { Session, Target } from '../../src/model/session.js';
import type { Revision } from '../../src/store/journal.js';
import { diffRecords } from '../../src/store/merge.js';
import { verdictOfRecord } from '../../src/store/record.js';
import { createStore } from '../../src/store/store.js';
import { sessionFacts, sessionsWithFacts } from '../support/fact-arbitraries.js';
import { createManualClock } from '../support/manual-clock.js';
import { sessionJson } from '../support/session-json.js';

/** States of one Session, each with other targets, other facts, or both. */
const anyStates = fc.array(sessionsWithFacts('a'), { minLength: 1, maxLength: 5 });

/** Changes of the facts alone, of some targets, or both, of a Session that keeps its targets and its run. */
const anySteps = fc.array(
  fc.record({ facts: fc.option(sessionFacts()), from: fc.option(sessionsWithFacts('a')) }),
  { maxLength: 5 },
);

/** The newest states of both runs are equal, but the history of the first run starts with another state. */
const sameTargetInTwoRuns = [
  ['run-2', ''],
  ['run-2', 'unknown'],
  ['run-1', 'unknown'],
].map(([uid = '', waitReason]) =>
  decodeSession(
    sessionJson({
      uid,
      targets: [{ name: 'e2e:serve', type: 'server', resources: [], state: { waiting: { waitReason } } }],
    }),
    'a',
  ),
);

/** A manual resource whose last update failed, with an update that waits: it is shown as failed. */
const failedManualUpdate: Session = {
  ...decodeSession(
    sessionJson({
      targets: [
        {
          name: 'lint:update',
          type: 'job',
          resources: ['lint'],
          state: { waiting: { waitReason: 'unknown' } },
        },
      ],
    }),
    'a',
  ),
  facts: {
    resources: [
      decodeResource({
        metadata: { name: 'lint' },
        status: {
          triggerMode: 2,
          hasPendingChanges: true,
          updateStatus: 'error',
          buildHistory: [{ error: 'exit status 1' }],
        },
      }),
    ],
    cluster: null,
    webUrl: null,
  },
};

describe('the facts of a Session', () => {
  it('are those of its newest state, for any sequence of states', () => {
    fc.assert(
      fc.property(anyStates, (states) => {
        const { store, apply } = setUp();
        for (const session of states) {
          apply(session);
          expect(store.get(session.id)?.facts).toStrictEqual(session.facts);
        }
      }),
    );
  });

  it('reuse every resource that did not change, and are reused whole if nothing did', () => {
    fc.assert(
      fc.property(sessionsWithFacts('a'), fc.array(sessionFacts(), { maxLength: 5 }), (first, all) => {
        const { store, apply } = setUp();
        apply(first);
        for (const facts of all) {
          const before = apply({ ...first, facts }).after?.facts;
          expect(apply({ ...first, facts: structuredClone(facts) }).number).toBe(0);
          expect(store.get(first.id)?.facts).toBe(before);
        }
        const last = store.get(first.id)?.facts;
        const cleared = withoutCluster(last);
        if (!last?.resources || !cleared) return;
        apply({ ...first, facts: cleared });
        expect(store.get(first.id)?.facts?.resources).toBe(last.resources);
      }),
    );
  });

  it('lead to changes of targets that, applied in order, yield the targets of the newest state', () => {
    fc.assert(
      fc.property(anyStates, (states) => {
        const { store, apply } = setUp();
        const folded = new Map<string, Target>();
        for (const session of states) {
          const { before, after, changes } = apply(session);
          if (after !== before) {
            expect(changes).toEqual(diffRecords(before, after));
          }
          for (const { type, target } of changes) {
            if (type === 'deleted') folded.delete(target.key);
            else folded.set(target.key, target);
          }
          const targets = store.get(session.id)?.status.targets ?? [];
          expect(folded).toEqual(new Map(targets.map((target) => [target.key, target])));
          const given = session.status.targets.map((target, index) => keptFailure(target, targets[index]));
          expect(targets.map(withoutMark)).toEqual(given.map(withoutMark));
        }
      }),
      { examples: [[sameTargetInTwoRuns], [[failedManualUpdate]]] },
    );
  });

  it('mark the same targets whether or not a change declares which targets it left alone', () => {
    fc.assert(
      fc.property(sessionsWithFacts('a'), anySteps, (first, steps) => {
        const [brief, full] = [setUp(), setUp()];
        let last = first;
        for (const { apply } of [brief, full]) apply(first);
        for (const { facts, from } of steps) {
          const targets = last.status.targets.map((target) => {
            const newer = from?.status.targets.find(({ name }) => name === target.name);
            return newer ? { ...target, state: newer.state } : target;
          });
          const changedTargets = targets.flatMap((target, index) =>
            target === last.status.targets[index] ? [] : [index],
          );
          const next = { ...last, status: { ...last.status, targets }, ...(facts && { facts }) };
          expect(plain(brief.apply(next, changedTargets))).toEqual(plain(full.apply(next)));
          last = next;
        }
      }),
    );
  });

  it('never make a verdict pass that has a failed target, and never lose a target that waits for a trigger', () => {
    fc.assert(
      fc.property(anyStates, (states) => {
        const { store, apply } = setUp();
        for (const session of states) {
          apply(session);
          const record = store.get(session.id);
          if (!record) return expect.unreachable('the Session is missing');
          const verdict = verdictOfRecord(record);
          if (verdict.failed.length > 0) expect(verdict.state).not.toBe('passed');
          expect(verdict.untriggered).toEqual(record.status.targets.filter(isMarked));
        }
      }),
    );
  });
});

function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('tilt');
  return { store, apply };

  /** The revision of a newer state; number 0 for a no-op. */
  function apply(session: Session, changedTargets?: readonly number[]): Revision {
    const before = store.get(session.id);
    let revision: Revision = {
      number: 0,
      id: session.id,
      before,
      after: before,
      changes: [],
      sessionChanged: false,
      factsChanged: false,
    };
    const stop = store.subscribe((next) => {
      revision = next;
    });
    store.apply('tilt', { type: 'upsert', session, ...(changedTargets && { changedTargets }) });
    stop();
    return revision;
  }
}

function withoutCluster(facts: SessionFacts | undefined): SessionFacts | null {
  if (!facts) return null;
  return { ...facts, cluster: facts.cluster === null ? { error: 'unreachable' } : null };
}

function plain({ after, changes, factsChanged }: Revision) {
  return { after, changes, factsChanged };
}

function withoutMark({ name, type, resources, state }: Target) {
  if (state.is !== 'waiting') return { name, type, resources, state };
  return { name, type, resources, state: { is: state.is, waitReason: state.waitReason } };
}

/** The failed state of a waiting update whose last run failed; otherwise the target itself. */
function keptFailure(target: Target, shown: Target | undefined): Target {
  const isKept = shown?.state.is === 'terminated' && shown.state.error !== null;
  return isKept && target.state.is === 'waiting' && target.name.endsWith(':update') ? shown : target;
}

function isMarked({ state }: Target): boolean {
  return state.is === 'waiting' && state.needsTrigger === true;
}
