import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { clientOptions, clientOptionsOf } from '../../src/cli/client-options.js';
import { addOptions } from '../../src/cli/options.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

/** What the client is told after this command line. */
function optionsOf(args: readonly string[], env: Record<string, string> = {}) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const { client } = addOptions(command, { client: clientOptions });
  command.parse(args, { from: 'user' });
  return clientOptionsOf(client, env);
}

describe('the address of a gateway', () => {
  it.each([
    ['http://gateway:4000', 'http://gateway:4000/graphql'],
    ['http://gateway:4000/', 'http://gateway:4000/graphql'],
    ['https://gateway/tilt', 'https://gateway/tilt/graphql'],
    ['https://gateway/tilt/graphql/', 'https://gateway/tilt/graphql'],
  ])('%s is %s', async (text, expected) => {
    expect(await optionsOf(['--url', text])).toEqual({ urls: [expected] });
  });

  it('may be several, given one by one or apart by commas', async () => {
    const args = ['--url', 'http://a, http://b', '--url', 'http://c'];
    expect((await optionsOf(args)).urls).toEqual([
      'http://a/graphql',
      'http://b/graphql',
      'http://c/graphql',
    ]);
    expect((await optionsOf([])).urls).toEqual(['http://127.0.0.1:4000/graphql']);
  });

  it.each(['gateway:4000', 'ws://gateway', '/graphql', 'http://'])('is not %s', (text) => {
    expect(() => optionsOf(['--url', text])).toThrow(/is invalid\. Expected an address such as/);
  });
});

describe('the token', () => {
  it('comes from the link that serve prints, and leaves the address', async () => {
    expect(await optionsOf(['--url', 'http://a/graphql?token=in-the-link'])).toEqual({
      urls: ['http://a/graphql'],
      token: 'in-the-link',
    });
  });

  it('comes from the environment before the link', async () => {
    const { token } = await optionsOf(['--url', 'http://a?token=x'], { TILT_GRAPHQL_TOKEN: ' known\n' });
    expect(token).toBe('known');
  });

  it('is read anew for each connection from a file, and stays where that is gone', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('token', 'first\n');
    const { token } = await optionsOf(['--token-file', folder.file('token')]);
    if (typeof token !== 'function') throw new Error('Expected a function');
    expect(await token()).toBe('first');
    await folder.write('token', 'second');
    expect(await token()).toBe('second');
    await folder.write('token', 'two words');
    expect(await token()).toBe('second');
    await folder.remove('token');
    expect(await token()).toBe('second');
  });

  it.each([
    ['', /one word/],
    ['two words', /one word/],
  ])('is not %j', async (content, expected) => {
    await using folder = await createTemporaryFolder();
    await folder.write('token', content);
    await expect(optionsOf(['--token-file', folder.file('token')])).rejects.toThrow(expected);
  });
});
