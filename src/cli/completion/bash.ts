/**
 * Creates the completion script for bash 3.2 and newer. It needs no package, may be read twice, and passes on what was typed
 * as arguments, never as code: `$(…)` in a word stays text.
 */
export function bashScript(name: string): string {
  const complete = `__${name.replaceAll('-', '_')}_complete`;
  return `# bash completion for ${name}
${complete}() {
    local rest=\${COMP_LINE:0:COMP_POINT} word cur i words=()
    # Bash splits words at colons and equal signs; parts without a space between them are one argument.
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

/** Patterns of bash: the signs that quote, and those that are evaluated inside of quotes. */
const QUOTES = String.raw`[\"\'\\]`;
const EVALUATED = String.raw`[\"\'\\\$\`!]`;
