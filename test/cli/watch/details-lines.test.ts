import { describe, expect, it } from 'vitest';
import { toDetails } from '../../../src/cli/watch/details-lines.js';
import { type TargetRow, toRows } from '../../../src/cli/watch/rows.js';
import type { ResourceFields, SessionFields, TargetFields } from '../../../src/client/client.js';
import {
  A_MINUTE_LATER,
  createTargetsView,
  resourceFields,
  sessionFields,
  targetFields,
  verdictFields,
} from '../../support/target-fields.js';

/** Details of the target with this name, as `heading: text`. */
function detailsOf(
  name: string,
  targets: readonly TargetFields[],
  resources: readonly ResourceFields[] = [],
  maxLines = 20,
  session: Partial<SessionFields> = {},
): string[] {
  const view = createTargetsView(targets, { session: sessionFields(targets, session) });
  const known = new Map(resources.map((resource) => [resource.name, resource]));
  const rows = toRows({ view, resources: known, where: {}, isGrouped: false, now: A_MINUTE_LATER });
  const row = rows.find((each): each is TargetRow => each.type === 'target' && each.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return toDetails(row, view, known, maxLines).map(({ heading, text }) => `${heading}: ${text}`);
}

const ERROR = 'Command "sh -c exit 4" failed: exit status 4';
const BROKEN = targetFields('broken:update', 'FAILED', { error: ERROR });
const API = targetFields('api:serve', 'WAITING', {
  blockedBy: [{ name: 'broken:update' }],
  rootCause: { name: 'broken:update' },
});
const E2E = targetFields('e2e:update', 'WAITING', {
  blockedBy: [{ name: 'api:serve' }],
  rootCause: { name: 'broken:update' },
});

describe('details of a target of a Tilt that has exited', () => {
  const ERROR_LINE = ['error: exit status 1'];
  const UP = {
    tiltfilePath: '/home/dev/shop/Tiltfile',
    exitCondition: 'MANUAL',
    exitConditionText: '',
  } as const;
  const GONE = { state: 'GONE', since: '2026-11-22T11:00:00.000000Z', error: null } as const;

  it.each<[string, Partial<SessionFields>, log: string[]]>([
    ['a tilt ci that has failed', { verdict: verdictFields('FAILED') }, ['log: in the output of tilt ci']],
    ['a tilt up that has exited', { spec: UP, connection: GONE }, []],
  ])('the details of %s have no page of Tilt and no command', (_, session, log) => {
    const unit = targetFields('unit:update', 'FAILED');
    const lines = detailsOf('unit:update', [unit], [resourceFields('unit')], 20, session);
    const isAboutTilt = (line: string) => /^(Tilt|log|trigger):/.test(line);
    expect(lines.filter(isAboutTilt)).toEqual(log);
    expect(lines.slice(-1)).toEqual(ERROR_LINE);
  });
});

describe('details of a target in watch', () => {
  it('the details of a waiting target show the chain down to the root cause', () => {
    expect(detailsOf('e2e:update', [API, BROKEN, E2E])).toEqual([
      'target: e2e:update  WAITING  1m00s',
      'status: waits for broken (failed: exit status 4) through api',
      'chain: e2e:update  WAITING  not started',
      ': ← api:serve  WAITING  not ready',
      ': ← broken:update  FAILED  failed: exit status 4',
    ]);
  });

  it('the details of a waiting target show what waits for it in turn', () => {
    expect(detailsOf('api:serve', [API, BROKEN, E2E])).toContain('blocks: e2e:update');
  });

  it('the details of a failed target show what waits for it, its links, its log and its error', () => {
    const resource = resourceFields('broken', {
      labels: ['backend', 'team a'],
      kind: 'KUBERNETES',
      links: [
        { url: 'http://localhost:8080', name: 'page' },
        { url: 'http://localhost:8081', name: null },
      ],
    });
    expect(detailsOf('broken:update', [API, BROKEN, E2E], [resource])).toEqual([
      'target: broken:update  FAILED  2.3s',
      `status: ${ERROR}`,
      'blocks: api:serve, e2e:update',
      'resource: broken; kubernetes; labels backend, team a',
      'links: http://localhost:8080  page',
      ': http://localhost:8081',
      'Tilt: http://localhost:10350/r/broken/overview',
      'log: tilt logs --port 10350 broken',
      `error: ${ERROR}`,
    ]);
  });

  it('the details of an untriggered target show its trigger mode and the command that triggers it', () => {
    const resource = resourceFields('lint', {
      triggerMode: 'MANUAL_WITH_AUTO_INIT',
      hasPendingChanges: true,
    });
    expect(detailsOf('lint:update', [targetFields('lint:update', 'UNTRIGGERED')], [resource])).toEqual([
      'target: lint:update  UNTRIGGERED  1m00s',
      'status: waits for a trigger',
      'resource: lint; local; changes only by hand; pending changes',
      'Tilt: http://localhost:10350/r/lint/overview',
      'log: tilt logs --port 10350 lint',
      'trigger: tilt trigger --port 10350 lint',
    ]);
  });

  it('the details show the last lines of a long error, and no terminal sequences', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `\u001b[31mline ${index}`);
    const target = targetFields('a:update', 'FAILED', { error: lines.join('\n') });
    expect(detailsOf('a:update', [target], [], 5)).toEqual([
      'target: a:update  FAILED  2.3s',
      'status: line 0',
      'error: line 97',
      ': line 98',
      ': line 99',
    ]);
  });

  it('the details of a long chain leave out its middle', () => {
    const chain = Array.from({ length: 50 }, (_, index) =>
      targetFields(`t${index}:serve`, index === 49 ? 'RUNNING' : 'WAITING', {
        blockedBy: index === 49 ? [] : [{ name: `t${index + 1}:serve` }],
        rootCause: index === 49 ? null : { name: 't49:serve' },
      }),
    );
    const lines = detailsOf('t0:serve', chain).filter((line) => !/^(target|status)/.test(line));
    expect(lines).toHaveLength(8);
    expect(lines.slice(-2)).toEqual([': … 43 more', ': ← t49:serve  RUNNING  not ready']);
  });
});
