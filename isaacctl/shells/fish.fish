# What Isaac does for this shell; `isaacctl shell-init --help` tells how to leave parts of it out.
if status is-interactive

set -g _isaac_program @PROGRAM@
set -g _isaac_folder @FOLDER@
set -g _isaac_eval $_isaac_folder/eval-$fish_pid
set -gx ISAAC_SESSION (random).$fish_pid

#:history
# Each command goes into the spool by builtins alone: no process is started for it, and no daemon is asked.
set -g _isaac_cwd $PWD
set -g _isaac_pieces 0

function _isaac_preexec --on-event fish_preexec
    set -g _isaac_cwd $PWD
end

function _isaac_postexec --on-event fish_postexec
    set -l code $status
    if set -q _isaac_skip
        set -e _isaac_skip
        return
    end
    set -q fish_private_mode[1]; and test -n "$fish_private_mode"; and return
    set -l command $argv[1]
    string match -qr '^\s|^$' -- "$command"; and return
    set -l file $_isaac_folder/commands
    test -f $file; and not test -L $file; or return
    # fish has no clock of its own, but it notes when each line of its history was typed.
    set -l at (builtin history search --max=1 --show-time='%s000000 ' 2>/dev/null)[1]
    set at (string match -r '^[0-9]+' -- "$at")
    set -l folder (string replace -a '\\' '\\\\' -- "$_isaac_cwd" | string replace -a \t '\\t' | string replace -a \x1e '\\e' | string join '\\n')
    set -l text (string replace -a '\\' '\\\\' -- "$command" | string replace -a \t '\\t' | string replace -a \x1e '\\e' | string join '\\n')
    set -l record 1\t$at\t{$CMD_DURATION}000\t$code\t$ISAAC_SESSION\t$hostname\tfish\t$folder\t$text
    set -l length (string length -- $record)
    # fish writes 512 bytes at once, and no more.
    if test $length -le 120
        printf '\x1e%s\n' $record >>$file 2>/dev/null
        return
    end
    test $length -le 100000; or return
    set -g _isaac_pieces (math $_isaac_pieces + 1)
    set -l at 1
    set -l part 0
    begin
        while test (math $at + 100) -le $length
            printf '\x1e+\t%s\t%s\t%s\n' $ISAAC_SESSION.$_isaac_pieces $part (string sub -s $at -l 100 -- $record)
            set at (math $at + 100)
            set part (math $part + 1)
        end
        printf '\x1e=\t%s\t%s\t%s\n' $ISAAC_SESSION.$_isaac_pieces $part (string sub -s $at -- $record)
    end >>$file 2>/dev/null
end
#:end
#:run
# What only this shell can do (`cd`, `set`) comes back to it.
function isaacctl --description 'The command line of Isaac'
    set -l code 0
    ISAAC_EVAL_FD=9 ISAAC_SHELL=(status fish-path) $_isaac_program $argv 9>$_isaac_eval
    set code $status
    if test -s $_isaac_eval
        set -l text (string collect <$_isaac_eval)
        echo -n >$_isaac_eval
        if string match -q \x1e'*' -- "$text"
            set -g _isaac_skip 1
        else if test -n "$text"
            eval "$text"
            set code $status
        end
    end
    return $code
end
#:end
#:key
# The key looks at the line that is being typed: a question becomes a command, a mistake is mended, a danger is told.
function _isaac_key
    set -l line (commandline | string collect)
    test -n "$line"; or return
    set -l answer ($_isaac_program shell line -- $line </dev/null 2>/dev/null)
    set -l kind $answer[1]
    set -l note $answer[2]
    switch "$kind"
        case replace
            commandline -r -- (string join \n -- $answer[3..-1])
        case suggest
            set answer ($_isaac_program suggest -- (string join \n -- $answer[3..-1]) </dev/null 2>/dev/null)
            set note
            if test -n "$answer"
                commandline -r -- (string join \n -- $answer)
            else
                set note 'isaac: no suggestion'
            end
        case same
        case '*'
            set note "isaac: no answer"
    end
    commandline -C 100000
    if test -n "$note"
        printf '\n%s\n' "$note" >&2
        commandline -f repaint
    end
end
bind @KEY@ _isaac_key
#:end
#:completion
complete -c isaacctl -f -a '(_isaac_complete)'
function _isaac_complete
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    for row in ($_isaac_program shell-complete -- $words </dev/null 2>/dev/null)
        if string match -q '*'\t\x1e'file' -- $row
            __fish_complete_path (commandline -ct)
        else
            echo $row
        end
    end
end
#:end
#:not-found
if not functions -q _isaac_not_found_before; and functions -q fish_command_not_found
    functions -c fish_command_not_found _isaac_not_found_before
end
function fish_command_not_found
    # fish cannot stop waiting by itself.
    set -l limit
    command -q timeout; and set limit timeout 2
    set -l answer (ISAAC_NO_START=1 $limit $_isaac_program shell missing -- $argv </dev/null 2>/dev/null)
    if functions -q _isaac_not_found_before
        _isaac_not_found_before $argv
    else
        __fish_default_command_not_found_handler $argv
    end
    test -z "$answer"; or printf '%s\n' $answer >&2
end
#:end
end
