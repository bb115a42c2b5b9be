import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { decodeFacts } from '../../src/model/decode-facts.js';
import { DecodeError } from '../../src/model/decode-fields.js';
import { encodeSession } from '../../src/model/encode.js';
import { encodeFacts } from '../../src/model/encode-facts.js';
import type { SessionFacts } from '../../src/model/facts.js';
import type { Session } from '../../src/model/session.js';
import { applyDelta, digestOf, encodeDelta } from '../../src/nats/delta.js';
import { rawSessions, rawStates } from '../support/arbitraries.js';
import { factsWithExcerpts } from '../support/fact-arbitraries.js';
import { largeSession } from '../support/large-session.js';
import { decodeRawSession, RAW_STATES, rawTarget } from '../support/raw-session.js';

/** A state as a reader of the bucket decodes it. */
function published(session: Session): Session {
  const { facts: _, ...decoded } = decodeSession(wire(encodeSession(session)), session.instance);
  const facts = session.facts && decodeFacts(wire(encodeFacts(session.facts)));
  const isKnown =
    facts && (facts.resources !== null || facts.cluster !== null || facts.excerpts !== undefined);
  return isKnown ? { ...decoded, facts } : decoded;
}

function withExcerptsOf(from: SessionFacts | undefined, to: SessionFacts | undefined) {
  if (to === undefined) return undefined;
  const { excerpts: _, ...others } = to;
  return { ...others, ...(from?.excerpts && { excerpts: from.excerpts }) };
}

function wire(object: object): unknown {
  return JSON.parse(JSON.stringify(object));
}

describe('a delta', () => {
  it('applied to the previous state is the next state, for any two states', () => {
    fc.assert(
      fc.property(
        rawSessions,
        rawSessions,
        fc.array(fc.tuple(fc.nat(20), rawStates), { maxLength: 4 }),
        fc.array(fc.option(factsWithExcerpts(['api', 'web']), { nil: undefined }), {
          minLength: 2,
          maxLength: 2,
        }),
        fc.boolean(),
        (rawBefore, rawOther, changes, [factsBefore, otherFacts], keepsExcerpts) => {
          const factsAfter = keepsExcerpts ? withExcerptsOf(factsBefore, otherFacts) : otherFacts;
          const decoded = decodeSession(rawBefore, 'a');
          const before = published(factsBefore ? { ...decoded, facts: factsBefore } : decoded);
          const other = published(decodeSession(rawOther, 'a'));
          const targets = [...before.status.targets];
          for (const [index, state] of changes) {
            const target = targets[index];
            if (!target) continue;
            const [changed] = decodeRawSession({
              status: { targets: [{ ...rawTarget(target.name, {}), state }] },
            }).status.targets;
            if (changed) targets[index] = { ...target, state: changed.state };
          }
          const { facts: _, ...rest } = before;
          const after: Session = {
            ...rest,
            ...(factsAfter && { facts: factsAfter }),
            metadata: { ...other.metadata, name: before.metadata.name },
            spec: other.spec,
            status: { ...other.status, targets },
          };
          const delta = encodeDelta(before, after);
          if (delta === null) return;
          expect(delta).toMatch(/^[ -~]*$/);
          const { session, changedTargets } = applyDelta(before, delta);
          expect(session).toEqual(published(after));
          expect(digestOf(session)).toBe(digestOf(after));
          for (const [index, target] of session.status.targets.entries()) {
            if (!changedTargets.includes(index)) expect(target).toBe(before.status.targets[index]);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  const state = (targets: readonly object[]) => decodeRawSession({ status: { targets } });
  const A = rawTarget('a:serve', RAW_STATES.running);

  it.each([
    ['a target more', state([A]), state([A, rawTarget('b:serve')])],
    ['another name', state([A]), state([rawTarget('b:serve', RAW_STATES.running)])],
    ['another order', state([A, rawTarget('b:serve')]), state([rawTarget('b:serve'), A])],
    ['more changes than fit into a header', largeSession('a', 100, 100, 1), largeSession('a', 100, 100, 2)],
  ])('is not made for %s', (_, before, after) => {
    expect(encodeDelta(before, after)).toBeNull();
  });

  it('does not fit if it changes the name of the Session', () => {
    const before = state([A]);
    const delta = JSON.stringify({ metadata: { name: 'Other' }, status: {} });
    expect(() => applyDelta(before, delta)).toThrow(/^metadata\.name: expected ".+", got "Other"$/);
  });

  it('is small for one target of a hundred, and names no other', () => {
    const before = largeSession('a', 100, 20);
    const targets = before.status.targets.map((target, index) =>
      index === 7 ? { ...target, state: { is: 'waiting' as const, waitReason: 'x' } } : target,
    );
    const metadata = { ...before.metadata, resourceVersion: '8' };
    const delta = encodeDelta(before, { ...before, metadata, status: { ...before.status, targets } });
    expect(delta?.length).toBeLessThan(300);
    expect(JSON.parse(delta ?? '')).toEqual({
      metadata: { resourceVersion: '8' },
      status: expect.objectContaining({ done: false }),
      targets: [[7, { name: 't7', type: 'job', resources: [], state: { waiting: { waitReason: 'x' } } }]],
    });
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['targets that are no list', '{"status":{},"targets":{}}'],
    ['a target beyond the list', '{"status":{},"targets":[[5,{"name":"a:serve"}]]}'],
    ['a negative index', '{"status":{},"targets":[[-1,{"name":"a:serve"}]]}'],
    ['another name', '{"status":{},"targets":[[0,{"name":"b:serve"}]]}'],
    ['no status', '{}'],
    ['a null status', '{"status":null}'],
    ['a wrong status', '{"status":{"done":"yes"}}'],
    ['wrong metadata', '{"status":{},"metadata":{"uid":5}}'],
    ['a resource that is not known', '{"status":{},"resources":[[0,{"metadata":{"name":"web"}}]]}'],
    ['a wrong cluster', '{"status":{},"cluster":{"status":5}}'],
  ])('that is invalid throws a DecodeError: %s', (_, text) => {
    expect(() => applyDelta(state([A]), text)).toThrow(DecodeError);
  });

  it('cannot change a prototype', () => {
    const { session } = applyDelta(
      state([A]),
      '{"status":{},"metadata":{"__proto__":{"uid":"x"},"uid":"u"}}',
    );
    expect(session.metadata.uid).toBe('u');
    expect(Object.getPrototypeOf(session.metadata)).toBe(Object.prototype);
  });
});
