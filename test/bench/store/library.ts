import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Functions of the built gateway that are measured by themselves. */
export type Library = Pick<typeof import('../../../src/store/store.js'), 'createStore'> &
  Pick<typeof import('../../../src/index.js'), 'decodeSession' | 'systemClock'>;

/** Loads the library. The process runs in the project's root. */
export async function loadLibrary(): Promise<Library> {
  const { decodeSession, systemClock }: Library = await import(built('index.js'));
  const { createStore }: Library = await import(built('store/store.js'));
  return { decodeSession, systemClock, createStore };
}

function built(file: string): string {
  return pathToFileURL(resolve('dist', file)).href;
}
