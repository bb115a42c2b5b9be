import { script } from '@bomb.sh/tab';

/**
 * Creates the completion script of a shell. The script calls the `complete` command of the program. Returns
 * an empty text for PowerShell, because the package with that script prints it itself.
 */
export function completionScript(shell: string, name: string): string {
  if (shell === 'bash') return bashScript(name);
  if (shell === 'zsh') return zshScript(name);
  if (shell === 'fish') return fishScript(name);
  script('powershell', name, name);
  return '';
}

/**
 * Script for bash 3.2 and newer. It needs no package and can be sourced twice. Typed words are passed on as
 * arguments and never evaluated: `$(…)` in a word stays text.
 */
function bashScript(name: string): string {
  const complete = `__${name.replaceAll('-', '_')}_complete`;
  return `# bash completion for ${name}
${complete}() {
    local rest=\${COMP_LINE:0:COMP_POINT} word cur i words=()
    # Bash splits words at colons and equal signs. Parts without a space in between are one argument.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        if [[ i -eq 0 || $rest == [[:space:]]* ]]; then
            words+=('')
            rest=\${rest#"\${rest%%[![:space:]]*}"}
        fi
        [[ $rest == "$word"* ]] || word=$rest
        rest=\${rest#"$word"}
        words[\${#words[@]} - 1]+=$word
    done
    cur=\${words[\${#words[@]} - 1]}

    local quote='' breaks='' prefix=''
    case $cur in
        ${QUOTES}*) quote=\${cur:0:1} ;;
    esac
    if [[ -z $quote ]]; then
        for i in : = @; do
            [[ $COMP_WORDBREAKS == *"$i"* ]] && breaks+=$i
        done
        [[ -n $breaks ]] && prefix=\${cur%"\${cur##*[$breaks]}"}
    fi

    local answer directive=0 value description
    words=("\${words[@]:1}")
    answer=$(${name} complete -- "\${words[@]//${QUOTES}/}" 2>/dev/null)
    COMPREPLY=()
    while IFS=$'\\t' read -r value description; do
        case $value in
            '') ;;
            :*) directive=\${value#:} ;;
            *)
                value=\${value#"\${prefix//${QUOTES}/}"}
                if [[ -z $quote ]]; then
                    printf -v value %q "$value"
                elif [[ $value == *${EVALUATED}* ]]; then
                    continue
                fi
                COMPREPLY+=("$value")
                ;;
        esac
    done <<<"$answer"
    # Bash 3.2 has no compopt.
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default 2>/dev/null
    return 0
}
complete -o default -F ${complete} ${name}
`;
}

/** Patterns of bash: characters that quote, and characters that are evaluated inside quotes. */
const QUOTES = String.raw`[\"\'\\]`;
const EVALUATED = String.raw`[\"\'\\\$\`!]`;

/** Script for zsh, for `source` or for a folder of `fpath`. */
function zshScript(name: string): string {
  const complete = `_${name.replaceAll('-', '_')}`;
  return `#compdef ${name}
# zsh completion for ${name}
${complete}() {
    local -a words_before answer candidates options
    local line value description directive=0
    # (Q) removes the quotes of a word without evaluating it.
    words_before=("\${(@Q)words[2,CURRENT-1]}")
    answer=("\${(@f)$(${name} complete -- "\${words_before[@]}" "\${(Q)PREFIX}" 2>/dev/null)}")
    for line in "\${answer[@]}"; do
        value=\${line%%$'\\t'*}
        case $value in
            '') ;;
            :*) directive=\${value#:} ;;
            *)
                description=\${line#*$'\\t'}
                candidates+=("\${value//:/\\\\:}:$description")
                ;;
        esac
    done
    if (( \${#candidates} > 0 )); then
        (( directive & 2 )) && options=(-S '')
        _describe -V ${name} candidates "\${options[@]}"
    elif (( (directive & 4) == 0 )); then
        compset -P '-*='
        _files
    fi
}
if [[ $funcstack[1] == ${complete} ]]; then
    ${complete} "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i -D }
    compdef ${complete} ${name}
fi
`;
}

/** Script for fish 3 and newer. */
function fishScript(name: string): string {
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
        # In --option=path, only the path is a file name.
        set -l option (string match -r '^-[^=]*=' -- "$typed")
        string replace -r -- '^' "$option" (__fish_complete_path (string replace -r -- '^-[^=]*=' '' "$typed"))
    end
end
complete -c ${name} -e
complete -c ${name} -k -f -a '(${complete})'
`;
}
