import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runCliToEnd } from '../support/cli.js';
import { type CliClients, startCliClients } from '../support/cli-client.js';
import { completeInFish, openCompletionShell } from '../support/completion-shell.js';
import { sessionJson } from '../support/session-json.js';

/** A target name that a shell would execute if it evaluated it. */
const HOSTILE = '$(touch hacked)`touch hacked`:serve';
const STATE = { active: { startTime: '2026-11-22T11:00:00Z', ready: true, lastReadyTime: null } };

/** Publishes some targets. Returns the environment for commands that query the gateway. */
async function startTargets(clients: CliClients): Promise<Record<string, string>> {
  const resources = ['api-10', 'api-2', 'my app', 'api'];
  const targets = ['api:serve', 'api:update', 'web:serve', HOSTILE].map((name, index) => {
    return { name, type: 'server', resources: resources.slice(index, index + 1), state: STATE };
  });
  await clients.put(sessionJson({ uid: 'one', targets }));
  return { TILT_GRAPHQL_URL: clients.gateway.origin };
}

describe('tilt-graphql complete', () => {
  it.each<[line: readonly string[], words: readonly string[]]>([
    [['wa'], ['watch', 'wait']],
    [['wait', '--ma'], ['--max-age']],
    [
      ['wait', '--for', ''],
      ['ready', 'done', 'target:'],
    ],
    [['wait', '-f', 'r'], ['ready']],
    [['wait', '--for=d'], ['--for=done']],
    [['wait', '--for', 'target:api:s'], ['target:api:serve=']],
    [
      ['wait', '--for', 'target:api:serve=RE'],
      ['target:api:serve=RETRYING', 'target:api:serve=READY'],
    ],
    [['wait', '--for', 'target:a=b=RU'], ['target:a=b=RUNNING']],
    [['wait', '--session', ''], ['tilt-default/Tiltfile']],
    [['watch', '-s', 'tilt'], ['tilt-default/Tiltfile']],
    [['wait', '-s', 'tilt-default/Tiltfile', '--for', 'target:w'], ['target:web:serve=']],
    [['wait', '-s', 'nope', '--for', 'target:w'], []],
    [['wait', '--url', 'nonsense', '--for', 'target:w'], []],
    [['wait', '--url', 'http://127.0.0.1:1', '--for', 'target:w'], []],
    [
      ['watch', '--filter', ''],
      ['name=', 'phase=', 'type=', 'resource=', 'label='],
    ],
    [['watch', '-f', 'phase=FAILED,UN'], ['phase=FAILED,UNTRIGGERED']],
    [['watch', '--filter=type=S'], ['--filter=type=SERVER']],
    [['watch', '-f', 'name=api:s'], ['name=api:serve']],
    [
      ['watch', '-f', 'resource='],
      ['resource=api', 'resource=api-2', 'resource=api-10', 'resource="my app"'],
    ],
    [['wait', '--for', 'target:api:serve=UN'], ['target:api:serve=UNTRIGGERED']],
    [['serve', '--log-level', 'de'], ['debug']],
    [
      ['--log-format', ''],
      ['text', 'json'],
    ],
    [
      ['query', '--output', 't'],
      ['table', 'template'],
    ],
    [['completion', 'f'], ['fish']],
    [['help', 'que'], ['query']],
    [['serve', 'w'], []],
    [['wait', '--junit', 'rep'], []],
    [['publish', '--', 'ti'], []],
  ])('completes %j with the words %j', async (line, words) => {
    await using clients = await startCliClients();
    const env = await startTargets(clients);
    const { code, stdout, stderr } = await runCliToEnd(['complete', '--', ...line], env);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, -1).map((answer) => answer.split('\t')[0])).toEqual(words);
    expect(lines.at(-1)).toMatch(/^:[046]$/);
  });
});

describe.each(['bash', 'zsh'] as const)('shell completion in %s', (shell) => {
  it('completes commands, options, files and names with colons in a shell without configuration', async () => {
    await using clients = await startCliClients();
    await using terminal = await openCompletionShell(shell, await startTargets(clients));
    await terminal.complete('tilt-graphql compl', /tilt-graphql completion$/);
    await terminal.complete('tilt-graphql wait --ma', /tilt-graphql wait --max-age$/);
    await terminal.complete('tilt-graphql wait --junit rep', /tilt-graphql wait --junit report\.xml$/);
    await terminal.complete('tilt-graphql wait --for tar', /tilt-graphql wait --for target:$/);
    await terminal.complete('tilt-graphql wait --for=tar', /tilt-graphql wait --for=target:$/);
    await terminal.complete('tilt-graphql wait --for target:w', /tilt-graphql wait --for target:web:serve=$/);
    await terminal.complete('tilt-graphql wait --for target:api:s', /.* target:api:serve=$/);
    await terminal.complete('tilt-graphql wait --for target:api:serve=REA', /.* target:api:serve=READY$/);
    await terminal.complete(
      'tilt-graphql wait --for=target:api:serve=F',
      /.* --for=target:api:serve=FAILED$/,
    );
    await terminal.complete('tilt-graphql watch -s ti', /tilt-graphql watch -s tilt-default\/Tiltfile$/);
  });

  it('never evaluates typed words or target names', async () => {
    await using clients = await startCliClients();
    await using terminal = await openCompletionShell(shell, await startTargets(clients));
    for (const word of ['$(touch hacked)', '`touch hacked`', '"$(touch hacked)', "'; touch hacked; '"]) {
      await terminal.pressTab(`tilt-graphql wait --for=${word}`);
      await terminal.pressTab(`tilt-graphql wait ${word} --ma`);
    }
    // Tab inserts the name with all characters escaped that the shell would evaluate.
    await terminal.complete(
      String.raw`tilt-graphql wait --for target:\$`,
      /tilt-graphql wait --for target:\\\$\\\(touch\\ hacked\\\)\\`touch\\ hacked\\`:serve=?$/,
    );
    // A shell may write its own files there, such as a completion cache.
    expect(await readdir(terminal.folder.path)).not.toContain('hacked');
  });
});

describe('shell completion in fish', () => {
  it.each<[line: string, words: readonly string[]]>([
    ['tilt-graphql compl', ['completion']],
    ['tilt-graphql wait --ma', ['--max-age']],
    ['tilt-graphql wait --junit rep', ['report.xml']],
    ['tilt-graphql wait --junit=rep', ['--junit=report.xml']],
    ['tilt-graphql wait --for target:api:', ['target:api:serve=', 'target:api:update=']],
    ['tilt-graphql wait --for=target:api:serve=REA', ['--for=target:api:serve=READY']],
    ['tilt-graphql wait --for $(touch hacked)', []],
    ['tilt-graphql wait (touch hacked) --ma', ['--max-age']],
  ])('completes "%s" with the words %j and evaluates nothing', async (line, words) => {
    await using clients = await startCliClients();
    const offered = await completeInFish(line, await startTargets(clients));
    expect(offered).toEqual({ words, files: ['report.xml', 'tilt-graphql'] });
  });
});

describe('tilt-graphql completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s', async (shell) => {
    const { code, stdout, stderr } = await runCliToEnd(['completion', shell]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('tilt-graphql complete ');
  });

  it('rejects an unknown shell with one line and exit code 2', async () => {
    const { code, stdout, stderr } = await runCliToEnd(['completion', 'csh']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^tilt-graphql: .*'csh' is invalid.*bash, zsh, fish, powershell\.\n$/);
  });
});
