import { mkdir, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

/** Path of a file in the packages of `test/peers`. */
export function peerPath(path: string): string {
  return fileURLToPath(new URL(`../../peers/node_modules/${path}`, import.meta.url));
}

/** Creates an empty folder whose programs can import the peers, and the built project as `tilt-graphql`. */
export async function createPeerFolder(): Promise<TemporaryFolder> {
  const parent = peerPath('.cache/tests');
  await mkdir(parent, { recursive: true });
  const folder = await createTemporaryFolder(parent);
  await mkdir(folder.file('node_modules'));
  await symlink(
    fileURLToPath(new URL('../../..', import.meta.url)),
    folder.file('node_modules/tilt-graphql'),
  );
  return folder;
}
