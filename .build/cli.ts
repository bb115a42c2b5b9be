import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { isRecord } from '../src/lib/is-record.js';

/**
 * Bundles the program into `dist/bin/`, with what it depends on. It is made of some 900 small files: finding, opening and
 * linking them was two thirds of its start. What is needed for one feature stays a file of its own, loaded on use.
 */
const root = new URL('../', import.meta.url);
const out = new URL('dist/bin/', root);

await rm(out, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: fileURLToPath(root),
  entryPoints: { 'tilt-graphql': 'src/cli/bin.ts' },
  // As deep below the root as the compiled files: `schema.graphql` and the dashboard are found from there.
  outdir: fileURLToPath(out),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // As in Node.js itself, so that there is one graphql-js.
  mainFields: ['main', 'module'],
  // Of GraphiQL the library has 9 MB already; the others are the user's to install, or to leave out.
  external: ['@graphql-yoga/render-graphiql', 'bufferutil', 'utf-8-validate'],
  banner: {
    js: "import { createRequire as bundledRequire } from 'node:module'; const require = bundledRequire(import.meta.url);",
  },
  legalComments: 'none',
  metafile: true,
});

await writeFile(new URL('LICENSES.txt', out), await licensesOf(metafile));

/** The licences of the packages in a bundle, which each asks to be kept with its code. */
async function licensesOf({ inputs }: Metafile): Promise<string> {
  const folders = Object.keys(inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(path) ?? [],
  );
  const texts = [...new Set(folders)].sort().map(licenseIn);
  return [...new Set(await Promise.all(texts))].join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenseIn(folder: string): Promise<string> {
  const files = await readdir(new URL(folder, root));
  const file = files.find((name) => /^licen[cs]e/i.test(name));
  const manifest: unknown = JSON.parse(await readFile(new URL(`${folder}package.json`, root), 'utf8'));
  const { name, version, license } = {
    name: folder,
    version: '',
    license: 'no licence',
    ...(isRecord(manifest) && manifest),
  };
  const text = file ? await readFile(new URL(`${folder}${file}`, root), 'utf8') : '';
  return `${name} ${version} (${license})\n\n${text}`;
}
