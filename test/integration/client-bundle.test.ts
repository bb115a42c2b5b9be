import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../dist/client/client.js', import.meta.url));
const OURS =
  /^dist\/(client\/|lib\/(async-iterable|backoff|errors|is-record)\.js|model\/(phase|plain-text)\.js)/;
const LIBRARIES = /(^|\/)node_modules\/(graphql-ws\/dist|strip-ansi|ansi-regex)\//;
/** Maximum size that a page can afford. */
const MAX_BYTES = 20_000;

describe('the client in a browser', () => {
  it('the browser bundle of the client is small and contains neither server code nor Node.js modules', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [ENTRY],
      bundle: true,
      platform: 'browser',
      // As where the package is installed. The project's own tsconfig.json maps imports to sources.
      tsconfigRaw: {},
      format: 'esm',
      minify: true,
      write: false,
      metafile: true,
    });
    const size = gzipSync(outputFiles[0]?.contents ?? '').length;
    console.log(`the client takes ${size} bytes with gzip`);
    expect(size).toBeLessThan(MAX_BYTES);
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((path) => !OURS.test(path) && !LIBRARIES.test(path))).toEqual([]);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
  });
});
