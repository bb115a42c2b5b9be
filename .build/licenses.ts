import { readdir, readFile } from 'node:fs/promises';
import type { Metafile } from 'esbuild';
import { isRecord } from '../src/lib/is-record.js';

/**
 * Collects the licenses of the packages in a bundle, which must be distributed with their code.
 *
 * @param root URL of the folder to which the paths of the bundle are relative
 */
export async function collectLicenses({ inputs }: Metafile, root: URL): Promise<string> {
  const folders = Object.keys(inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(path) ?? [],
  );
  const texts = [...new Set(folders)].sort().map((folder) => readLicense(folder, root));
  return [...new Set(await Promise.all(texts))].join(`\n${'-'.repeat(80)}\n\n`);
}

async function readLicense(folder: string, root: URL): Promise<string> {
  const files = await readdir(new URL(folder, root));
  const file = files.find((name) => /^licen[cs]e/i.test(name));
  const manifest: unknown = JSON.parse(await readFile(new URL(`${folder}package.json`, root), 'utf8'));
  const { name, version, license } = {
    name: folder,
    version: '',
    license: 'no license',
    ...(isRecord(manifest) && manifest),
  };
  const text = file ? await readFile(new URL(`${folder}${file}`, root), 'utf8') : '';
  return `${name} ${version} (${license})\n\n${text}`;
}
