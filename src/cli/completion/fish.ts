/** Creates the completion script for fish 3 and newer. */
export function fishScript(name: string): string {
  const complete = `__${name.replaceAll('-', '_')}_complete`;
  return `# fish completion for ${name}
function ${complete}
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string unescape)
    set -l answer (${name} complete -- $words[2..-1] "$typed" 2>/dev/null)
    set -l candidates (string match -rv '^:|^$' -- $answer)
    if test (count $candidates) -gt 0
        printf '%s\\n' $candidates
    else if test "$answer[-1]" = :0
        # Of --option=path only the path is a file's name.
        set -l option (string match -r '^-[^=]*=' -- "$typed")
        string replace -r -- '^' "$option" (__fish_complete_path (string replace -r -- '^-[^=]*=' '' "$typed"))
    end
end
complete -c ${name} -e
complete -c ${name} -k -f -a '(${complete})'
`;
}
