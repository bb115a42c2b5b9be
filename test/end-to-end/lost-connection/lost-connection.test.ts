import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPage } from '../../docs/pages.js';
import { useBrowserTimeouts } from '../../support/browser-timeouts.js';
import { launchBrowser } from '../support/browser.js';
import { SCENARIOS, type Scene } from './scenarios.js';
import { SURFACES, type Surface } from './surfaces.js';

useBrowserTimeouts();

/** Table in docs/guarantees.md: what each surface shows after each scenario. */
const [columns = [], ...rows] = tableBelow('## When the connection to a Tilt is lost');
const cells = rows.map(([scenario = '', ...words]) => ({
  scenario,
  shown: new Map(words.map((text, index) => [columns[index + 1] ?? '', text])),
}));

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('docs/guarantees.md', () => {
  it('lists every scenario and every surface, and shows no passing state in any cell', () => {
    expect(cells.map(({ scenario }) => scenario)).toEqual(Object.keys(SCENARIOS));
    for (const { shown } of cells) {
      expect([...shown.keys()]).toEqual(Object.keys(SURFACES));
      expect([...shown.values()].filter((text) => /PASSED|READY|Passing|Passed|code 0/.test(text))).toEqual(
        [],
      );
    }
  });
});

describe.each(cells)('after the connection to a Tilt is lost ($scenario)', ({ scenario, shown }) => {
  let scene: Scene | null = null;
  const surfaces = new Map<string, Surface>();
  afterAll(async () => {
    for (const surface of surfaces.values()) await surface[Symbol.asyncDispose]();
    await scene?.[Symbol.asyncDispose]();
  });

  it('every surface has shown a passing state before', async () => {
    const prepare = SCENARIOS[scenario];
    if (prepare === undefined) throw new Error(`Expected one of ${Object.keys(SCENARIOS)}, got ${scenario}`);
    scene = await prepare();
    for (const [name, open] of Object.entries(SURFACES)) surfaces.set(name, await open(scene, browser));
    const before = scenario === DEMO ? /, LIVE$|^Starting$/ : /^PASSED, LIVE$|^Passing$/;
    for (const [name, surface] of surfaces) {
      if (name !== 'wait') await expect.poll(() => surface.read()).toMatch(before);
    }
    await scene.disconnect();
  });

  it.each([...shown])('the surface %s shows "%s" and nothing passing', async (name, expected) => {
    const surface = surfaces.get(name);
    await expect.poll(() => surface?.read(), { timeout: 60_000 }).toBe(expected);
  });
});

/** The verdict of the demo is not PASSED before. */
const DEMO = 'only the demo is running';

/** Rows of the table below a heading, starting with its header. */
function tableBelow(heading: string): string[][] {
  const [, section = ''] = readPage('docs/guarantees.md').text.split(`${heading}\n`);
  const lines = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  const table = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return table.filter(([first = '']) => !/^-+$/.test(first));
}
