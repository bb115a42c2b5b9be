import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));

/** Where what was built lies: where `npm ci` clears it away, and where Node finds the peers. */
export const builtFolder = `${here}node_modules/.built`;

/**
 * Makes plain JavaScript of what runs in processes of its own. What is measured runs without a loader: one that
 * translates TypeScript wraps every function to keep its name, and stays in the process.
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
