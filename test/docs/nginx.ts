import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { vi } from 'vitest';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { freePort } from './free-port.js';

/** An nginx that runs. Ends at the end of its block (`await using`). */
export interface Nginx extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
}

/** Starts nginx on a free port with a page's lines in its `http` block, in front of the server at `origin`. */
export async function startNginx(lines: string, origin: string): Promise<Nginx> {
  const folder = await createTemporaryFolder();
  const port = await freePort();
  const own = lines
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replace('127.0.0.1:4000', new URL(origin).host);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder.file(name)};`,
  );
  const http = `http { access_log off; ${temporary.join(' ')}\n${own}\n}\n`;
  await folder.write(
    'nginx.conf',
    `daemon off; pid ${folder.file('pid')}; error_log stderr; events {} ${http}`,
  );
  const child = spawn('nginx', ['-p', folder.path, '-c', folder.file('nginx.conf'), '-e', 'stderr']);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const nginx: Nginx = {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = child.exitCode === null ? once(child, 'close') : null;
      child.kill();
      await closed;
      await folder[Symbol.asyncDispose]();
    },
  };
  const answers = () =>
    fetch(nginx.origin).catch(() => Promise.reject(new Error(`nginx is silent: ${said}`)));
  try {
    await vi.waitFor(answers, { timeout: 10_000 });
  } catch (error) {
    await nginx[Symbol.asyncDispose]();
    throw error;
  }
  return nginx;
}
