import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPage } from '../../docs/pages.js';
import { useBrowserTimeouts } from '../../support/browser-timeouts.js';
import { launchBrowser } from '../support/browser.js';
import { SURFACES, type Surface } from './surfaces.js';
import { type Scene, WAYS } from './ways.js';

useBrowserTimeouts();

/** The table in docs/guarantees.md: for each way to lose sight of a Tilt what each surface shows. */
const [columns = [], ...rows] = tableBelow('## When the connection to a Tilt is lost');
const cells = rows.map(([way = '', ...words]) => ({
  way,
  shown: new Map(words.map((text, index) => [columns[index + 1] ?? '', text])),
}));

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('docs/guarantees.md', () => {
  it('tells of every way to lose sight of a Tilt, for every surface, and no cell is green', () => {
    expect(cells.map(({ way }) => way)).toEqual(Object.keys(WAYS));
    for (const { shown } of cells) {
      expect([...shown.keys()]).toEqual(Object.keys(SURFACES));
      expect([...shown.values()].filter((text) => /PASSED|READY|Passing|Passed|code 0/.test(text))).toEqual(
        [],
      );
    }
  });
});

describe.each(cells)('sight of a Tilt is lost: $way', ({ way, shown }) => {
  let scene: Scene | null = null;
  const surfaces = new Map<string, Surface>();
  afterAll(async () => {
    for (const surface of surfaces.values()) await surface[Symbol.asyncDispose]();
    await scene?.[Symbol.asyncDispose]();
  });

  it('every surface shows that all is well before', async () => {
    const prepare = WAYS[way];
    if (prepare === undefined) throw new Error(`Expected one of ${Object.keys(WAYS)}, got ${way}`);
    scene = await prepare();
    for (const [name, open] of Object.entries(SURFACES)) surfaces.set(name, await open(scene, browser));
    const before = way === DEMO ? /, LIVE$|^In progress$/ : /^PASSED, LIVE$|^Passing$/;
    for (const [name, surface] of surfaces) {
      if (name !== 'wait') await expect.poll(() => surface.look()).toMatch(before);
    }
    await scene.lose();
  });

  it.each([...shown])('%s then shows "%s", nothing green', async (name, expected) => {
    const surface = surfaces.get(name);
    await expect.poll(() => surface?.look(), { timeout: 60_000 }).toBe(expected);
  });
});

/** The demo is no Tilt: nothing was well before. */
const DEMO = 'only the demo is there';

/** The table below a heading, row by row, its header first. */
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
