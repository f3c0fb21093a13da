# brisk's integration with zsh, second half: the user's own .zshrc, then marks around prompts and
# commands, and one private key that takes a command from a file. Nothing here forks.
[[ ${HISTFILE-} == @ZDOTDIR@/* ]] && HISTFILE=${__brisk_zdotdir:-$HOME}/.zsh_history
if [[ -n $__brisk_zdotdir ]]; then
  ZDOTDIR=$__brisk_zdotdir
else
  unset ZDOTDIR
fi
unset __brisk_zdotdir
if [[ -r ${ZDOTDIR:-$HOME}/.zshrc ]]; then
  . ${ZDOTDIR:-$HOME}/.zshrc
fi

typeset -g __brisk_nonce='@NONCE@' __brisk_file=@FILE@ __brisk_folder= __brisk_encoded=
typeset -g __brisk_histchars=
typeset -ga __brisk_restore=()
typeset -g __brisk_ready=$'%{\e]133;B;brisk=@NONCE@\a%}' __brisk_more=$'%{\e]133;S;brisk=@NONCE@\a%}'
# A blank end-of-line mark: output that ends without a newline gets no `%` added.
PROMPT_EOL_MARK=

__brisk_encode() {
  emulate -L zsh
  setopt no_multibyte
  local text=$1 char code
  local -i at
  __brisk_encoded=
  for ((at = 1; at <= $#text; at++)); do
    char=$text[at]
    if [[ $char == [%[:cntrl:]] ]]; then
      printf -v code '%%%02X' "'$char"
      char=$code
    fi
    __brisk_encoded+=$char
  done
}

__brisk_before() {
  local exit_code=$? folder= option
  for option in $__brisk_restore; do
    case $option in
      no*) unsetopt ${option#no} ;;
      *) setopt $option ;;
    esac
  done
  __brisk_restore=()
  if [[ -n $__brisk_histchars ]]; then
    histchars=$__brisk_histchars
    __brisk_histchars=
  fi
  if [[ $PWD != "$__brisk_folder" ]]; then
    __brisk_folder=$PWD
    __brisk_encode $PWD
    folder=$'\e]7;file://'$__brisk_encoded$'\a'
  fi
  # The terminal itself, since a command may have sent stdout elsewhere for good.
  printf '\e]133;D;brisk=%s;%s\a%s\e]133;A;brisk=%s\a' \
    "$__brisk_nonce" "$exit_code" "$folder" "$__brisk_nonce" >/dev/tty
  # Under `set -e` a code that is not 0 would end the shell.
  [[ -o err_exit ]] || return $exit_code
}

# Prompts that are made anew each time lose the marks: they are put back last.
__brisk_after() {
  [[ $PS1 == *"$__brisk_ready"* ]] || PS1+=$__brisk_ready
  [[ $PS2 == *"$__brisk_more"* ]] || PS2+=$__brisk_more
  # Exported, they would hand the nonce to every program.
  typeset -g +x PS1 PS2 __brisk_nonce __brisk_ready __brisk_more
}

__brisk_started() {
  printf '\e]133;C;brisk=%s\a' "$__brisk_nonce" >/dev/tty
}

# Under the folder's name there may be another one now: another mount, or a folder made anew.
__brisk_reenter() {
  emulate -L zsh
  local here=$PWD before=${OLDPWD-}
  [[ -x $here ]] || return 0
  # By way of the folder before, so that `cd -` still leads there.
  [[ -n $before ]] && builtin cd -q -- $before 2>/dev/null
  builtin cd -q -- $here
}

# Puts the command in the line editor, as if it had been typed, and accepts it. What the user had
# typed comes back with the next prompt. For this line `!` means nothing, `#` begins a comment,
# and nothing is corrected.
__brisk_fill() {
  local id text option
  [[ -r $__brisk_file ]] || return 0
  __brisk_reenter
  {
    IFS= read -r id
    # The file ends without the delimiter, which is no error.
    IFS= read -r -d '' text || :
  } <$__brisk_file
  [[ -n $BUFFER ]] && zle .push-line
  BUFFER=$text
  CURSOR=$#BUFFER
  POSTDISPLAY=
  # The option would take effect with the next line only; the characters do with this one.
  [[ -n $__brisk_histchars ]] || __brisk_histchars=$histchars
  histchars=$'\0\0#'
  for option in correct correctall; do
    if [[ -o $option ]]; then
      unsetopt $option
      __brisk_restore+=($option)
    fi
  done
  if [[ ! -o interactivecomments ]]; then
    setopt interactivecomments
    __brisk_restore+=(nointeractivecomments)
  fi
  printf '\e]133;E;brisk=%s;%s\a' "$__brisk_nonce" "$id" >/dev/tty
  zle .accept-line
}

zle -N __brisk_fill
zle -N __brisk_reenter
for __brisk_map in emacs viins vicmd; do
  bindkey -M $__brisk_map '\e[29173~' __brisk_fill
  bindkey -M $__brisk_map '\e[29175~' __brisk_reenter
done
unset __brisk_map
precmd_functions=(__brisk_before ${precmd_functions-} __brisk_after)
preexec_functions=(${preexec_functions-} __brisk_started)
