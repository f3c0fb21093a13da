# brisk's integration with sh, as dash and busybox have it: marks in the prompt, which the shell
# expands each time, and a function that tells that the agent's command begins. The shell reads this
# as its ENV, so the user's own comes first; no other shell is to read it.
@USER_ENV@
@USER_PROMPTS@
[ -z "${ENV-}" ] || eval "__brisk_env=\"$ENV\""
[ -z "${__brisk_env-}" ] || [ ! -r "$__brisk_env" ] || . "$__brisk_env"
unset __brisk_env

# $1: the exit code before; $2: the command's number; $3, $4: the rows up and the column where its
# echo is to stand, in place of the line that was typed; $5: the command.
__brisk_taken() {
  printf '\033]133;E;brisk=%s;%s\007\033[%sA\033[%sG\033[J%s\n\033]133;C;brisk=%s\007' \
    '@NONCE@' "$2" "$3" "$4" "$5" '@NONCE@' >/dev/tty
  # Under the folder's name there may be another one now.
  __brisk_before=${OLDPWD-}
  if cd -- "${PWD-.}" 2>/dev/null; then OLDPWD=$__brisk_before; fi
  unset __brisk_before
  # Under `set -e` a code that is not 0 would end the shell.
  case $- in *e*) return 0 ;; esac
  return "$1"
}

# Not in shells that expand prompts in ways of their own; nor where prompts are exported, which
# cannot be undone here and would hand the nonce to every program.
__brisk_fits() {
  [ -z "${BASH_VERSION-}${ZSH_VERSION-}${KSH_VERSION-}${YASH_VERSION-}" ] || return 1
  case $(export -p) in *' PS1='* | *' PS2='*) return 1 ;; esac
}

if __brisk_fits; then
  case $- in *a*) set +a; __brisk_allexport=1 ;; *) __brisk_allexport= ;; esac
  __brisk=@FILE@
  PS1='@MARK@D;brisk=@NONCE@;$?@BELL@@MARK@P;brisk=@NONCE@;${PWD-}@BELL@@MARK@A;brisk=@NONCE@@BELL@'${PS1-}'@MARK@B;brisk=@NONCE@@BELL@'
  PS2=${PS2-}'@MARK@S;brisk=@NONCE@@BELL@'
  [ -z "$__brisk_allexport" ] || set -a
  unset __brisk_allexport
else
  printf '@MARK@N;brisk=@NONCE@@BELL@' >/dev/tty
fi
unset -f __brisk_fits
