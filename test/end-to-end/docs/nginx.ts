import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { connect } from 'node:net';
import { vi } from 'vitest';
import { findFreePort } from '../../support/free-port.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import type { KeyPair } from '../../support/tls.js';

/** A running nginx. Stops at the end of the `await using` block. */
export interface Nginx extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, or https with TLS. */
  readonly origin: string;
}

/** Additions to the configuration of a page. */
export interface NginxOptions {
  /** Serves TLS. Default: plain HTTP. */
  readonly tls?: KeyPair;
  /** Requires this login (basic authentication). Default: none. */
  readonly login?: { readonly username: string; readonly password: string };
}

/**
 * Starts nginx on a free port in front of the server at `origin`. `lines` is the content of the `http` block.
 */
export async function startNginx(
  lines: string,
  origin: string,
  { tls, login }: NginxOptions = {},
): Promise<Nginx> {
  const folder = await createTemporaryFolder();
  const port = await findFreePort();
  const scheme = tls ? 'https' : 'http';
  const extra: string[] = [];
  if (tls) {
    await folder.write('cert.pem', tls.cert);
    await folder.write('key.pem', tls.key);
    extra.push(`ssl_certificate ${folder.file('cert.pem')}; ssl_certificate_key ${folder.file('key.pem')};`);
  }
  if (login) {
    await folder.write('users', `${login.username}:{PLAIN}${login.password}\n`);
    await chmod(folder.path, 0o755);
    extra.push(`auth_basic "board"; auth_basic_user_file ${folder.file('users')};`);
  }
  const own = lines
    .replace('listen 80;', `listen 127.0.0.1:${port}${tls ? ' ssl' : ''}; ${extra.join(' ')}`)
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
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const nginx: Nginx = {
    origin: `${scheme}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = child.exitCode === null ? once(child, 'close') : null;
      child.kill();
      await closed;
      await folder[Symbol.asyncDispose]();
    },
  };
  const answers = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect').catch(() =>
      Promise.reject(new Error(`nginx does not accept connections: ${errors}`)),
    );
    socket.destroy();
  };
  try {
    await vi.waitFor(answers, { timeout: 20_000 });
  } catch (error) {
    await nginx[Symbol.asyncDispose]();
    throw error;
  }
  return nginx;
}
