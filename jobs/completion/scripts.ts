/** The shells that `completion` supports. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * The script that connects a shell with `wave-cron __complete`. Each script asks the program for
 * the words, so the scripts need not change when the program changes.
 */
export function completionScript(shell: Shell): string {
  return scripts[shell].trim();
}

/**
 * The script does not need the package bash-completion, and works with the old bash of macOS.
 * Readline also divides words at `=`, and replaces only the part after it.
 */
const bash = String.raw`
# bash completion for wave-cron: source it, for example from ~/.bashrc
_wave_cron() {
  local line=${'$'}{COMP_LINE:0:COMP_POINT} words current answer directive before='' candidate
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=${'$'}{words[${'$'}{#words[@]}-1]}
  COMPREPLY=()
  answer=$("${'$'}{words[0]}" __complete "${'$'}{words[@]:1}" 2>/dev/null) || return
  directive=${'$'}{answer##*:}
  answer=${'$'}{answer%:*}
  if [[ $directive == 0 ]]; then
    type compopt &>/dev/null && compopt -o default
    return
  fi
  [[ $current == *=* && $COMP_WORDBREAKS == *=* ]] && before=${'$'}{current%%=*}=
  while IFS=$'\t' read -r candidate _; do
    [[ -n $candidate ]] && COMPREPLY+=("${'$'}{candidate#"$before"}")
  done <<<"$answer"
  if (( directive & 2 )); then
    type compopt &>/dev/null && compopt -o nospace
  fi
}
complete -F _wave_cron wave-cron
`;

/** The script works if it is sourced, and also as a file _wave-cron in a folder of fpath. */
const zsh = String.raw`
#compdef wave-cron
# zsh completion for wave-cron: source it after compinit, or save it as _wave-cron in a folder of fpath
_wave_cron() {
  local -a lines candidates options
  local answer line word description directive
  answer=$("${'$'}{(Q)words[1]}" __complete "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null) || return 1
  lines=("${'$'}{(@f)answer}")
  directive=${'$'}{lines[-1]#:}
  if (( directive == 0 )); then
    compset -P '--*='
    _files
    return
  fi
  for line in "${'$'}{(@)lines[1,-2]}"; do
    [[ -z $line ]] && continue
    word=${'$'}{${'$'}{line%%$'\t'*}//:/\\:}
    description=${'$'}{line#*$'\t'}
    [[ $line == *$'\t'* ]] && word+=":$description"
    candidates+=("$word")
  done
  (( directive & 2 )) && options=(-S '')
  _describe -t wave-cron 'wave-cron' candidates "${'$'}{options[@]}"
}
if [[ $funcstack[1] == _wave-cron ]]; then
  _wave_cron
else
  compdef _wave_cron wave-cron
fi
`;

const fish = String.raw`
# fish completion for wave-cron: save it as ~/.config/fish/completions/wave-cron.fish
function __wave_cron_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    test (count $current) -eq 0; and set current ''
    set -l answer ($words[1] __complete $words[2..] "$current" 2>/dev/null)
    or return
    if test "$answer[-1]" = ':0'
        set -l file (string replace -r '^--[^=]*=' '' -- $current)
        set -l before (string replace -- $file '' $current)
        for path in (complete -C "'' $file")
            echo $before$path
        end
        return
    end
    set -e answer[-1]
    string join \n -- $answer
end
complete -c wave-cron -e
complete -c wave-cron -f -a '(__wave_cron_complete)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
