import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.js';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/architecture.md', root), 'utf8');

/** Packages in the table of the page, with time of loading and way of distribution. */
const table = page
  .slice(page.indexOf('## Dependencies'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => {
    const [, names = '', , when = '', comes = ''] = line.split('|').map((cell) => cell.trim());
    return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ name, when, comes }));
  });

/** The compiled program. In the bundle the origin of a module would not be visible. */
const UNBUNDLED = new URL('dist/cli/bin.js', root).pathname;

/** Module loader that prints each imported module to standard error. */
const LOADER = `export async function load(url, context, next) { process._rawDebug('loads ' + url); return next(url, context); }`;
const REGISTER = `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(LOADER)}));`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(REGISTER)}`;

/** Returns the packages that a command has loaded when its output matches. */
async function listLoadedPackages(args: readonly string[], pattern: RegExp): Promise<string[]> {
  await using command = runCli(args, { NODE_OPTIONS }, UNBUNDLED);
  await command.until(pattern);
  const found = command.stderr.matchAll(/^loads file:.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//gm);
  return [...new Set([...found].map(([, name = '']) => name))];
}

describe('dependencies', () => {
  it('docs/architecture.md lists each dependency with its reason', () => {
    const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    const coming = (how: string) => table.filter(({ comes }) => comes === how).map(({ name }) => name);
    expect(coming('installed').sort()).toEqual(Object.keys(manifest.dependencies).sort());
    expect(coming('by its users').sort()).toEqual(Object.keys(manifest.peerDependencies).sort());
    expect(Object.keys(manifest.devDependencies)).toEqual(expect.arrayContaining(coming('bundled')));
    expect(table.map(({ comes }) => comes)).not.toContain('');
  });

  it('serve loads all dependencies except those of optional features', async () => {
    const loaded = await listLoadedPackages(['--port', '0', '--source', 'demo'], /listens on/);
    expect(loaded).toContain('graphql-yoga');
    expect(table.filter(({ name, when }) => when === 'on use' && loaded.includes(name))).toEqual([]);
  });

  it('commands that do not serve load no server dependencies', async () => {
    expect(await listLoadedPackages(['wait', '--help'], /--junit/)).toEqual([
      'commander',
      'strip-ansi',
      'ansi-regex',
    ]);
  });
});
