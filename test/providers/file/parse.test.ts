import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { decodeResource } from '../../../src/model/decode-facts.js';
import { checkSize, FileProblem, type ParsedFile, parseSessions } from '../../../src/providers/file/parse.js';
import { MAX_YAML_LENGTH } from '../../../src/providers/yaml.js';
import { brokenResourceJson, clusterJson, inNamespace, resourceJson } from '../../support/fact-json.js';
import { readHttpRecording } from '../../support/recording.js';
import { brokenSessionJson, sessionJson } from '../../support/session-json.js';

describe('parseSessions', () => {
  it('reads a Session from JSON and from YAML', () => {
    const json = sessionJson({ uid: 'x' });
    const [fromJson] = parse(JSON.stringify(json), 'shop.json');
    expect(fromJson).toMatchObject({ id: 'shop/Tiltfile' });
    expect(parse(stringify(json), 'shop.yaml')).toEqual([fromJson]);
    expect(parse(JSON.stringify(json, null, 2), 'shop.yml')).toEqual([fromJson]);
  });

  it('reads a list from JSON and from YAML', () => {
    const { body } = readHttpRecording('list-200');
    const fromJson = parse(body, 'shop.json');
    expect(fromJson).toHaveLength(1);
    expect(parse(stringify(JSON.parse(body)), 'shop.yaml')).toEqual(fromJson);
  });

  it('reads several YAML documents and skips empty ones', () => {
    const documents = [
      '',
      stringify(sessionJson({ name: 'a' })),
      '',
      stringify(sessionJson({ name: 'b' })),
      '',
    ];
    expect(parse(documents.join('\n---\n'), 'shop.yaml').map(({ id }) => id)).toEqual(['shop/a', 'shop/b']);
  });

  it('keeps times as strings', () => {
    const text = stringify(sessionJson()).replaceAll('"2026', '2026').replaceAll('Z"', 'Z');
    expect(text).toContain('startTime: 2026-11-22T11:42:22.642252Z');
    expect(parse(`%YAML 1.1\n---\n${text}`, 'a.yaml')).toMatchObject([
      { status: { startTime: '2026-11-22T11:42:22.642252Z' } },
    ]);
  });

  it('reads an empty list as no Sessions', () => {
    expect(parse('kind: List\nitems: []\n', 'shop.yaml')).toEqual([]);
  });

  it('reads a file with a byte order mark', () => {
    expect(parse(`\ufeff${JSON.stringify(sessionJson())}`, 'shop.json')).toHaveLength(1);
  });

  it.each([
    ['YAML that is broken', 'a.yaml', 'kind: Session\nstatus: {\n', /^a\.yaml: line 3: Flow map/],
    [
      'YAML that breaks in a later document',
      'a.yaml',
      '---\n---\n\ta: 1\n',
      /^a\.yaml: line 3: Tabs are not allowed/,
    ],
    [
      'a key that is there twice',
      'a.yaml',
      'kind: Session\nkind: Session\n',
      /^a\.yaml: line 2: map keys must be unique$/,
    ],
    ['JSON that is broken', 'a.json', '{\n  "kind": "Session",\n  x\n}', /^a\.json: line 3: .*JSON/],
    ['JSON with a foreign word', 'a.json', '{\n  "kind":\n x\n}', /^a\.json: Unexpected token .*JSON$/],
    ['JSON that is half-written', 'a.json', '{\n  "kind": "Session",\n', /^a\.json: line 3: .*JSON/],
    ['an empty file', 'a.json', ' \n', /^a\.json: expected a Session, got an empty file$/],
    ['a file of comments', 'a.yaml', '# nothing\n---\n', /^a\.yaml: expected a Session, got an empty file$/],
    ['another kind', 'a.yaml', 'kind: Pod\n', /^a\.yaml: kind: expected "Session", got "Pod"$/],
    [
      'a text',
      'a.yaml',
      'hello\n',
      /^a\.yaml: expected an object, got "hello"$|^a\.yaml: Session: expected an object/,
    ],
    ['an alias of nothing', 'a.yaml', 'kind: *x\n', /^a\.yaml: Unresolved alias/],
    [
      'an alias within itself',
      'a.yaml',
      'kind: Session\nmetadata: &a {b: *a}\n',
      /^a\.yaml: line 2: an alias is inside its own anchor$/,
    ],
    [
      'too many aliases, in several documents',
      'a.yaml',
      'a: &a 1\nb: *a\n---\n'.repeat(501),
      /^a\.yaml: line 1501: expected at most 1000 anchors and aliases$/,
    ],
  ])('names the file, the place and the reason of %s', (_, file, text, message) => {
    expect(() => parse(text, file)).toThrow(FileProblem);
    expect(() => parse(text, file)).toThrow(message);
  });

  it('names the field, and the document if there are several', () => {
    const text = `${stringify(sessionJson({ name: 'a' }))}---\n${stringify(brokenSessionJson())}`;
    expect(() => parse(text, 'a.yaml')).toThrow(/^a\.yaml: document 2: status\.pid: expected a whole number/);
  });

  it('rejects bytes that are not UTF-8', () => {
    const utf16 = Buffer.from('{"kind": "Session"}', 'utf16le');
    expect(() => parse(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), 'a.json')).toThrow(
      'a.json: expected UTF-8 text; save it as UTF-8',
    );
  });

  it('rejects aliases that expand exponentially', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [at, key] of [...'bcdefghi'].entries()) {
      const above = 'abcdefgh'[at];
      lines.push(`${key}: &${key} [${Array(10).fill(`*${above}`).join(', ')}]`);
    }
    expect(() => parse(lines.join('\n'), 'bomb.yaml')).toThrow(
      'bomb.yaml: line 5: expected aliases that expand to at most 100000 values in total',
    );
  });

  it('accepts few aliases, even if they are used more than a hundred times', () => {
    const targets = Array.from({ length: 300 }, (_, index) => ({ name: `t${index}`, state: {} }));
    const text = stringify(sessionJson({ targets })).replace('state: {}', 'state: &s {disabled: {}}');
    const [read] = parse(text.replaceAll('state: {}', 'state: *s'), 'a.yaml');
    expect(read?.status.targets.map(({ state }) => state.is)).toEqual(Array(300).fill('disabled'));
  });

  it('takes time proportional to the number of keys: reads 100,000 within the time limit of a test', () => {
    // A field that is not read: the maps that are have fewer entries.
    const entries = Array.from({ length: 100_000 }, (_, index) => `    k${index}: "1"`).join('\n');
    const text = stringify(sessionJson({})).replace('metadata:\n', `metadata:\n  newer:\n${entries}\n`);
    expect(parse(text, 'a.yaml')).toMatchObject([{ metadata: { name: 'Tiltfile' } }]);
  });

  it('rejects YAML that would block the process, with a hint what to do', () => {
    const text = `kind: Session\n# ${'x'.repeat(MAX_YAML_LENGTH)}\n`;
    expect(() => parse(text, 'a.yaml')).toThrow(
      'a.yaml: expected at most 4 MiB of YAML, got 4 MiB; save it as JSON',
    );
  });
});

describe('the facts in a file', () => {
  const api = resourceJson('api', { on: ['db'] });
  const cluster = clusterJson('refused');
  const session = sessionJson({ uid: 'x' });
  const facts = { resources: [decodeResource(api)], cluster: { error: 'refused' }, webUrl: null };

  it.each([
    ['a list of several kinds', [{ kind: 'List', items: [api, session, cluster] }]],
    ['documents in any order', [api, session, cluster]],
    [
      'lists of one kind each',
      [
        { kind: 'SessionList', items: [session] },
        { kind: 'ClusterList', items: [cluster] },
        { kind: 'UIResourceList', items: [api] },
      ],
    ],
  ])('belong to its Session, from %s', (_, documents) => {
    const yaml = documents.map((document) => stringify(document)).join('---\n');
    expect(parse(yaml, 'a.yaml')).toMatchObject([{ id: 'shop/Tiltfile', facts }]);
    if (documents.length === 1)
      expect(parse(JSON.stringify(documents[0]), 'a.json')).toMatchObject([{ facts }]);
  });

  it('belong to every Session of the file', () => {
    const items = [sessionJson({ name: 'a' }), api, sessionJson({ name: 'b' }), cluster];
    const sessions = parse(JSON.stringify({ kind: 'List', items }), 'a.json');
    expect(sessions.map(({ id, facts }) => [id, facts])).toEqual([
      ['shop/a', facts],
      ['shop/b', facts],
    ]);
  });

  it('belong to the Sessions of their namespace only', () => {
    const items = ['team-a', 'team-b'].flatMap((namespace) =>
      [sessionJson(), resourceJson('lint', { labels: [namespace] }), clusterJson(namespace)].map((object) =>
        inNamespace(namespace, object),
      ),
    );
    const text = Buffer.from(JSON.stringify({ kind: 'List', items: [...items, sessionJson()] }));
    const shown = ({ sessions }: ParsedFile) =>
      sessions.map(({ id, facts: of }) => [id, of?.resources?.map(({ labels }) => labels[0]), of?.cluster]);
    const parsed = parseSessions(text, { file: 'a.json', instance: 'shop' });
    expect(shown(parsed)).toEqual([
      ['shop/team-a/Tiltfile', ['team-a'], { error: 'team-a' }],
      ['shop/team-b/Tiltfile', ['team-b'], { error: 'team-b' }],
      ['shop/Tiltfile', [], null],
    ]);
  });

  it('are not known, which is no error, when the file has no such objects', () => {
    const [read] = parse(JSON.stringify(session), 'a.json');
    expect(read).not.toHaveProperty('facts');
    const [onlyResources] = parse(JSON.stringify({ kind: 'List', items: [session, api] }), 'a.json');
    expect(onlyResources?.facts).toMatchObject({ resources: [{ name: 'api' }], cluster: null });
  });

  it('do not invalidate the Session when one cannot be read: its last good facts stay', () => {
    const items = [session, brokenResourceJson('api'), resourceJson('web'), cluster];
    const text = Buffer.from(JSON.stringify({ kind: 'List', items }));
    const parsed = parseSessions(text, {
      file: 'a.json',
      instance: 'shop',
      lastGood: new Map([['shop', facts]]),
    });
    expect(parsed.sessions[0]?.facts?.resources).toEqual([
      decodeResource(api),
      decodeResource(resourceJson('web')),
    ]);
    expect([...parsed.unavailable]).toEqual([
      [
        'uiresources',
        'a.json: uiresources: api cannot be read: status.queued: expected true or false, got "soon"',
      ],
    ]);
  });

  it('are not enough: a file without a Session is rejected', () => {
    expect(() => parse(stringify(api), 'a.yaml')).toThrow(
      'a.yaml: expected a Session, got only objects that describe one; add the Session',
    );
  });
});

describe('checkSize', () => {
  it('rejects a file of more than 64 MiB', () => {
    expect(() => checkSize(64 * 2 ** 20, 'a.json')).not.toThrow();
    expect(() => checkSize(70 * 2 ** 20, 'a.json')).toThrow('a.json: expected at most 64 MiB, got 70 MiB');
  });
});

function parse(content: string | Uint8Array, file: string) {
  return parseSessions(Buffer.from(content), { file, instance: 'shop' }).sessions;
}
