import { describe, expect, it } from 'vitest';
import { widthOf } from '../../../src/cli/text.js';
import { toRowIds } from '../../../src/cli/watch/rows.js';
import { firstShown, rowsOf, type ScreenState, screenLines } from '../../../src/cli/watch/screen-lines.js';
import { LOADING, type TargetLog } from '../../../src/cli/watch/target-log.js';
import { INITIAL_STATE } from '../../../src/cli/watch/ui-state.js';
import {
  A_MINUTE_LATER,
  createTargetsView,
  resourceFields,
  sessionFields,
  targetFields,
  verdictFields,
} from '../../support/target-fields.js';

const TARGETS = [
  targetFields('api:serve', 'READY'),
  targetFields('db:serve', 'RUNNING'),
  targetFields('docs:serve', 'DISABLED'),
  targetFields('e2e:update', 'INACTIVE'),
  targetFields('lint:update', 'SUCCEEDED'),
  targetFields('seed:update', 'RETRYING'),
  targetFields('unit:update', 'FAILED', { error: 'one\n\u001b[31mtwo' }),
  targetFields('web:update', 'WAITING'),
];

function screen(state: Partial<ScreenState> = {}): string[] {
  return screenLines(stateOf(state), (_, text) => text).map((line) => line.trimEnd());
}

function stateOf(state: Partial<ScreenState>): ScreenState {
  return {
    view: createTargetsView(TARGETS),
    resources: new Map(),
    ui: INITIAL_STATE,
    log: LOADING,
    columns: 70,
    rows: 15,
    now: A_MINUTE_LATER,
    wanted: null,
    notice: null,
    ...state,
  };
}

describe('screen of watch', () => {
  it('watch shows the Session, its counts, the connection, and the targets that need attention first', () => {
    const verdict = verdictFields('FAILED', 'unit:update: one');
    expect(
      screen({ view: createTargetsView(TARGETS, { session: sessionFields(TARGETS, { verdict }) }) }),
    ).toEqual([
      'tilt-default/Tiltfile  FAILED  unit:update: one',
      '8 targets: 1 inactive, 1 disabled, 1 waiting, 1 running, 1 ready, 1 s…',
      'live at http://gateway/graphql',
      'PHASE        TARGET         TIME  STATUS',
      'FAILED       unit:update    2.3s  one',
      'RETRYING     seed:update    2.3s  exit status 1',
      'WAITING      web:update    1m00s  waiting: on-dep',
      'RUNNING      db:serve      1m00s  running',
      'READY        api:serve     1m00s  ready after 1.5 s',
      'SUCCEEDED    lint:update    2.3s  succeeded after 2.3 s',
      'INACTIVE     e2e:update           inactive',
      'DISABLED     docs:serve           disabled',
      '',
      '',
      'q quit  / filter  l labels  L log  Enter details  ↑ ↓ PgUp PgDn move',
    ]);
  });

  it.each([
    [70, 15],
    [20, 6],
    [9, 5],
    [3, 3],
    [1, 1],
  ])('the screen of watch fits %i columns and %i rows', (columns, rows) => {
    const lines = screenLines(stateOf({ columns, rows }), (_, text) => text);
    expect(lines).toHaveLength(rows);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  it('watch shows the targets that the filter selects, and the error of an invalid filter', () => {
    const ui = {
      ...INITIAL_STATE,
      filter: 'phase=retrying',
      where: { phase: ['RETRYING' as const] },
      isTyping: true,
    };
    const lines = screen({ ui });
    expect(lines[1]).toMatch(/^1 match \/phase=retrying; 8 targets: /);
    expect(lines.slice(4, 6)).toEqual(['RETRYING     seed:update    2.3s  exit status 1', '']);
    expect(lines.at(-1)).toBe('/phase=retrying▏ Enter to apply, Escape to clear');
    const unread = { ...ui, filter: 'x=1', filterError: 'Expected one of name, phase' };
    expect(screen({ ui: unread }).at(-1)).toBe('/x=1▏ Expected one of name, phase');
  });

  it('the first line of watch marks the demo and reports a Session that was not found', () => {
    const session = sessionFields(TARGETS, { id: 'demo/Tiltfile', isDemo: true });
    expect(screen({ view: createTargetsView(TARGETS, { session }) })[0]).toBe(
      'demo/Tiltfile (demo)  PENDING',
    );
    const missing = createTargetsView([], { session: null });
    expect(screen({ view: missing, wanted: 'nope' }).slice(0, 2)).toEqual([
      'Session nope not found yet',
      '0 targets',
    ]);
  });

  it('watch shows a tilt ci that passed and exited in green, and one that exited early in red', () => {
    const gone = { state: 'GONE', since: '2026-11-22T11:01:00Z', error: 'Tilt has left' } as const;
    const passed = { ...verdictFields('PASSED'), final: true };
    const stylesOf = (verdict: typeof passed) => {
      const session = sessionFields(TARGETS, { verdict, connection: gone });
      const lines = screenLines(
        stateOf({ view: createTargetsView(TARGETS, { session }) }),
        (style, text) => `<${style}>${text.trim()}`,
      );
      return [lines[0], lines[2], lines.find((line) => line.includes('READY'))];
    };
    expect(stylesOf(passed)).toEqual([
      expect.stringContaining('<green>PASSED, done'),
      '<dim>ended 5s ago, this is its final state',
      expect.stringMatching(/^<green>READY/),
    ]);
    expect(stylesOf(verdictFields('UNKNOWN'))).toEqual([
      expect.stringContaining('<magenta>UNKNOWN'),
      expect.stringMatching(/^<red>GONE for 5s/),
      expect.stringMatching(/^<dim>READY/),
    ]);
  });

  it('watch scrolls no further than to a full last page', () => {
    const far = stateOf({ rows: 8, ui: { ...INITIAL_STATE, offset: 1_000 } });
    expect(firstShown(far, rowsOf(far))).toBe(5);
    expect(
      screen(far)
        .slice(4, 7)
        .map((line) => line.split(' ')[0]),
    ).toEqual(['SUCCEEDED', 'INACTIVE', 'DISABLED']);
  });

  it('watch shows that it is connecting, that the connection is lost, and that the state is STALE', () => {
    expect(screen({ view: null }).slice(0, 3)).toEqual(['no Session yet', '0 targets', 'connecting …']);
    const since = A_MINUTE_LATER - 5_000;
    const link = { state: 'lost', since, error: 'gone\n\u001b[2J', url: null, isDown: true } as const;
    expect(screen({ view: createTargetsView(TARGETS, { link }) })[2]).toBe(
      'CONNECTION LOST for 5s, this is the last known state: gone',
    );
    const connection = { state: 'STALE', since: '2026-11-22T11:01:00Z', error: 'refused' } as const;
    const session = sessionFields(TARGETS, { connection });
    expect(screen({ view: createTargetsView(TARGETS, { session }) })[2]).toBe(
      'STALE for 5s, this is the last known state: refused',
    );
  });

  it('watch claims nothing about a Session while no gateway has ever answered', () => {
    const error = 'connect ECONNREFUSED 127.0.0.1:4000';
    const link = { state: 'lost', since: A_MINUTE_LATER - 1_000, error, url: null, isDown: true } as const;
    const view = createTargetsView([], { session: null, cursor: null, link });
    expect(screen({ view, wanted: 'a/Tiltfile' }).slice(0, 3)).toEqual([
      'a/Tiltfile',
      '0 targets',
      `cannot connect for 1s: ${error}`,
    ]);
  });

  it('watch dims rows that may be out of date', () => {
    const styles = (view: ScreenState['view']) => {
      const used = new Set<string>();
      screenLines(stateOf({ view }), (style, text) => {
        if (text.startsWith('FAILED ')) used.add(style);
        return text;
      });
      return [...used];
    };
    const link = { state: 'lost', since: 0, error: null, url: null, isDown: true } as const;
    expect(styles(createTargetsView(TARGETS))).toEqual(['red']);
    expect(styles(createTargetsView(TARGETS, { link }))).toEqual(['dim']);
  });

  it('watch never shows a verdict in green that may be out of date', () => {
    const lines = (view: ScreenState['view'], columns: number) =>
      screenLines({ ...stateOf({ view }), columns }, (style, text) => `<${style}>${text}`);
    const link = { state: 'lost', since: 0, error: null, url: null, isDown: true } as const;
    const session = sessionFields(TARGETS, { verdict: verdictFields('PASSED') });
    expect(lines(createTargetsView(TARGETS, { session }), 70)[0]).toContain('<green>PASSED');
    expect(lines(createTargetsView(TARGETS, { session, link }), 70)[0]).toContain('<dim>last known: PASSED');
    expect(lines(createTargetsView(TARGETS, { session, link }), 12).join()).not.toContain('<green>');
  });

  it('watch shows a notice in place of the keys', () => {
    expect(screen({ notice: '--exec ended with exit code 1' }).at(-1)).toBe('--exec ended with exit code 1');
  });

  it('watch names what a target waits for, with the root cause first, in place of the wait reason', () => {
    const waiting = (name: string, cause: string, ...blockers: string[]) =>
      targetFields(name, 'WAITING', {
        blockedBy: blockers.map((blocker) => ({ name: blocker })),
        rootCause: { name: cause },
      });
    const error = 'Command "sh -c exit 4" failed: exit status 4';
    const targets = [
      targetFields('api:serve', 'RUNNING'),
      targetFields('broken:update', 'FAILED', { error }),
      waiting('e2e:update', 'api:serve', 'api:serve', 'web:serve'),
      waiting('late:update', 'broken:update', 'broken:update'),
      targetFields('lint:update', 'UNTRIGGERED'),
      waiting('web:serve', 'api:serve', 'api:serve'),
      waiting('zoo:update', 'api:serve', 'web:serve'),
      waiting('zz:update', 'filtered:update', 'filtered:update'),
    ];
    expect(screen({ view: createTargetsView(targets), columns: 100 }).slice(4, 12)).toEqual([
      'FAILED       broken:update    2.3s  Command "sh -c exit 4" failed: exit status 4',
      'WAITING      e2e:update      1m00s  waits for api (not ready), web',
      'WAITING      late:update     1m00s  waits for broken (failed: exit status 4)',
      'WAITING      web:serve       1m00s  waits for api (not ready)',
      'WAITING      zoo:update      1m00s  waits for api (not ready) through web',
      'WAITING      zz:update       1m00s  waits for filtered:update',
      'RUNNING      api:serve       1m00s  running',
      'UNTRIGGERED  lint:update     1m00s  waits for a trigger',
    ]);
  });

  it('watch shows the end of an error that does not fit, without the command before it', () => {
    const rowOf = (error: string) =>
      screen({ view: createTargetsView([targetFields('a:update', 'FAILED', { error })]), columns: 60 })[4];
    expect(rowOf('Command "a command that takes the whole line" failed: exit status 4')).toBe(
      'FAILED       a:update    2.3s  exit status 4',
    );
    expect(rowOf('one two three four five six: the cause is here')).toBe(
      'FAILED       a:update    2.3s  … five six: the cause is here',
    );
    expect(rowOf(`${'漢字'.repeat(50)}原因`)).toMatch(/…(漢字)+原因$/);
  });

  it('watch shows the error of the cluster in a line at the top, cut at its start', () => {
    const error =
      'Get "https://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused\nmore';
    const session = sessionFields(TARGETS, { cluster: { error } });
    const lines = screen({ view: createTargetsView(TARGETS, { session }) });
    expect(lines).toHaveLength(15);
    expect(lines[1]).toMatch(/^CLUSTER {2}….*connection refused$/);
    expect(lines[4]).toMatch(/^PHASE/);
    const reachable = sessionFields(TARGETS, { cluster: { error: null } });
    expect(screen({ view: createTargetsView(TARGETS, { session: reachable }) })[3]).toMatch(/^PHASE/);
  });

  it('the selected row is marked, stays visible, and stays selected when the order changes', () => {
    const ui = { ...INITIAL_STATE, selected: 'docs:serve' };
    const before = screen({ ui, rows: 8 });
    expect(before.slice(4, 7)).toEqual([
      expect.stringMatching(/^SUCCEEDED {4}lint:update/),
      expect.stringMatching(/^INACTIVE {5}e2e:update/),
      expect.stringMatching(/^DISABLED {3}▸ docs:serve/),
    ]);
    const targets = TARGETS.map((target) =>
      target.name === 'docs:serve' ? targetFields('docs:serve', 'FAILED') : target,
    );
    expect(screen({ ui, rows: 8, view: createTargetsView(targets) })[4]).toMatch(/^FAILED {5}▸ docs:serve/);
  });

  it('grouped by label, the table has a heading per label, with a target of two labels in both groups', () => {
    const resources = new Map(
      [
        resourceFields('api', { labels: ['backend', 'team-10'], order: 2 }),
        resourceFields('db', { labels: ['backend', 'team-2'], order: 1 }),
        resourceFields('web', { labels: [], order: 3 }),
        resourceFields('(Tiltfile)', { kind: 'TILTFILE', order: 0 }),
        resourceFields('old', { labels: null }),
      ].map((resource) => [resource.name, resource]),
    );
    const targets = [
      targetFields('api:serve', 'FAILED'),
      targetFields('db:serve', 'READY'),
      targetFields('new:serve', 'READY'),
      targetFields('old:serve', 'READY'),
      targetFields('tiltfile:update', 'SUCCEEDED', { resources: ['(Tiltfile)'] }),
      targetFields('web:serve', 'READY'),
    ];
    const state = { view: createTargetsView(targets), resources, rows: 24 };
    const ui = { ...INITIAL_STATE, isGrouped: true };
    expect(
      screen({ ...state, ui })
        .slice(4, 18)
        .map((line) => line.replace(/ +\d.*/, '')),
    ).toEqual([
      'backend',
      'READY        db:serve',
      'FAILED       api:serve',
      'team-2',
      'READY        db:serve',
      'team-10',
      'FAILED       api:serve',
      'unlabeled',
      'READY        web:serve',
      'Tiltfile',
      'SUCCEEDED    tiltfile:update',
      'labels not known',
      'READY        old:serve',
      'READY        new:serve',
    ]);
    expect(screen({ ...state, ui })[4]).toBe('backend  1 failed, 1 ready');
    const where = { label: 'team-*' };
    expect(screen({ ...state, ui: { ...ui, filter: 'label=team-*', where } })[1]).toMatch(/^2 match /);
    const ids = toRowIds(rowsOf(stateOf({ ...state, ui })));
    expect(new Set(ids).size).toBe(8);
    const last = screen({ ...state, rows: 7, ui: { ...ui, selected: ids[2] ?? null } });
    expect(last.slice(4, 6)).toEqual(['team-2  1 ready', expect.stringMatching(/^READY {6}▸ db:serve/)]);
  });
});

describe('log of a target in watch', () => {
  const ui = { ...INITIAL_STATE, selected: 'unit:update', isLogShown: true };
  const lines = Array.from({ length: 50 }, (_, index) => ({ text: `line ${100 + index}`, level: 'INFO' }));
  const live: TargetLog = { state: 'live', lines, end: 150 };

  /** The log on the screen, without the lines above it and the keys. */
  function logOf(state: Partial<ScreenState>): string[] {
    return screen({ ui, rows: 9, ...state }).slice(3, -1);
  }

  it('watch shows the last lines of a log, and its keys', () => {
    expect(logOf({ log: live })).toEqual([
      'LOG  unit:update  50 lines',
      'line 146',
      'line 147',
      'line 148',
      'line 149',
    ]);
    expect(screen({ ui, log: live }).at(-1)).toBe('q quit  Esc back  ↑ ↓ PgUp PgDn Home End scroll');
  });

  it('watch shows the lines of a scrolled log, also when new ones arrive and old ones are dropped', () => {
    const scrolled = { ...ui, logEnd: 104 };
    const expected = ['line 100', 'line 101', 'line 102', 'line 103'];
    expect(logOf({ ui: scrolled, log: live })).toEqual([
      'LOG  unit:update  50 lines  46 more below',
      ...expected,
    ]);
    const longer = { ...live, lines: [...lines, { text: 'line 150', level: 'INFO' }], end: 151 };
    expect(logOf({ ui: scrolled, log: longer }).slice(1)).toEqual(expected);
    expect(logOf({ ui: scrolled, log: { ...live, lines: lines.slice(20) } })).toEqual([
      'LOG  unit:update  30 lines  26 more below',
      'line 120',
      'line 121',
      'line 122',
      'line 123',
    ]);
  });

  it('watch shows that a log is an excerpt, is empty, or is not available, and how to read it from Tilt', () => {
    const excerpt: TargetLog = { state: 'excerpt', lines: lines.slice(0, 1), end: 1 };
    expect(logOf({ log: excerpt }).slice(0, 3)).toEqual([
      'LOG  unit:update  1 line before it failed; the rest of the log is not…',
      'line 100',
      '',
    ]);
    expect(logOf({ log: { ...live, lines: [] } })[0]).toBe('LOG  unit:update  0 lines');
    expect(logOf({})[0]).toBe('LOG  unit:update  loading …');
    const log: TargetLog = { ...LOADING, state: 'unavailable' };
    const resources = new Map([['unit', resourceFields('unit')]]);
    expect(logOf({ log, resources, columns: 120 })[0]).toBe(
      'LOG  unit:update  not available: the gateway does not read this log; tilt logs --port 10350 unit',
    );
    expect(logOf({ log, columns: 120 })[0]).toBe(
      'LOG  unit:update  not available: the gateway does not read this log',
    );
  });

  it('watch colors warnings and errors, and shortens long lines', () => {
    const log: TargetLog = {
      state: 'live',
      lines: [
        { text: 'no such file', level: 'ERROR' },
        { text: 'x'.repeat(200), level: 'WARN' },
      ],
      end: 2,
    };
    const shown = screenLines(stateOf({ ui, log, columns: 20 }), (style, text) => `${style}(${text})`);
    expect(shown.slice(4, 6)).toEqual([`red(${'no such file'.padEnd(20)})`, `yellow(${'x'.repeat(19)}…)`]);
  });

  it.each([
    [70, 15],
    [9, 5],
    [1, 1],
  ])('the log of watch fits %i columns and %i rows', (columns, rows) => {
    const shown = screenLines(stateOf({ ui, log: live, columns, rows }), (_, text) => text);
    expect(shown).toHaveLength(rows);
    for (const line of shown) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });
});
