import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_BUCKET_SETTINGS } from '../../src/nats/settings.js';
import { formatNatsConfig } from '../support/nats-config.js';
import { gatewayPermissions, publisherPermissions } from '../support/nats-permissions.js';

const page = readFileSync(new URL('../../docs/fleet.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block = '']) => block);

describe('docs/fleet.md', () => {
  it('shows the configuration of the servers in the tests', () => {
    const folder = '/var/lib/nats';
    const cluster = { port: 6222, routes: [6222, 6223, 6224] };
    expect(blocks).toContain(formatNatsConfig({ name: 'n1', port: 4222, monitor: 8222, folder, cluster }));
  });

  it('lists the permissions of gateways and publishers in the tests', () => {
    const lines = [gatewayPermissions('BUCKET'), publisherPermissions('BUCKET', 'team-a.>')];
    for (const list of lines) expect(blocks).toContain(`${list.join('\n')}\n`);
  });

  it('lists the default settings of a bucket', () => {
    const { history, maxAgeMs, replicas, presenceMs } = DEFAULT_BUCKET_SETTINGS;
    expect(replicas).toBe(1);
    expect(page).toContain(
      `${history} states of each key, ${maxAgeMs / 86_400_000} days, one replica, on disk`,
    );
    expect(page).toContain(`1 state of each key, ${presenceMs / 1_000} s, as many replicas, in memory`);
  });
});
