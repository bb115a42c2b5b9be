import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toClientOptions } from '../../src/cli/gateway-client.js';
import { clientOptions } from '../../src/cli/options/client.js';
import { addOptions } from '../../src/cli/options/option.js';
import type { ClientOptions } from '../../src/client/client.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

/** Client options of a command line. Commander reads environment variables of the process. */
function optionsOf(args: readonly string[], env: Record<string, string> = {}) {
  vi.unstubAllEnvs();
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const { client } = addOptions(command, { client: clientOptions });
  command.parse(args, { from: 'user' });
  return toClientOptions(client, env);
}

async function readToken(token: ClientOptions['token']): Promise<string | undefined> {
  return typeof token === 'function' ? token() : token;
}

afterEach(() => vi.unstubAllEnvs());

describe('gateway URL of a client command', () => {
  it.each([
    ['http://gateway:4000', 'http://gateway:4000/graphql'],
    ['http://gateway:4000/', 'http://gateway:4000/graphql'],
    ['https://gateway/tilt', 'https://gateway/tilt/graphql'],
    ['https://gateway/tilt/graphql/', 'https://gateway/tilt/graphql'],
  ])('--url %s connects to %s', async (text, expected) => {
    expect(await optionsOf(['--url', text])).toEqual({ urls: [expected] });
  });

  it('several gateway URLs can be repeated options or separated by commas', async () => {
    const args = ['--url', 'http://a, http://b', '--url', 'http://c'];
    expect((await optionsOf(args)).urls).toEqual([
      'http://a/graphql',
      'http://b/graphql',
      'http://c/graphql',
    ]);
    expect((await optionsOf([])).urls).toEqual(['http://127.0.0.1:4000/graphql']);
  });

  it.each(['gateway:4000', 'ws://gateway', '/graphql', 'http://'])('--url rejects %s', (text) => {
    expect(() => optionsOf(['--url', text])).toThrow(/is invalid\. Expected a URL such as/);
  });
});

describe('token of a client command', () => {
  it('the client takes the token from a link that serve printed and removes it from the URL', async () => {
    expect(await optionsOf(['--url', 'http://a/graphql?token=in-the-link'])).toEqual({
      urls: ['http://a/graphql'],
      token: 'in-the-link',
    });
  });

  it('a token with a plus sign works in a link that does not encode it', async () => {
    const { token } = await optionsOf(['--url', 'http://a/graphql?token=base64+of+the/tests']);
    expect(token).toBe('base64+of+the/tests');
  });

  it('a token in a link of the command line takes precedence over the environment', async () => {
    const env = {
      TILT_GRAPHQL_TOKEN: 'other',
      TILT_GRAPHQL_TOKEN_FILE: 'no-such-file',
      TILT_GRAPHQL_URL: 'http://b?token=other',
    };
    expect((await optionsOf(['--url', 'http://a?token=own'], env)).token).toBe('own');
    const invalid = { ...env, TILT_GRAPHQL_URL: 'b' };
    expect((await optionsOf(['--url', 'http://a?token=own'], invalid)).token).toBe('own');
  });

  it('--token-file takes precedence over a token in a link', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('token', 'in-the-file');
    const args = ['--url', 'http://a?token=x', '--token-file', folder.file('token')];
    const { token } = await optionsOf(args, { TILT_GRAPHQL_TOKEN: 'other' });
    expect(await readToken(token)).toBe('in-the-file');
  });

  it('a link with the same token for each gateway is accepted', async () => {
    expect(await optionsOf(['--url', 'http://a?token=x,http://b?token=x'])).toEqual({
      urls: ['http://a/graphql', 'http://b/graphql'],
      token: 'x',
    });
  });

  it.each([
    ['http://a?token=token-of-a,http://b?token=token-of-b', {}],
    ['http://a?token=token-of-a,http://b', {}],
    ['http://a,http://b?token=token-of-b', { TILT_GRAPHQL_TOKEN: 'other' }],
  ])('a token is not sent to the gateway of another link: %s', async (links, env) => {
    const expected = /^--url: expected the same token in every link, since all gateways receive it;/;
    await expect(optionsOf(['--url', links], env)).rejects.toThrow(expected);
  });

  it('links of the environment must have the same token unless another token is given', async () => {
    const env = { TILT_GRAPHQL_URL: 'http://a?token=token-of-a,http://b' };
    await expect(optionsOf([], env)).rejects.toThrow(/expected the same token in every link/);
    expect((await optionsOf([], { ...env, TILT_GRAPHQL_TOKEN: 'shared' })).token).toBe('shared');
  });

  it('the token in the environment belongs to a link without a token', async () => {
    const { token } = await optionsOf(['--url', 'http://a'], { TILT_GRAPHQL_TOKEN: ' known\n' });
    expect(token).toBe('known');
  });

  it('of the environment, the token file comes first, then the token, then a link', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('token', 'in-the-file');
    const env: Record<string, string> = {
      TILT_GRAPHQL_TOKEN_FILE: folder.file('token'),
      TILT_GRAPHQL_TOKEN: 'known',
      TILT_GRAPHQL_URL: 'http://a?token=in-the-link',
    };
    for (const expected of ['in-the-file', 'known', 'in-the-link']) {
      expect(await readToken((await optionsOf([], env)).token)).toBe(expected);
      delete env[Object.keys(env)[0] ?? ''];
    }
  });

  it('the client reads --token-file for each connection and keeps the last token while the file is missing', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('token', 'first\n');
    const { token } = await optionsOf(['--token-file', folder.file('token')]);
    expect(await readToken(token)).toBe('first');
    await folder.write('token', 'second');
    expect(await readToken(token)).toBe('second');
    await folder.write('token', 'two words');
    expect(await readToken(token)).toBe('second');
    await folder.remove('token');
    expect(await readToken(token)).toBe('second');
  });

  it.each([
    ['', /one word/],
    ['two words', /one word/],
  ])('the client rejects the token %j', async (content, expected) => {
    await using folder = await createTemporaryFolder();
    await folder.write('token', content);
    await expect(optionsOf(['--token-file', folder.file('token')])).rejects.toThrow(expected);
  });
});
