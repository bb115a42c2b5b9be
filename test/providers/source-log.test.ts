import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/providers/provider.js';
import { createSourceLog } from '../../src/providers/source-log.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const snapshot = { type: 'snapshot', sessions: [session('shop')] } as const;
const upsert = { type: 'upsert', session: session('shop') } as const;
const done = {
  type: 'upsert',
  session: { ...session('shop'), status: { ...session('shop').status, done: true } },
} as const;
const refused = { type: 'stale', id: 'shop/Tiltfile', error: 'status.pid: expected a number' } as const;
const broken = { type: 'stale', error: 'shop.yaml: is not YAML' } as const;
const cut = new ProviderError('unreachable', 'the connection was cut');

function start({ isEphemeral = false, hasTransientErrors = false } = {}) {
  const clock = createManualClock();
  const lines: string[] = [];
  const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
  return {
    clock,
    lines,
    sourceLog: createSourceLog({ name: 'shop', log, clock, isEphemeral, hasTransientErrors }),
  };
}

describe('the log of a source', () => {
  it('has one warning for an error of the source and one line for its recovery', async () => {
    const { clock, lines, sourceLog } = start();
    sourceLog.changed(snapshot);
    sourceLog.changed(broken);
    sourceLog.changed(broken);
    sourceLog.changed(snapshot);
    await clock.advance(1_000);
    sourceLog.changed(snapshot);
    await clock.advance(60_000);
    expect(lines).toEqual(['warn Source shop: shop.yaml: is not YAML', 'info Source shop: it has recovered']);
  });

  it('has one warning for a rejected object, with its id, and one line when it is accepted again', async () => {
    const { clock, lines, sourceLog } = start();
    sourceLog.changed(snapshot);
    sourceLog.changed(refused);
    sourceLog.changed({ ...refused, error: 'status.pid: expected a number, got a text' });
    sourceLog.changed(upsert);
    await clock.advance(1_000);
    expect(lines).toEqual([
      'warn Source shop: shop/Tiltfile was rejected: status.pid: expected a number',
      'warn Source shop: shop/Tiltfile was rejected: status.pid: expected a number, got a text',
      'info Source shop: shop/Tiltfile is accepted again',
    ]);
  });

  it('has no line for a list that contains the same rejected object again', async () => {
    const { clock, lines, sourceLog } = start();
    for (let count = 0; count < 3; count += 1) {
      sourceLog.changed(snapshot);
      sourceLog.changed(refused);
      await clock.advance(30_000);
    }
    expect(lines).toEqual(['warn Source shop: shop/Tiltfile was rejected: status.pid: expected a number']);
  });

  it('has a new warning for an error that returns after a recovery', async () => {
    const { clock, lines, sourceLog } = start();
    for (let count = 0; count < 2; count += 1) {
      sourceLog.failed(cut, cut.message, 400);
      sourceLog.failed(cut, cut.message, 800);
      sourceLog.changed(snapshot);
      await clock.advance(1_000);
    }
    expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([
      'warn Source shop: the connection was cut; next try in 0.4 s',
      'info Source shop: it has recovered',
      'warn Source shop: the connection was cut; next try in 0.4 s',
      'info Source shop: it has recovered',
    ]);
  });

  it('has no line for a rejected object that is removed', async () => {
    const { clock, lines, sourceLog } = start();
    sourceLog.changed(refused);
    sourceLog.changed({ type: 'remove', id: 'shop/Tiltfile' });
    await clock.advance(60_000);
    expect(lines).toHaveLength(1);
  });
});

describe('the log of a source with transient errors', () => {
  it('has no line for an error that is resolved within two seconds', async () => {
    const { clock, lines, sourceLog } = start({ hasTransientErrors: true });
    sourceLog.changed(snapshot);
    sourceLog.changed(broken);
    await clock.advance(900);
    sourceLog.changed(snapshot);
    await clock.advance(60_000);
    expect(lines).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('has one warning for a lasting error and one line for its recovery', async () => {
    const { clock, lines, sourceLog } = start({ hasTransientErrors: true });
    sourceLog.changed(broken);
    await clock.advance(2_000);
    expect(lines).toEqual(['warn Source shop: shop.yaml: is not YAML']);
    sourceLog.changed(snapshot);
    await clock.advance(60_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe('info Source shop: it has recovered');
  });
});

describe('the log of a Tilt, which ends by itself', () => {
  it('has no warning when the Tilt is removed within two seconds after its connection closed', async () => {
    const { clock, lines, sourceLog } = start({ isEphemeral: true });
    sourceLog.changed(snapshot);
    sourceLog.failed(cut, cut.message, 400);
    await clock.advance(1_999);
    sourceLog.end();
    await clock.advance(60_000);
    expect(lines).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('has the warning after two seconds when the Tilt is not removed, before the line of its recovery', async () => {
    const { clock, lines, sourceLog } = start({ isEphemeral: true });
    sourceLog.failed(cut, cut.message, 400);
    await clock.advance(2_000);
    expect(lines).toEqual(['warn Source shop: the connection was cut; next try in 0.4 s']);
    const other = start({ isEphemeral: true });
    other.sourceLog.failed(cut, cut.message, 400);
    other.sourceLog.changed(snapshot);
    await other.clock.advance(1_000);
    expect(other.lines).toEqual([
      'warn Source shop: the connection was cut; next try in 0.4 s',
      'info Source shop: it has recovered',
    ]);
    expect(other.clock.pending).toBe(0);
  });

  it('has one warning, with the last error, for a Tilt that fails in several ways within two seconds', async () => {
    const { clock, lines, sourceLog } = start({ isEphemeral: true });
    sourceLog.failed(cut, cut.message, 400);
    await clock.advance(400);
    sourceLog.failed(new ProviderError('unreachable', 'connection refused'), 'connection refused', 800);
    await clock.advance(60_000);
    expect(lines).toEqual(['warn Source shop: connection refused; next try in 0.8 s']);
  });

  it('has an info line instead of a warning when all Sessions are done', async () => {
    const { clock, lines, sourceLog } = start({ isEphemeral: true });
    sourceLog.changed(snapshot);
    sourceLog.changed(done);
    sourceLog.failed(cut, cut.message, 400);
    await clock.advance(60_000);
    expect(lines).toEqual([
      'info Source shop: it is done, and its connection has closed: the connection was cut',
    ]);
  });

  it('reports an unexpected error at once', () => {
    const { lines, sourceLog } = start({ isEphemeral: true });
    sourceLog.failed(new TypeError('x is not a function'), 'x is not a function', 400);
    expect(lines).toEqual(['error Source shop: x is not a function; next try in 0.4 s']);
  });
});
