import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { RunningCommand } from '../support/cli.js';
import { startCliClients } from '../support/cli-client.js';
import { sessionJson } from '../support/session-json.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const RESOURCES = 70;
const TIMES = { startTime: '2026-11-22T11:00:00Z', finishTime: '2026-11-22T11:00:02Z' };
const TILTFILE = { name: 'tiltfile:update', type: 'job', resources: [], state: { terminated: TIMES } };

/** Creates a `tilt ci` that builds local resources one by one. Those before `built` have succeeded. */
function buildingJson(built: number, isBuilding: boolean, waitReason: string) {
  const stateOf = (index: number) => {
    if (index < built) return { terminated: TIMES };
    if (index === built && isBuilding) return { active: { startTime: TIMES.startTime, ready: false } };
    return { waiting: { waitReason } };
  };
  const targets = Array.from({ length: RESOURCES }, (_, index) => ({
    name: `r${String(index).padStart(2, '0')}:update`,
    type: 'job',
    resources: [`r${index}`],
    state: stateOf(index),
  }));
  return sessionJson({ uid: 'one', targets: [...targets, TILTFILE] });
}

/** Creates a `tilt up` with two servers, of which `web` is ready or has failed. */
function serversJson({ ready }: { readonly ready: boolean }) {
  const active = { active: { startTime: TIMES.startTime, ready: true } };
  const failed = { terminated: { ...TIMES, error: 'exit status 1' } };
  const server = (resource: string, state: object) => ({
    name: `${resource}:serve`,
    type: 'server',
    resources: [resource],
    state,
  });
  return sessionJson({
    uid: 'one',
    targets: [server('api', active), TILTFILE, server('web', ready ? active : failed)],
  });
}

interface Line {
  readonly type: string;
  readonly target?: string;
  readonly phase?: string;
  readonly previousPhase?: string | null;
}

function parseLines({ stdout }: RunningCommand): Line[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line): Line => JSON.parse(line));
}

describe('watch --filter', () => {
  it('reports the verdict of the Session and runs --exec when a target outside of the filter fails', async () => {
    await using folder = await createTemporaryFolder();
    await using clients = await startCliClients();
    const file = folder.file('alerts');
    await clients.put(serversJson({ ready: true }));
    const command = clients.run([
      ...['watch', '--output', 'json', '--filter', 'api:*'],
      ...['--exec', `echo "$TILT_GRAPHQL_EVENT $TILT_GRAPHQL_VERDICT" >>${file}`],
    ]);
    await command.until(/"verdict":"PASSED"/);
    await clients.put(serversJson({ ready: false }));
    await command.until(/"type":"VERDICT","verdict":"FAILED","previousVerdict":"PASSED".*"web:serve/);
    await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toBe('verdict FAILED\n');
    expect(parseLines(command).some(({ target }) => target === 'web:serve')).toBe(false);
  });
});

describe('watch --output json while 70 local resources are built', () => {
  it('watch --output json prints one line per phase change; with --all-changes also changes within a phase', async () => {
    await using clients = await startCliClients();
    await clients.put(buildingJson(0, false, 'unknown'));
    const phases = clients.run(['watch', '--output', 'json']);
    const everything = clients.run(['watch', '--output', 'json', '--all-changes']);
    for (const command of [phases, everything]) await command.until(/"type":"VERDICT"/);
    // Like Tilt: every waiting target changes from `unknown` to `waiting-for-local` and back, twice per
    // build.
    for (let built = 0; built < RESOURCES; built += 1) {
      await clients.put(buildingJson(built, true, 'waiting-for-local'));
      await clients.put(buildingJson(built, true, 'unknown'));
      await clients.put(buildingJson(built, true, 'waiting-for-local'));
      await clients.put(buildingJson(built + 1, false, 'unknown'));
    }
    for (const command of [phases, everything]) await command.until(/"verdict":"PASSED".*\n/);

    const names = Array.from(
      { length: RESOURCES },
      (_, index) => `r${String(index).padStart(2, '0')}:update`,
    );
    const lines = parseLines(phases);
    expect(lines.slice(0, RESOURCES + 4).map(({ type }) => type)).toEqual([
      'LINK',
      'CONNECTION',
      ...[...names, TILTFILE.name].map(() => 'ADDED'),
      'VERDICT',
    ]);
    expect(
      lines
        .slice(RESOURCES + 4)
        .map(({ type, target = '', previousPhase = '', phase = '' }) =>
          [type, target, previousPhase, phase].join(' ').trim(),
        ),
    ).toEqual([
      ...names.flatMap((name) => [`MODIFIED ${name} WAITING RUNNING`, `MODIFIED ${name} RUNNING SUCCEEDED`]),
      'VERDICT',
    ]);
    const flips = parseLines(everything).filter(
      ({ phase, previousPhase }) => phase === previousPhase && phase,
    );
    expect(flips.length).toBeGreaterThan(9_000);
    console.log(`${lines.length} lines, ${parseLines(everything).length} with --all-changes.`);
  });
});
