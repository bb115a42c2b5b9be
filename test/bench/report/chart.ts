import type { ResultRow } from '../harness/rounds.js';
import { OURS } from '../parts/part.js';
import type { Results } from './results.js';
import { numberText } from './table.js';

/** Panels of the picture: a column of a part with its title. */
const PANELS = [
  {
    part: 'fanout-small',
    key: 'cpu',
    title: '1,000 WebSocket readers, a target changes as fast as they read: CPU µs per payload',
  },
  { part: 'fanout-small', key: 'aloneCpu', title: 'The same, an update every 100 ms: CPU µs per payload' },
  {
    part: 'fanout-large',
    key: 'cpu',
    title: '1,000 WebSocket readers, the whole Session (16 kB): CPU µs per payload',
  },
  {
    part: 'burst',
    key: 'cpu',
    title: '1,000 WebSocket readers, 200 updates back to back: CPU µs per payload',
  },
  { part: 'http-big', key: 'cpu', title: 'Query of 100 targets over HTTP: CPU µs per request' },
] as const;

const WIDTH = 760;
const BAR = { left: 130, right: 90, height: 16, step: 22 };
const MARGIN = 20;

/**
 * Renders a bar chart of the cost of a payload or a request, as SVG. Shorter is better. The text follows the
 * reader's colour scheme; the background is transparent.
 */
export function renderChart({ parts, machine, runs }: Results): string {
  const body: string[] = [];
  let y = MARGIN;
  for (const { part, key, title } of PANELS) {
    const measured = parts.find((result) => result.part.name === part)?.rows.values() ?? [];
    // A server that did not deliver everything would look fast.
    const rows = [...measured].filter(({ fault }) => fault === null);
    if (rows.length === 0) continue;
    body.push(...panelOf(rows, key, title, y));
    y += 48 + rows.length * BAR.step;
  }
  const { node, ...versions } = machine.versions;
  const about = `Shorter is better. Median of ${runs}, Node ${node}, ${machine.cores} cores of ${machine.cpu}.`;
  body.push(text(0, y + 4, about, 'small'), text(0, y + 22, versionsLine(versions), 'small'));
  const height = y + 22 + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(about)}">`,
    STYLE,
    ...body,
    '</svg>\n',
  ].join('\n');
}

const STYLE = `<style>
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 14px }
  .small { font-size: 12px; fill: #59636e }
  .peer { fill: #afb8c1 } .limit { fill: #d4a72c } .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 }
    .peer { fill: #656c76 } .limit { fill: #bb8009 } .ours { fill: #4493f8 }
  }
</style>`;

function versionsLine(versions: Readonly<Record<string, string>>): string {
  const shown = ['graphql-yoga', '@apollo/server', 'mercurius', 'graphql-ws', 'ws', 'graphql'];
  return shown.map((name) => `${name} ${versions[name]}`).join(', ');
}

function panelOf(rows: readonly ResultRow[], key: string, title: string, top: number): string[] {
  const lengthOf = (row: ResultRow) => row.values[key] ?? 0;
  const max = Math.max(...rows.map(lengthOf));
  const bars = rows.flatMap((row, index) => barOf(row.name, lengthOf(row), max, top + 14 + index * BAR.step));
  return [text(0, top + 4, title, 'title'), ...bars];
}

function barOf(name: string, value: number, max: number, top: number): string[] {
  const room = WIDTH - BAR.left - BAR.right;
  const width = Math.max((value / max) * room, 1).toFixed(1);
  const baseline = top + BAR.height - 3;
  const digits = value < 100 ? 1 : 0;
  return [
    text(0, baseline, name, ''),
    `<rect class="${kindOf(name)}" x="${BAR.left}" y="${top}" width="${width}" height="${BAR.height}" rx="2"/>`,
    text(BAR.left + Number(width) + 6, baseline, numberText(value, digits), ''),
  ];
}

function kindOf(name: string): 'ours' | 'limit' | 'peer' {
  if (name === OURS) return 'ours';
  return name.startsWith('raw-') ? 'limit' : 'peer';
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
