import { describe, expect, it } from 'vitest';
import { parseTemplate, render } from '../../../src/cli/query/presenter.js';

const DATA = {
  session: { id: 'tilt-default/Tiltfile', verdict: { state: 'FAILED', final: false, reason: null } },
  targets: [
    { name: 'api', ready: true, resources: ['a', 'b'] },
    { name: 'web', ready: false, resources: [] },
  ],
  none: [],
  zero: 0,
};

function fill(template: string): string {
  return render(parseTemplate(template), DATA, String);
}

describe('template of query', () => {
  it.each([
    ['plain', 'plain'],
    ['{{session.verdict.state}}', 'FAILED'],
    ['{{ session.id }}!', 'tilt-default/Tiltfile!'],
    ['[{{session.verdict.reason}}{{session.nope.deeper}}{{nope}}]', '[]'],
    ['{{session.verdict.final}} {{zero}}', 'false 0'],
    ['{{#targets}}{{name}}\\t{{ready}}\\n{{/targets}}', 'api\ttrue\nweb\tfalse\n'],
    ['{{#targets}}{{#ready}}{{name}}{{/ready}}{{/targets}}', 'api'],
    ['{{#targets}}{{^ready}}{{name}}{{/ready}}{{/targets}}', 'web'],
    ['{{#targets}}{{name}}:{{#resources}}{{.}},{{/resources}} {{/targets}}', 'api:a,b, web: '],
    [
      '{{#targets}}{{name}} of {{session.id}};{{/targets}}',
      'api of tilt-default/Tiltfile;web of tilt-default/Tiltfile;',
    ],
    ['{{#session.verdict}}{{state}}{{/session.verdict}}', 'FAILED'],
    ['{{^none}}nothing{{/none}}{{#none}}something{{/none}}', 'nothing'],
    ['{{session.verdict}}', '{"state":"FAILED","final":false,"reason":null}'],
    ['{{constructor}}{{targets.length}}{{session.__proto__}}', ''],
    ['a\\\\nb', 'a\\nb'],
    ['{ {x} }', '{ {x} }'],
  ])('query renders the template %j', (template, expected) => {
    expect(fill(template)).toBe(expected);
  });

  it.each([
    ['{{#a}}', /expected \{\{\/a\}\} at the end/],
    ['{{/a}}', /\{\{\/a\}\} has no matching opening tag/],
    ['{{#a}}{{#b}}{{/a}}{{/b}}', /\{\{\/a\}\} has no matching opening tag/],
    ['{{a b}}', /expected \{\{a\.b\}\} at "\{\{a b\}\}"/],
    ['{{a', /expected \{\{a\.b\}\} at "\{\{a"/],
    ['{{a b}} {{c}}', /expected \{\{a\.b\}\} at "\{\{a b\}\} "/],
  ])('query rejects the template %s', (template, expected) => {
    expect(() => parseTemplate(template)).toThrow(expected);
  });
});
