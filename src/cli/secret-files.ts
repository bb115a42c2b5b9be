import { stat } from 'node:fs/promises';
import type { Log } from '../lib/log.js';
import type { PublishFlags } from './options/publish.js';

/**
 * Permissions of users who are neither the owner of a file nor in its group. Those of the group do not
 * count: Kubernetes mounts a Secret with the group of `fsGroup`, and systemd and Docker give a service its
 * own group.
 */
const OTHERS = 0o007;

/**
 * Logs one warning for each of these files that every user of the machine can access. Files that do not
 * exist, pipes and folders are left out, and all files on Windows, where the mode does not limit access.
 *
 * @param files path by option; undefined if the option is not given
 */
export async function warnOfOpenSecrets(
  files: Readonly<Record<string, string | undefined>>,
  log: Log,
  platform: NodeJS.Platform = process.platform,
): Promise<void> {
  if (platform === 'win32') return;
  for (const [option, path] of Object.entries(files)) {
    const mode = path === undefined ? null : await readMode(path);
    if (mode === null || (mode & OTHERS) === 0) continue;
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    log(
      'warn',
      `${option} ${path}: every user of this machine can access this secret (mode ${shown}); run: chmod o= ${path}`,
    );
  }
}

async function readMode(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? found.mode : null;
}

/** Returns the files with secrets among the NATS credentials, for {@link warnOfOpenSecrets}. */
export function natsSecrets({
  creds,
  nkey,
  tlsKey,
}: PublishFlags['credentials']): Readonly<Record<string, string | undefined>> {
  return { '--nats-creds': creds, '--nats-nkey': nkey, '--nats-tls-key': tlsKey };
}
