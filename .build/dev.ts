import { stat, utimes } from 'node:fs/promises';

// `npm run dev` runs this script after each change. It regenerates the types when their sources are newer,
// and starts the gateway from its sources.

const SOURCES = ['schema.graphql', 'src/client/documents.graphql', 'src/graphql/enums.ts', 'codegen.ts'];
const GENERATED = ['src/graphql/generated.ts', 'src/client/generated.ts'];

if (
  Math.max(...(await readModificationTimes(SOURCES))) > Math.min(...(await readModificationTimes(GENERATED)))
) {
  const [{ generate }, { default: config }] = await Promise.all([
    import('@graphql-codegen/cli'),
    import('../codegen.js'),
  ]);
  await generate(config);
  // The generator does not touch a file whose content stays the same.
  const now = new Date();
  for (const file of GENERATED) await utimes(file, now, now);
}

await import('../src/cli/bin.js');

/** Modification time of each file in milliseconds; 0 for a file that does not exist. */
function readModificationTimes(files: readonly string[]): Promise<number[]> {
  return Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
}
