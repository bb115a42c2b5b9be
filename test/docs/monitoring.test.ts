import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/lib/metrics.js';
import { createPrometheus } from '../../src/server/prometheus.js';
import { createManualClock } from '../support/manual-clock.js';
import { blocksOf, readPage } from './pages.js';

const PREFIX = 'tilt_graphql_';

/** A row of the table of metrics: name, labels, meaning. */
const METRIC_ROW = /^\| `([a-z_]+)` +\| ((?:`[a-z]+`(?:, )?)*) +\| \S/gm;

describe('docs/monitoring.md', () => {
  const { text } = readPage('docs/monitoring.md');
  const rows = [...text.matchAll(METRIC_ROW)];

  it('lists exactly the metrics that the gateway exports', async () => {
    const page = await createPrometheus(createMetrics(), createManualClock()).text();
    const exported = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    const own = exported.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
    expect(own.length).toBeGreaterThan(15);
    expect(rows.map(([, name]) => name).sort()).toEqual(own.sort());
  });

  it('explains each label that it lists', () => {
    const labels = new Set(
      rows.flatMap(([, , cell = '']) => [...cell.matchAll(/`([a-z]+)`/g)].map(([, name = '']) => name)),
    );
    expect(
      [...labels].filter((label) => !new RegExp(`^\\| \`${label}\` +\\| [^|]+\\|$`, 'm').test(text)),
    ).toEqual([]);
  });

  it('alerts only on metrics and labels that it lists, and not on the state of a source', () => {
    const labelsOf = new Map(rows.map(([, name = '', cell = '']) => [name, cell]));
    const rules = blocksOf([{ path: 'docs/monitoring.md', text }]).filter(({ code }) =>
      code.includes('alert:'),
    );
    const used = rules.flatMap(({ code }) => [...code.matchAll(/tilt_graphql_([a-z_]+)\{([^}]*)\}/g)]);
    expect(used.map(([, name]) => name)).toEqual(['source_readable', 'sessions']);
    for (const [, name = '', selectors = ''] of used) {
      const labels = [...selectors.matchAll(/([a-z]+)=/g)].map(([, label = '']) => `\`${label}\``);
      for (const label of labels) expect(labelsOf.get(name)).toContain(label);
    }
  });
});
