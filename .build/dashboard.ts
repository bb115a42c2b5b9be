import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles the dashboard into `dist/dashboard/`, from where the gateway serves it. */
const source = new URL('../src/dashboard/', import.meta.url);
const out = new URL('../dist/dashboard/', import.meta.url);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const { metafile } = await build({
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
  target: ['chrome109', 'firefox115', 'safari16.4'],
  legalComments: 'none',
  metafile: true,
});

/** The file of each entry, as the page asks for it: relative, so that it works below any path. */
const assets = new Map(
  Object.entries(metafile.outputs).map(([path, { entryPoint = '' }]) => [
    entryPoint.slice(entryPoint.lastIndexOf('/') + 1),
    `assets/${path.slice(path.lastIndexOf('/') + 1)}`,
  ]),
);

const page = await readFile(new URL('index.html', source), 'utf8');
await writeFile(
  new URL('index.html', out),
  page.replaceAll(/\{\{(.+?)\}\}/g, (_, entry) => assetOf(entry)),
);

function assetOf(entry: string): string {
  const asset = assets.get(entry);
  if (asset === undefined) throw new Error(`index.html names ${entry}, which is no entry of the bundle.`);
  return asset;
}
