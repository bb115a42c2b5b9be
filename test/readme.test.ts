import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { addPublishOptions } from '../src/cli/publish-options.js';
import { addQueryOptions } from '../src/cli/query/query-options.js';
import { addServeOptions } from '../src/cli/serve-options.js';
import { addWaitOptions } from '../src/cli/wait/wait-options.js';
import { addWatchOptions } from '../src/cli/watch/watch-options.js';
import { LIMIT_CODES } from '../src/graphql/limits.js';
import { typeDefs } from '../src/graphql/schema.js';
import { DEFAULT_LIMITS } from '../src/transport/limits.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** Its part on the commands that ask a gateway. */
const commands = readFileSync(new URL('../docs/commands.md', import.meta.url), 'utf8');

describe('the README', () => {
  const blocks = [...readme.matchAll(/```graphql\n(.*?)```/gs)].map(([, text = '']) => text);

  it.each(blocks)('shows a document that is valid: %s', (text) => {
    expect(validate(buildSchema(typeDefs), parse(text))).toEqual([]);
  });

  it('has both commands on its first screen', () => {
    const screen = readme.split('\n').slice(0, 12).join('\n');
    expect(screen).toContain('npm ci && npm start');
    expect(screen).toContain('npm ci && npm test');
  });

  it('lists every limit with its default and what comes beyond it', () => {
    for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
      expect(readme).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${value.toLocaleString('en-US')} `, 'm'));
    }
    for (const code of Object.values(LIMIT_CODES)) expect(readme).toContain(`\`${code}\``);
  });

  it('lists every option and variable', () => {
    const options = [
      addServeOptions,
      addPublishOptions,
      addWatchOptions,
      addWaitOptions,
      addQueryOptions,
    ].flatMap((add) => add(new Command()).options);
    const table = readme.slice(readme.indexOf('## Many machines')) + commands;
    for (const { long, envVar } of options) {
      expect(table).toMatch(new RegExp(`\`(-\\w, )?${long}[ \`]`));
      if (envVar) expect(table).toContain(`\`${envVar}\``);
    }
  });
});
