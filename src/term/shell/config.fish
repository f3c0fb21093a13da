# brisk's integration with fish, read after the user's own config: marks around prompts and
# commands, and one private key that takes a command from a file. Nothing forks but for a line that
# does not parse.
set -g __brisk_nonce '@NONCE@'
set -g __brisk_file @FILE@
set -g __brisk_folder ''

function __brisk_started --on-event fish_preexec
    printf '\e]133;C;brisk=%s\a' $__brisk_nonce >/dev/tty
end

function __brisk_ended --on-event fish_postexec
    set -l exit_code $status
    printf '\e]133;D;brisk=%s;%s\a' $__brisk_nonce $exit_code >/dev/tty
end

function __brisk_before --on-event fish_prompt
    if test "$PWD" != "$__brisk_folder"
        set -g __brisk_folder $PWD
        printf '\e]7;file://%s\a' (string escape --style=url -- $PWD) >/dev/tty
    end
    printf '\e]133;A;brisk=%s\a' $__brisk_nonce >/dev/tty
end

functions -q fish_prompt
and functions -c fish_prompt __brisk_prompt
function fish_prompt
    functions -q __brisk_prompt
    and __brisk_prompt
    printf '\e]133;B;brisk=%s\a' $__brisk_nonce
end

# Under the folder's name there may be another one now: another mount, or a folder made anew.
function __brisk_reenter
    builtin cd $PWD 2>/dev/null
end

# Puts the command in the line editor, as if it had been typed, and executes it. fish keeps a line
# that does not parse and emits no event: another fish, which executes nothing, says what is wrong.
function __brisk_fill
    set -l id
    set -l text
    if not test -r $__brisk_file
        return
    end
    __brisk_reenter
    begin
        read id
        read -z text
    end <$__brisk_file
    printf '\e]133;E;brisk=%s;%s\a' $__brisk_nonce $id >/dev/tty
    commandline -r -- $text
    if commandline --is-valid
        commandline -f execute
    else
        printf '%s\n\e]133;C;brisk=%s\a' $text $__brisk_nonce >/dev/tty
        set -l fish (status fish-path)
        printf '%s\n' $text | $fish --no-config --no-execute >/dev/tty 2>&1
        # What fish itself says of a script that does not parse.
        printf '\e]133;D;brisk=%s;127\a' $__brisk_nonce >/dev/tty
        commandline -r ''
        commandline -f repaint
    end
end

for __brisk_map in default insert visual
    bind -M $__brisk_map \e\[29173~ __brisk_fill
    bind -M $__brisk_map \e\[29175~ __brisk_reenter
end
set -e __brisk_map
