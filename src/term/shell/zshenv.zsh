# brisk's integration with zsh, first half: the user's own .zshenv, which may move ZDOTDIR.
@USER_ZDOTDIR@
if [[ -r ${ZDOTDIR:-$HOME}/.zshenv ]]; then
  . ${ZDOTDIR:-$HOME}/.zshenv
fi
typeset -g __brisk_zdotdir=${ZDOTDIR-}
ZDOTDIR=@ZDOTDIR@
