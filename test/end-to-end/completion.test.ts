import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BIN, runCliToEnd } from '../support/cli.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const run = promisify(execFile);

describe('tilt-graphql completion', () => {
  /** What a real bash makes of a line when Tab is pressed at its end. */
  async function completeInBash(line: string): Promise<string[]> {
    await using folder = await createTemporaryFolder();
    await folder.write('tilt-graphql', `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
    await chmod(folder.file('tilt-graphql'), 0o755);
    await folder.write('report.xml', '');
    await folder.write('complete.sh', SCRIPT);
    const { stdout } = await run('bash', ['--norc', folder.file('complete.sh'), line], {
      cwd: folder.path,
      env: { PATH: `${folder.path}:${process.env.PATH}`, HOME: folder.path },
    });
    return stdout.split('\n').filter((word) => word !== '');
  }

  it.each<[string, readonly string[]]>([
    ['tilt-graphql wa', ['watch', 'wait']],
    ['tilt-graphql wait --ma', ['--max-age']],
    ['tilt-graphql wait --for ', ['ready', 'done', 'target:']],
    ['tilt-graphql serve --log-level de', ['debug']],
    ['tilt-graphql --log-format ', ['text', 'json']],
    ['tilt-graphql query --output t', ['table', 'template']],
    ['tilt-graphql completion f', ['fish']],
    ['tilt-graphql help que', ['query']],
  ])('completes in bash: %s', async (line, expected) => {
    expect(await completeInBash(line)).toEqual(expected);
  });

  it('leaves the names of files to bash', async () => {
    expect(await completeInBash('tilt-graphql wait --junit rep')).toEqual(['(default)']);
    expect(await completeInBash('tilt-graphql wait --session rep')).toEqual([]);
  });

  it.each(['bash', 'zsh', 'fish', 'powershell'])('has a script for %s', async (shell) => {
    const { code, stdout, stderr } = await runCliToEnd(['completion', shell]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('tilt-graphql complete ');
  });

  it('answers a shell that it does not know with one line and exit code 2', async () => {
    const { code, stdout, stderr } = await runCliToEnd(['completion', 'csh']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^tilt-graphql: .*'csh' is invalid.*bash, zsh, fish, powershell\.\n$/);
  });
});

/**
 * Does what bash does: takes the line apart, calls the function, prints what it offers. `_get_comp_words_by_ref` is of the
 * package bash-completion, which not every machine has.
 */
const SCRIPT = `
_get_comp_words_by_ref() { cur=\${COMP_WORDS[COMP_CWORD]}; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
files=no
compopt() { [ "$*" = '+o default' ] && files=no; return 0; }
source <(tilt-graphql completion bash)
read -ra COMP_WORDS <<<"$1"
[ "\${1: -1}" = ' ' ] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
complete -p tilt-graphql | grep -q -- '-o default' && files=yes
__tilt_graphql_complete
printf '%s\\n' "\${COMPREPLY[@]}"
[ "\${#COMPREPLY[@]}" = 0 ] && [ "$files" = yes ] && echo '(default)'
exit 0
`;
