import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { collectLicenses } from './licenses.js';

/**
 * Bundles the program with its dependencies into `dist/bin/`. They are about 900 small files; finding,
 * opening and linking them took two thirds of the start-up time. Dependencies of a single feature stay
 * separate files that are loaded on demand.
 */
const root = new URL('../', import.meta.url);
const out = new URL('dist/bin/', root);

await rm(out, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: fileURLToPath(root),
  entryPoints: { 'tilt-graphql': 'src/cli/bin.ts' },
  // Same depth below the root as the compiled files, which locate `schema.graphql` and the dashboard
  // relatively.
  outdir: fileURLToPath(out),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Same order as in Node.js, so that graphql-js is loaded once.
  mainFields: ['main', 'module'],
  // GraphiQL's library is a bundle of 9 MB already. The others are optional packages that users install.
  external: ['@graphql-yoga/render-graphiql', 'bufferutil', 'utf-8-validate'],
  banner: {
    js: "import { createRequire as bundledRequire } from 'node:module'; const require = bundledRequire(import.meta.url);",
  },
  legalComments: 'none',
  metafile: true,
});

await writeFile(new URL('LICENSES.txt', out), await collectLicenses(metafile, root));
