import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filter, parseFilter } from '../../../src/cli/watch/filter.js';
import { createClient, type TargetFields } from '../../../src/client/client.js';
import { compileConditions } from '../../../src/model/target-filter.js';
import { startMemoryGateway } from '../../support/gateway.js';
import { explained, resourceFacts } from '../../support/resource-facts.js';
import { session } from '../../support/sessions.js';

describe('filter of watch', () => {
  it.each([
    ['', {}],
    ['api', { name: '*api*' }],
    ['api:*', { name: 'api:*' }],
    ['name=api:serve', { name: 'api:serve' }],
    ['name=a=b:update', { name: 'a=b:update' }],
    ['"odd=name"', { name: '*odd=name*' }],
    ['name="my test:*"', { name: 'my test:*' }],
    ['phase=failed, WAITING phase=retrying', { phase: ['FAILED', 'WAITING', 'RETRYING'] }],
    ['label=back*', { label: 'back*' }],
    ['LABEL="my team" api', { label: 'my team', name: '*api*' }],
    ['phase=untriggered', { phase: ['UNTRIGGERED'] }],
    ['resource="a, b",c', { resource: ['a, b', 'c'] }],
    ['  type=server resource=api,web\tweb:* ', { type: ['SERVER'], resource: ['api', 'web'], name: 'web:*' }],
  ])('the filter %j becomes the where %j', (text, expected) => {
    expect(parseFilter(text)).toEqual(expected);
  });

  it('each --filter of the command line is added to the previous ones', () => {
    const texts = ['phase=failed', 'phase=retrying', 'api'];
    expect(
      texts.reduce<ReturnType<typeof filter> | undefined>((given, text) => filter(text, given), undefined),
    ).toEqual({ phase: ['FAILED', 'RETRYING'], name: '*api*' });
  });

  it.each([
    ['', /^Expected a filter: /],
    ['phase=', /^Expected a value after phase=/],
    ['name=""', /^Expected a value after name=/],
    ['""', /^Expected a name between the quotes/],
    ['phase=GREEN', /^Expected phase= one of FAILED, .*, got 'GREEN'/],
    ['type=', /^Expected a value after type=/],
    ['type=cron', /^Expected type= one of JOB, SERVER, UNKNOWN, got 'cron'/],
    ['kind=x', /^Expected one of name, phase, type, resource, label before =, got 'kind'/],
    ['=x', /^Expected one of name, phase, type, resource, label before =, got ''/],
    ['label=', /^Expected a value after label=/],
    ['label=a label=b', /^Expected only one label, got 'a' and 'b'/],
    ['api web', /^Expected only one name, got '\*api\*' and '\*web\*'/],
    ['"api', /^Expected a closing "/],
  ])('the filter %j is rejected with one line', (text, expected) => {
    expect(() => filter(text, undefined)).toThrow(expected);
  });

  it('the filter in the terminal selects the same targets as where on the server', async () => {
    const shop = session('shop', {
      'api:serve': 'ready',
      'api:update': 'succeeded',
      'web:update': 'failed',
      'my test:update': 'waiting',
      Web: 'running',
    });
    const facts = [
      resourceFacts('api', { labels: ['backend', 'team a'] }),
      resourceFacts('web', { labels: ['frontend'] }),
      resourceFacts('my test'),
    ];
    const known = new Map(facts.map((resource) => [resource.name, resource]));
    await using gateway = await startMemoryGateway([explained(shop, facts)]);
    const client = createClient({ url: gateway.url });
    const document = 'query ($where: TargetFilter) { targets(where: $where) { name phase type resources } }';
    const ask = async (where: object) =>
      (await client.query<{ targets: TargetFields[] }, object>(document, { where })).targets;
    const all = await ask({});
    const resources = all.flatMap((target) => target.resources);
    await fc.assert(
      fc.asyncProperty(fc.array(anyTerm(resources), { maxLength: 3 }), async (terms) => {
        const where = readable(terms.join(' '));
        fc.pre(where !== null);
        const selected = all.filter(compileConditions(where ?? {})(known));
        expect(selected).toEqual(await ask(where ?? {}));
      }),
      { numRuns: 200 },
    );
    client.close();
  });
});

function anyTerm(resources: readonly string[]): fc.Arbitrary<string> {
  const letters = fc.string({
    unit: fc.constantFrom('a', 'p', 'i', 'e', 'w', 'b', ':', '*', '?'),
    minLength: 1,
    maxLength: 5,
  });
  return fc.oneof(
    letters,
    letters.map((name) => `name=${name}`),
    fc.subarray(['FAILED', 'ready', 'Waiting', 'RUNNING'], { minLength: 1 }).map((list) => `phase=${list}`),
    fc.constantFrom('label=backend', 'label="team a"', 'label=*end', 'label=?*', 'label=none'),
    fc.constantFrom('type=job', 'type=SERVER', 'type=job,server'),
    fc
      .subarray([...resources, 'none'], { minLength: 1 })
      .map((list) => `resource=${list.map((name) => `"${name}"`)}`),
  );
}

function readable(text: string): ReturnType<typeof parseFilter> | null {
  try {
    return parseFilter(text);
  } catch {
    return null;
  }
}
