import { stat, utimes } from 'node:fs/promises';

// `npm run dev` runs this again after each change: it regenerates the types if their sources are newer than they are, then
// starts the gateway from its sources.

const SOURCES = ['schema.graphql', 'src/client/documents.graphql', 'src/graphql/enums.ts', 'codegen.ts'];
const GENERATED = ['src/graphql/generated.ts', 'src/client/generated.ts'];

if (Math.max(...(await modifiedAt(SOURCES))) > Math.min(...(await modifiedAt(GENERATED)))) {
  const [{ generate }, { default: config }] = await Promise.all([
    import('@graphql-codegen/cli'),
    import('../codegen.js'),
  ]);
  await generate(config);
  // The generator leaves a file as it is when its content stays the same.
  const now = new Date();
  for (const file of GENERATED) await utimes(file, now, now);
}

await import('../src/cli/bin.js');

/** When each file was last modified, in milliseconds; 0 for a file that does not exist. */
function modifiedAt(files: readonly string[]): Promise<number[]> {
  return Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
}
