import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { collectLicenses } from './licenses.js';

/** Bundles the dashboard into `dist/dashboard/`, which the gateway serves. */
const root = new URL('../', import.meta.url);
const source = new URL('src/dashboard/', root);
const out = new URL('dist/dashboard/', root);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const { metafile } = await build({
  absWorkingDir: fileURLToPath(root),
  entryPoints: ['main.tsx', 'early.ts', 'styles/main.css'].map((file) =>
    fileURLToPath(new URL(file, source)),
  ),
  tsconfig: fileURLToPath(new URL('tsconfig.json', source)),
  outdir: fileURLToPath(new URL('assets', out)),
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  // The first versions with the CSS function light-dark() and with :has(); documented in docs/dashboard.md.
  target: ['chrome123', 'firefox121', 'safari17.5'],
  legalComments: 'none',
  metafile: true,
});

const licenses = await collectLicenses(metafile, root);
const licensesFile = `assets/LICENSES-${createHash('sha256').update(licenses).digest('hex').slice(0, 8)}.txt`;
await writeFile(new URL(licensesFile, out), licenses);

/** File of each entry point as a relative URL, so that the page works below any path. */
const assets = new Map([
  ...Object.entries(metafile.outputs).map(([path, { entryPoint = '' }]): [string, string] => [
    entryPoint.slice(entryPoint.lastIndexOf('/') + 1),
    `assets/${path.slice(path.lastIndexOf('/') + 1)}`,
  ]),
  ['LICENSES.txt', licensesFile],
]);

const page = await readFile(new URL('index.html', source), 'utf8');
await writeFile(
  new URL('index.html', out),
  page.replaceAll(/\{\{(.+?)\}\}/g, (_, entry) => findAsset(entry)),
);

function findAsset(entry: string): string {
  const asset = assets.get(entry);
  if (asset === undefined)
    throw new Error(`index.html uses ${entry}, which is not an entry point of the bundle.`);
  return asset;
}
