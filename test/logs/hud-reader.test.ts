import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createHudReader } from '../../src/logs/hud-reader.js';
import { createRedactor } from '../../src/logs/redact.js';
import { createSessionLog } from '../../src/logs/session-log.js';

describe('createHudReader', () => {
  it('reads the failure of a recorded tilt ci with resource, target and level', async () => {
    const log = await replay('hud-ci');
    expect(log.tail({ resource: 'unit' }, 4)).toMatchObject([
      { level: 'info', target: 'unit:update', styledText: '1 of 3 failed' },
      { level: 'info', target: 'unit:update', styledText: '\u001b[31mFAIL\u001b[0m adds numbers' },
      { level: 'info', target: 'unit:update', styledText: '  expected 4, got 5' },
      {
        level: 'error',
        target: 'unit:update',
        styledText: expect.stringMatching(/^Build Failed: .* failed: exit status 1$/),
      },
    ]);
  });
});

async function replay(name: string) {
  const log = createSessionLog();
  const redactor = createRedactor([]);
  const reader = createHudReader({ log, redactor, yieldToLoop: () => Promise.resolve() });
  const path = fileURLToPath(new URL(`../fixtures/recordings/${name}.ndjson`, import.meta.url));
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const { line: message }: { line: string } = JSON.parse(line);
    await reader.push(Buffer.from(message));
  }
  return log;
}
