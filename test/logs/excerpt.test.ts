import { describe, expect, it } from 'vitest';
import { createExcerpts } from '../../src/logs/excerpt.js';
import type { TargetExcerpt } from '../../src/model/log.js';
import type { Session } from '../../src/model/session.js';
import { createManualClock } from '../support/manual-clock.js';
import { decodeRawSession, rawTarget } from '../support/raw-session.js';
import {
  createMessage,
  createSegment,
  createTestReader,
  type RawMessage,
  readHudRecording,
} from './hud-messages.js';

const START = '2026-11-26T01:40:49.525913Z';
const FINISH = '2026-11-26T01:40:50.234600Z';

describe('createExcerpts', () => {
  it("shows the lines of a failed target without Tilt's closing line, which repeats its error", async () => {
    const { push, read } = createTest();
    for (const message of readHudRecording('hud-ci')) await push(message);
    const [excerpt] = read(failed('unit'));
    expect(texts(excerpt)).toEqual([
      'Initial Build',
      expect.stringMatching(/^Running cmd: /),
      'running 3 tests',
      '1 of 3 failed',
      '\u001b[31mFAIL\u001b[0m adds numbers',
      '  expected 4, got 5',
    ]);
    expect(excerpt).toMatchObject({ target: 'unit:update', startTime: START, omitted: 0, isFinal: false });
  });

  it('becomes final a second after the failure, with the lines that arrived until then', async () => {
    const { push, read, clock, changes } = createTest();
    await push(createMessage(0, [line('a', 'early\n')]));
    const first = read(failed('a'));
    await push(createMessage(1, [line('a', 'late\n'), line('a', 'unfinished')]));
    expect(changes()).toBe(1);
    expect(texts(read(failed('a'))[0])).toEqual(['early', 'late']);
    await clock.advance(1_000);
    const last = read(failed('a'));
    expect(texts(last[0])).toEqual(['early', 'late', 'unfinished']);
    expect([first[0]?.isFinal, last[0]?.isFinal]).toEqual([false, true]);
    const count = changes();
    await push(createMessage(3, [line('a', 'too late\n')]));
    expect(changes()).toBe(count);
    expect(read(failed('a'))).toBe(last);
  });

  it('reads its lines once, however many batches of lines arrived before', async () => {
    const { push, read, tails } = createTest();
    const names = Array.from({ length: 32 }, (_, index) => `r${index}`);
    const first = read(failed(...names));
    const before = tails();
    for (let index = 0; index < 20; index += 1) await push(createMessage(index, [line('other', 'text\n')]));
    expect(tails()).toBe(before);
    expect(read(failed(...names))).toBe(first);
    expect(read(failed(...names))).toBe(first);
    expect(tails()).toBe(before + 32);
  });

  it('is final at once when the connection has ended', async () => {
    const { push, read, excerpts, clock } = createTest();
    await push(createMessage(0, [line('a', 'a\n'), line('b', 'b')]));
    read(failed('a'));
    excerpts.end();
    expect(read(failed('a', 'b')).map((excerpt) => [texts(excerpt), excerpt.isFinal])).toEqual([
      [['a'], true],
      [['b'], true],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('has no lines of an earlier start, nor of another target', async () => {
    const { push, read } = createTest();
    const old = { ...line('a', 'old\n'), time: '2026-11-26T01:40:49.5Z' };
    const server = { ...line('a', 'server\n'), spanId: 'localserve:1' };
    const message = createMessage(0, [old, line('a', 'new\n'), server]);
    await push({
      ...message,
      logList: {
        ...message.logList,
        spans: { 'cmd:a:update': { manifestName: 'a' }, 'localserve:1': { manifestName: 'a' } },
      },
    });
    expect(texts(read(failed('a'))[0])).toEqual(['new']);
  });

  it('has at most 50 lines and 8 kB, cut at its start', async () => {
    const { push, read } = createTest();
    const many = Array.from({ length: 60 }, (_, index) => line('a', `${index}\n`));
    const long = Array.from({ length: 60 }, (_, index) => line('b', `${index} ${'x'.repeat(997)}\n`));
    await push(createMessage(0, [...many, ...long]));
    const [a, b] = read(failed('a', 'b'));
    expect([a?.lines.length, a?.omitted, a?.lines[0]?.styledText]).toEqual([50, 10, '10']);
    expect([b?.lines.length, b?.omitted]).toEqual([8, 52]);
  });

  it('exists for the 32 targets that failed first', () => {
    const { read } = createTest();
    const names = Array.from({ length: 40 }, (_, index) => `r${index}`);
    read(failed('last'));
    expect(read(failed(...names, 'last')).map(({ target }) => target)).toEqual(
      ['last', ...names.slice(0, 31)].map((name) => `${name}:update`),
    );
  });

  it('has the lines of a resource called tiltfile, whose target is the second of its name', async () => {
    const { push, read } = createTest();
    const closing = 'Build Failed: Command "make" failed: exit status 1\n';
    await push(
      createMessage(0, [
        line('tiltfile', 'make: no rule\n'),
        { ...line('tiltfile', closing), level: 'ERROR' },
      ]),
    );
    const tiltfile = { terminated: { startTime: START, finishTime: FINISH } };
    const first = { ...rawTarget('tiltfile:update', tiltfile), resources: ['(Tiltfile)'] };
    const targets = [first, ...failedTargets('tiltfile')];
    const excerpts = read(decodeRawSession({ status: { targets } }));
    expect(excerpts.map((excerpt) => [excerpt.target, texts(excerpt)])).toEqual([
      ['tiltfile:update#2', ['make: no rule']],
    ]);
  });

  it('disappears when its target starts again, and leaves no timer', () => {
    const { read, clock, excerpts } = createTest();
    expect(read(failed('a', 'b'))).toHaveLength(2);
    expect(read(failed('a'))).toHaveLength(1);
    expect(clock.pending).toBe(1);
    excerpts.dispose();
    expect(clock.pending).toBe(0);
  });
});

function createTest() {
  const { log, reader, push } = createTestReader();
  const clock = createManualClock();
  let count = 0;
  let tails = 0;
  const tail: typeof log.tail = (...args) => {
    tails += 1;
    return log.tail(...args);
  };
  const excerpts = createExcerpts({
    log: { ...log, tail },
    clock,
    flush: reader.flush,
    onChange: () => {
      count += 1;
    },
  });
  return {
    clock,
    excerpts,
    push: (message: RawMessage) => push(message),
    read: (session: Session) => excerpts.read(session),
    changes: () => count,
    /** Number of times that lines were read. */
    tails: () => tails,
  };
}

/** A Session in which the update of each resource failed. */
function failed(...resources: readonly string[]): Session {
  return decodeRawSession({ status: { targets: failedTargets(...resources) } });
}

function failedTargets(...resources: readonly string[]) {
  const error = 'Command "make" failed: exit status 1';
  const state = { terminated: { startTime: START, finishTime: FINISH, error } };
  return resources.map((name) => ({ ...rawTarget(`${name}:update`, state), resources: [name] }));
}

function line(resource: string, text: string) {
  return { ...createSegment(resource, text), time: FINISH };
}

function texts(excerpt: TargetExcerpt | undefined): string[] | undefined {
  return excerpt?.lines.map(({ styledText }) => styledText);
}
