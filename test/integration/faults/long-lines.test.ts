import { describe, expect, it } from 'vitest';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { createTiltServer } from '../../support/tilt-server.js';

const LIMIT = 64 * 1024 * 1024;

/** Creates a line of a watch of exactly this many bytes, with the passing Session at a version. */
function createLine(bytes: number, resourceVersion: string): string {
  const bulky = (bulk: string) => {
    const green = greenJson({ uid: 'a', resourceVersion });
    const object = { ...green, metadata: { ...green.metadata, annotations: { bulk } } };
    return JSON.stringify({ type: 'MODIFIED', object });
  };
  return `${bulky('x'.repeat(bytes - bulky('').length))}\n`;
}

describe('a line of a watch', () => {
  it('a watch line of 64 MiB is read; with one byte more the Session is STALE until the next valid line', async () => {
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    server.write(createLine(LIMIT, '10'));
    await gateway.session().until({ ...HEALTHY, metadata: { resourceVersion: '10' } });
    server.write(createLine(LIMIT + 1, '11'));
    await gateway.session().until({
      ...degraded('STALE', /expected at most 67108864 bytes, got more; it was skipped/),
      metadata: { resourceVersion: '10' },
    });
    server.write(createLine(1_000, '12'));
    await gateway.session().until({ ...HEALTHY, metadata: { resourceVersion: '12' } });
    expect(server.count('watch')).toBe(1);
  });

  it('a watch line that never ends is discarded at the limit, clients are served meanwhile, and the next line is read', async () => {
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    const piece = Buffer.alloc(8 * 1024 * 1024, 'x');
    for (let written = 0; written < 4 * LIMIT; written += piece.length) {
      server.write(piece);
      await server.drained();
      expect(await gateway.session().read()).not.toBeNull();
    }
    await gateway.session().until(degraded('STALE', /expected at most 67108864 bytes/));
    server.write(`\n${createLine(1_000, '12')}`);
    await gateway.session().until({ ...HEALTHY, metadata: { resourceVersion: '12' } });
  });
});
