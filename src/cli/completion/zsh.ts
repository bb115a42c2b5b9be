/** Creates the completion script for zsh, to be read with `source` or put into a folder of `fpath`. */
export function zshScript(name: string): string {
  const complete = `_${name.replaceAll('-', '_')}`;
  return `#compdef ${name}
# zsh completion for ${name}
${complete}() {
    local -a words_before answer candidates options
    local line value description directive=0
    # (Q) removes the quotes of a word, and evaluates nothing.
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
