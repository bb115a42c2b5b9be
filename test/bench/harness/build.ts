import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));

/**
 * Output folder of the build: inside `node_modules`, so that `npm ci` deletes it and Node resolves the peers.
 */
export const builtFolder = `${here}node_modules/.built`;

/**
 * Compiles everything that runs in child processes to plain JavaScript. Measured processes run without a
 * loader: one that translates TypeScript wraps every function to keep its name, and stays in the process.
 */
export async function buildProcesses(): Promise<void> {
  const entries = await Promise.all(['servers', 'clients', 'store'].map(sourcesIn));
  await build({
    entryPoints: entries.flat(),
    outdir: builtFolder,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
}

async function sourcesIn(folder: string): Promise<string[]> {
  const files = await readdir(`${here}${folder}`);
  return files.filter((file) => file.endsWith('.ts')).map((file) => `${here}${folder}/${file}`);
}
