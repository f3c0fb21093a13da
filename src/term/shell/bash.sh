# brisk's integration with bash: marks around prompts and commands, and one private key that takes
# a command from a file. It is read instead of ~/.bashrc, so that comes first. Nothing here forks.
if [[ -r ~/.bashrc ]]; then . ~/.bashrc; fi

__brisk_allexport=
if [[ $- == *a* ]]; then
  __brisk_allexport=1
  set +a
fi
__brisk_nonce='@NONCE@'
__brisk_file=@FILE@
__brisk_folder=
__brisk_restore=
__brisk_ready='\[\e]133;B;brisk=@NONCE@\a\]'
__brisk_more='\[\e]133;S;brisk=@NONCE@\a\]'
__brisk_started='\e]133;C;brisk=@NONCE@\a'

# Percent encoding of what would end or garble the mark; most folders have none of it.
__brisk_encode() {
  local LC_ALL=C text=$1 at char code
  __brisk_encoded=
  case $text in
    *[%[:cntrl:]]*) ;;
    *) __brisk_encoded=$text; return ;;
  esac
  for ((at = 0; at < ${#text}; at++)); do
    char=${text:at:1}
    case $char in
      [%[:cntrl:]]) printf -v code '%%%02X' "'$char"; __brisk_encoded+=$code ;;
      *) __brisk_encoded+=$char ;;
    esac
  done
}

__brisk_before() {
  local exit_code=$? folder= __brisk_encoded
  if [[ -n $__brisk_restore ]]; then
    set -H
    __brisk_restore=
  fi
  if [[ $PWD != "$__brisk_folder" ]]; then
    __brisk_folder=$PWD
    __brisk_encode "$PWD"
    folder=$'\e]7;file://'$__brisk_encoded$'\a'
  fi
  # The terminal itself, since a command may have sent stdout elsewhere for good.
  printf '\e]133;D;brisk=%s;%s\a%s\e]133;A;brisk=%s\a' \
    "$__brisk_nonce" "$exit_code" "$folder" "$__brisk_nonce" >/dev/tty
  # Under `set -e` a code that is not 0 would end the shell.
  [[ $- == *e* ]] || return "$exit_code"
}

# Prompts that are made anew each time lose the marks: they are put back last.
__brisk_after() {
  [[ ${PS1-} == *"$__brisk_ready"* ]] || PS1=${PS1-}$__brisk_ready
  [[ ${PS2-} == *"$__brisk_more"* ]] || PS2=${PS2-}$__brisk_more
  [[ ${PS0-} == *"$__brisk_started"* ]] || PS0=${PS0-}$__brisk_started
  # Exported, they would hand the nonce to every program.
  export -n PS0 PS1 PS2 __brisk_nonce __brisk_ready __brisk_more __brisk_started
}

# Under the folder's name there may be another one now: another mount, or a folder made anew.
__brisk_reenter() {
  local before=${OLDPWD-}
  builtin cd -- "$PWD" 2>/dev/null || return 0
  if [[ -n $before ]]; then OLDPWD=$before; else unset OLDPWD; fi
}

# Puts the command in the line editor, as if it had been typed. `!` means nothing in it. Without a
# command the line is emptied, so that the accepting key that follows runs nothing.
__brisk_fill() {
  local id
  READLINE_LINE= READLINE_POINT=0
  [[ -r $__brisk_file ]] || return 0
  __brisk_reenter
  {
    IFS= read -r id
    # The file ends without the delimiter, which is no error.
    IFS= read -r -d '' READLINE_LINE || :
  } <"$__brisk_file"
  READLINE_POINT=${#READLINE_LINE}
  if [[ $- == *H* ]]; then
    __brisk_restore=1
    set +H
  fi
  printf '\e]133;E;brisk=%s;%s\a' "$__brisk_nonce" "$id" >/dev/tty
}

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  # No PS0: nothing tells when a command begins.
  printf '\e]133;N;brisk=%s\a' "$__brisk_nonce"
else
  for __brisk_map in emacs vi-insert vi-command; do
    bind -m "$__brisk_map" -x '"\e[29173~": __brisk_fill'
    bind -m "$__brisk_map" '"\e[29174~": accept-line'
    bind -m "$__brisk_map" -x '"\e[29175~": __brisk_reenter'
  done 2>/dev/null
  unset __brisk_map
  if [[ -n ${PROMPT_COMMAND+set} && ${PROMPT_COMMAND@a} == *a* ]]; then
    PROMPT_COMMAND=(__brisk_before "${PROMPT_COMMAND[@]}" __brisk_after)
  else
    PROMPT_COMMAND=__brisk_before$'\n'${PROMPT_COMMAND-}$'\n'__brisk_after
  fi
fi
[[ -z $__brisk_allexport ]] || set -a
