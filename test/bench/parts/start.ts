import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { installPacked } from '../harness/installed-package.js';
import { readCpuMicros } from '../harness/process-usage.js';
import { median } from '../harness/statistics.js';
import { atMost, type Column, OURS, type Part } from './part.js';

const CPU: Column = { key: 'cpu', title: 'CPU ms', digits: 0 };
const COLUMNS: readonly Column[] = [
  CPU,
  { key: 'elapsed', title: 'ms', digits: 0 },
  { key: 'megabytes', title: 'installed MB', digits: 1 },
  { key: 'packages', title: 'packages', digits: 0 },
];

/** Number of starts in a round. */
const STARTS = 5;

/** Time and CPU from the start of the installed program to its first answer. */
export const start: Part = {
  name: 'start',
  title: 'from the start of the installed program, on the demo, to its first answer',
  entrants: [OURS],
  columns: COLUMNS,
  goals: [atMost(CPU, 600)],
  async measure(name, { quick, signal }) {
    await using installed = await installPacked(signal);
    const starts = [];
    for (let count = quick ? 1 : STARTS; count > 0; count -= 1)
      starts.push(await startOnce(installed.bin, signal));
    const values = {
      cpu: median(starts.map(({ cpu }) => cpu)),
      elapsed: median(starts.map(({ elapsed }) => elapsed)),
      megabytes: installed.bytes / 1e6,
      packages: installed.packages,
    };
    return [{ name, values, fault: null }];
  },
};

async function startOnce(bin: string, signal: AbortSignal) {
  const begun = performance.now();
  const child = spawn(process.execPath, [bin, 'serve', '--port', '0', '--source', 'demo'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  });
  const exit = once(child, 'exit');
  const [output] = await once(child.stdout, 'data');
  const url = /http:\/\/\S+\/graphql/.exec(String(output))?.[0];
  const answer = await fetch(`${url}?query={session{verdict{state}}}`);
  if (!answer.ok) throw new Error(`expected status 200 from ${url}, got ${answer.status}`);
  await answer.text();
  const elapsed = performance.now() - begun;
  const cpu = readCpuMicros(child.pid ?? 0) / 1_000;
  child.kill('SIGKILL');
  await exit;
  return { cpu, elapsed };
}
