import { describe, expect, test } from 'vitest';
import type { KubeContext } from '../../../src/providers/tilt/kube-context.js';
import { type FollowedTilt, planTilts } from '../../../src/providers/tilt/plan-tilts.js';
import { parseContext } from '../../support/kubeconfig-file.js';

const tls = { ca: 'ca' };

function entry(name: string, port: number, token = `token-${port}`): KubeContext {
  const context = parseContext({
    server: { url: `https://127.0.0.1:${port}`, token, tls: { ...TLS, ...tls } },
  });
  return { ...context, name };
}

const TLS = { ca: '', server: { cert: '', key: '' }, client: { cert: '', key: '' } };
const unusable: KubeContext = { name: 'tilt-0', is: 'unusable', problem: 'there is no cluster "tilt-0"' };
const tilt = (
  context: KubeContext,
  connection: FollowedTilt['connection'],
  name = context.name,
): FollowedTilt => ({
  name,
  context,
  connection,
});

/** Steps in a short form: `add tilt-0`. */
function steps(known: readonly FollowedTilt[], listed: readonly KubeContext[], mayEnd = false): string[] {
  const plan = planTilts({ known, listed, mayEnd: () => mayEnd });
  return [
    ...plan.steps.map((step) =>
      step.type === 'add'
        ? `add ${step.name}`
        : `${step.type} ${step.tilt.name}${step.type === 'remove' ? ` ${step.why}` : ''}`,
    ),
    ...plan.undecided.map(({ name }) => `wait ${name}`),
  ];
}

describe('planTilts, when the kubeconfig or a connection changes', () => {
  const a = entry('tilt-0', 4001);
  const b = entry('tilt-0', 4002);
  const c = entry('tilt-0', 4003);

  test.each<[string, readonly FollowedTilt[], readonly KubeContext[], readonly string[]]>([
    ['a new entry is a Tilt', [], [a], ['add tilt-0']],
    ['a known entry is no news, whatever its link', [tilt(a, 'down')], [a], []],
    ['an entry that is gone: a connected Tilt stays', [tilt(a, 'up')], [], []],
    ['an entry that is gone: a Tilt that was not reached yet stays', [tilt(a, 'connecting')], [], []],
    ['an entry that is gone: a broken Tilt has left', [tilt(a, 'down')], [], ['remove tilt-0 unlisted']],
    ['an entry that is overwritten: the first is broken', [tilt(a, 'down')], [b], ['replace tilt-0']],
    ['an entry that is overwritten: the first is connected', [tilt(a, 'up')], [b], ['add tilt-0.4002']],
    [
      'an entry that is overwritten again: both are connected',
      [tilt(a, 'up'), tilt(b, 'up', 'tilt-0.4002')],
      [c],
      ['add tilt-0.4003'],
    ],
    [
      'an entry that is overwritten again: the second is broken',
      [tilt(a, 'up'), tilt(b, 'down', 'tilt-0.4002')],
      [c],
      ['add tilt-0.4003', 'remove tilt-0.4002 overwritten'],
    ],
    [
      'the name is free again, and the second keeps its own',
      [tilt(b, 'up', 'tilt-0.4002')],
      [c],
      ['add tilt-0'],
    ],
    ['another token of the same server', [tilt(a, 'up')], [entry('tilt-0', 4001, 'new')], ['replace tilt-0']],
    [
      'another token of the second',
      [tilt(a, 'up'), tilt(b, 'up', 'tilt-0.4002')],
      [entry('tilt-0', 4002, 'new')],
      ['replace tilt-0.4002'],
    ],
    ['an entry that became unusable: the connected Tilt stays', [tilt(a, 'up')], [unusable], []],
    [
      'an entry that became unusable: a broken Tilt shows why',
      [tilt(a, 'down')],
      [unusable],
      ['replace tilt-0'],
    ],
    ['an unusable entry that is repaired', [tilt(unusable, 'down')], [a], ['replace tilt-0']],
    [
      'a context that its user maintains follows the file: changed',
      [tilt(entry('production', 1), 'up')],
      [entry('production', 2)],
      ['replace production'],
    ],
    [
      'a context that its user maintains follows the file: removed',
      [tilt(entry('production', 1), 'up')],
      [],
      ['remove production unlisted'],
    ],
  ])('%s', (_, known, listed, expected) => {
    expect(steps(known, listed)).toEqual(expected);
  });

  test('delays the decision about a new entry while the connected Tilt of its name may be about to end', () => {
    expect(steps([tilt(a, 'up')], [b], true)).toEqual(['wait tilt-0']);
    expect(steps([tilt(a, 'down')], [b], true)).toEqual(['replace tilt-0']);
  });
});
