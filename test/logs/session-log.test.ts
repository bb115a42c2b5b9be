import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSessionLog } from '../../src/logs/session-log.js';
import type { LogLine } from '../../src/model/log.js';

const OVERHEAD = 200;

describe('createSessionLog', () => {
  it('returns the newest lines of a resource, a target or a level, oldest first', () => {
    const log = createSessionLog();
    log.append([
      createLine('a', 'one'),
      createLine('b', 'two', { level: 'warn', target: 'b:serve' }),
      createLine('a', 'three', { level: 'error', target: 'a:update' }),
      createLine('a', 'four', { level: 'debug' }),
    ]);
    expect(texts(log.tail({}, 3))).toEqual(['two', 'three', 'four']);
    expect(texts(log.tail({ resource: 'a' }, 2))).toEqual(['three', 'four']);
    expect(texts(log.tail({ level: 'warn' }, 9))).toEqual(['two', 'three']);
    expect(texts(log.tail({ target: 'b:serve' }, 9))).toEqual(['two']);
    expect(log.tail({ resource: 'none' }, 9)).toEqual([]);
    expect(log.tail({}, 0)).toEqual([]);
  });

  it('selects a level that it does not know with every level', () => {
    const log = createSessionLog();
    log.append([createLine('a', 'new', { level: 'unknown' })]);
    expect(texts(log.tail({ level: 'error' }, 9))).toEqual(['new']);
  });

  it('returns the newest lines after a position and counts those beyond the limit as dropped', () => {
    const log = createSessionLog();
    log.append(['1', '2'].map((text) => createLine('a', text)));
    const { position } = log;
    log.append(['3', '4', '5'].map((text) => createLine('a', text)));
    const slice = log.since(position, { resource: 'a' }, 2);
    expect(texts(slice.lines)).toEqual(['4', '5']);
    expect(slice.dropped).toBe(1);
    expect(log.since(slice.position, { resource: 'a' }, 2)).toEqual({ lines: [], dropped: 0, position: 5 });
  });

  it('counts lines that were left out before a batch, and drops what is older', () => {
    const log = createSessionLog();
    log.append([createLine('a', 'old'), createLine('b', 'kept')]);
    log.append([createLine('a', 'new')], new Map([['a', 40]]));
    expect(texts(log.tail({}, 9))).toEqual(['kept', 'new']);
    expect(log.position).toBe(43);
    expect(log.since(0, { resource: 'a' }, 9).dropped).toBe(41);
    expect(log.since(2, { resource: 'a' }, 9).dropped).toBe(40);
    expect(log.since(2, { resource: 'b' }, 9).dropped).toBe(0);
    expect(log.since(2, {}, 9).dropped).toBe(40);
  });

  it('counts missing lines for every selection, keeps the lines before them, and counts hidden lines', () => {
    const log = createSessionLog();
    log.append([createLine('a', 'old')]);
    log.append([createLine('b', 'x'), { resource: 'a', styledText: null }], undefined, 40);
    expect(texts(log.tail({}, 9))).toEqual(['old', 'x']);
    expect(log.position).toBe(43);
    expect(log.since(1, {}, 9).dropped).toBe(41);
    expect(log.since(1, { resource: 'a' }, 9).dropped).toBe(41);
    expect(log.since(1, { resource: 'b' }, 9).dropped).toBe(40);
    expect(log.since(1, { resource: 'new' }, 9).dropped).toBe(40);
    expect(log.since(43, { resource: 'a' }, 9).dropped).toBe(0);
  });

  it('notifies its listeners once per batch, until they are removed', () => {
    const log = createSessionLog();
    let calls = 0;
    const remove = log.subscribe(() => {
      calls += 1;
    });
    log.append([createLine('a', '1'), createLine('a', '2')]);
    log.append([]);
    expect(calls).toBe(1);
    remove();
    log.append([createLine('a', '3')]);
    expect(calls).toBe(1);
  });

  it('drops all lines for a new run and counts them for readers', () => {
    const log = createSessionLog();
    log.append([createLine('a', '1'), createLine('b', '2')]);
    log.clear();
    log.append([createLine('a', '3')]);
    expect(texts(log.tail({}, 9))).toEqual(['3']);
    expect(log.since(1, { resource: 'b' }, 9).dropped).toBe(1);
    expect(log.since(0, {}, 9).dropped).toBe(2);
  });

  it('keeps the lines of the 2,000 resources that wrote last', () => {
    const log = createSessionLog();
    for (let index = 0; index < 3_000; index += 1) log.append([createLine(`r${index}`, 'x')]);
    expect(log.tail({}, 9_000)).toHaveLength(2_000);
    expect(log.tail({ resource: 'r999' }, 1)).toEqual([]);
    expect(log.tail({ resource: 'r1000' }, 1)).toHaveLength(1);
    expect(log.since(0, {}, 9_000).dropped).toBe(1_000);
  });

  it('counts the lines that a burst of more than 2,000 resources leaves out, and keeps the last ones', () => {
    const log = createSessionLog();
    log.append([createLine('old', 'x')]);
    log.append(
      [createLine('new', 'x')],
      new Map(Array.from({ length: 5_000 }, (_, index) => [`r${index}`, 2])),
    );
    expect(log.since(0, {}, 9)).toMatchObject({ dropped: 10_001, position: 10_002 });
    expect(log.since(0, { resource: 'r4999' }, 9).dropped).toBe(2);
    expect(log.since(0, { resource: 'r2999' }, 9).dropped).toBe(0);
    expect(texts(log.tail({}, 9))).toEqual(['x']);
  });

  it('keeps the newest lines within all bounds and counts exactly, whatever is appended', () => {
    const limits = { lines: 5, bytes: 5 * OVERHEAD + 20, totalBytes: 9 * OVERHEAD + 60 };
    fc.assert(
      fc.property(fc.array(batches, { maxLength: 25 }), (all) => {
        const log = createSessionLog(limits);
        const model = createModel(limits);
        const positions = [0];
        for (const { lines, leftOut, missing } of all) {
          log.append(lines, leftOut, missing);
          model.append(lines, leftOut, missing);
          positions.push(log.position);
        }
        expect(texts(log.tail({}, 99))).toEqual(texts(model.kept()));
        for (const position of positions) {
          for (const selection of [{}, { resource: 'a' }, { resource: 'b' }, { resource: 'c' }]) {
            for (const limit of [0, 2, 99]) {
              expect(log.since(position, selection, limit)).toEqual(
                model.since(position, selection.resource, limit),
              );
            }
          }
        }
      }),
    );
  });

  it('counts the lines of long runs', () => {
    const log = createSessionLog();
    const batch = Array.from({ length: 1_000 }, (_, index) => createLine(`r${index % 7}`, 'x'.repeat(40)));
    for (let count = 0; count < 200; count += 1) log.append(batch);
    expect(log.position).toBe(200_000);
    expect(log.since(0, { resource: 'r0' }, 0)).toMatchObject({ dropped: 28_600 });
  });
});

type Appended = Parameters<ReturnType<typeof createSessionLog>['append']>[0][number];

const resources = fc.constantFrom('a', 'b', 'c');
const batches = fc.record({
  lines: fc.array(
    fc
      .tuple(resources, fc.option(fc.nat({ max: 99 }).map(String)))
      .map(([resource, text]) =>
        text === null ? { resource, styledText: null } : createLine(resource, text),
      ),
    { maxLength: 8 },
  ),
  missing: fc.constantFrom(0, 0, 3),
  leftOut: fc
    .array(fc.tuple(resources, fc.nat({ max: 3 })), { maxLength: 2 })
    .map((entries) => new Map(entries)),
});

/** The same log, with a record of every line that ever was. */
function createModel(limits: { lines: number; bytes: number; totalBytes: number }) {
  let all: { resource: string | null; line: LogLine | null; isKept: boolean }[] = [];
  const keptOf = (resource?: string) =>
    all.filter((entry) => entry.isKept && (resource === undefined || entry.resource === resource));
  const cost = (entries: typeof all) =>
    entries.reduce((sum, { line }) => sum + (line ? OVERHEAD + Buffer.byteLength(line.styledText) : 0), 0);
  const dropFirst = (entries: typeof all) => {
    for (const entry of entries.slice(0, 1)) entry.isKept = false;
  };

  /** Drops the oldest line that is not hidden, and the hidden ones of its resource before it. */
  const dropOldestLine = () => {
    const oldest = keptOf().find(({ line }) => line !== null);
    if (oldest?.resource == null) return;
    const entries = keptOf(oldest.resource);
    for (const entry of entries.slice(0, entries.indexOf(oldest) + 1)) entry.isKept = false;
  };

  return {
    kept: () => keptOf().flatMap(({ line }) => line ?? []),
    append(lines: readonly Appended[], leftOut: ReadonlyMap<string, number>, missing: number) {
      all = all.concat(
        Array.from({ length: missing }, () => ({ resource: null, line: null, isKept: false })),
      );
      for (const [resource, count] of leftOut) {
        if (count > 0) for (const entry of keptOf(resource)) entry.isKept = false;
        all = all.concat(Array.from({ length: count }, () => ({ resource, line: null, isKept: false })));
      }
      for (const line of lines) {
        const { resource } = line;
        all.push({ resource, line: line.styledText === null ? null : line, isKept: true });
        while (keptOf(resource).length > limits.lines || cost(keptOf(resource)) > limits.bytes) {
          dropFirst(keptOf(resource));
        }
        while (cost(keptOf()) > limits.totalBytes) dropOldestLine();
      }
    },
    since(position: number, resource: string | undefined, limit: number) {
      const after = all
        .slice(position)
        .filter((entry) => [null, resource].includes(entry.resource) || resource === undefined);
      const kept = after.filter(({ isKept }) => isKept).flatMap(({ line }) => line ?? []);
      const lines = limit === 0 ? [] : kept.slice(-limit);
      return { lines, dropped: after.length - lines.length, position: all.length };
    },
  };
}

function createLine(resource: string, styledText: string, rest: Partial<LogLine> = {}): LogLine {
  return { time: '2026-11-26T01:40:48Z', level: 'info', resource, target: null, styledText, ...rest };
}

function texts(lines: readonly LogLine[]): string[] {
  return lines.map(({ styledText }) => styledText);
}
