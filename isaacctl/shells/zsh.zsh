# What Isaac does for this shell; `isaacctl shell-init --help` tells how to leave parts of it out.
if [[ -o interactive ]]; then

typeset -ga _isaac_program
_isaac_program=(@PROGRAM@)
typeset -g _isaac_folder=@FOLDER@
typeset -g _isaac_eval=$_isaac_folder/eval-$$
zmodload zsh/datetime 2>/dev/null
zmodload zsh/system 2>/dev/null
zmodload zsh/parameter 2>/dev/null
autoload -Uz add-zsh-hook
typeset -gx ISAAC_SESSION=${${EPOCHREALTIME:-$RANDOM$RANDOM}/./}.$$
() {
    emulate -L zsh
    setopt clobber
    local before=$(umask)
    umask 077
    { : >| $_isaac_eval } 2>/dev/null
    umask $before
}

#:history
# Each command goes into the spool by builtins alone: no process is started for it, and no daemon is asked.
typeset -g _isaac_started= _isaac_command= _isaac_cwd= _isaac_skip=

_isaac_preexec() {
    emulate -L zsh
    _isaac_command=${1:-$3}
    _isaac_cwd=$PWD
    _isaac_started=$(( EPOCHREALTIME * 1000000 ))
    _isaac_started=${_isaac_started%%.*}
}

_isaac_precmd() {
    local _isaac_code=$?
    emulate -L zsh
    if [[ -n $_isaac_started && -z $_isaac_skip ]]; then
        _isaac_keep $_isaac_code 2>/dev/null
    fi
    _isaac_started= _isaac_command= _isaac_skip=
    return 0
}

_isaac_keep() {
    emulate -L zsh
    local command=${_isaac_command%$'\n'} folder=$_isaac_cwd now fd
    [[ -n $command && $command != [[:space:]]* && ${#command} -le 1048576 ]] || return 0
    [[ -z ${HISTORY_IGNORE-} || $command != ${~HISTORY_IGNORE} ]] || return 0
    now=$(( EPOCHREALTIME * 1000000 ))
    if [[ $command$folder == *[$'\\\t\n\x1e']* ]]; then
        folder=${${${${folder//\\/\\\\}//$'\n'/\\n}//$'\t'/\\t}//$'\x1e'/\\e}
        command=${${${${command//\\/\\\\}//$'\n'/\\n}//$'\t'/\\t}//$'\x1e'/\\e}
    fi
    [[ ! -e $_isaac_folder/commands || -f $_isaac_folder/commands ]] || return 0
    sysopen -a -w -o cloexec,create,nofollow -m 0600 -u fd -- $_isaac_folder/commands || return 0
    syswrite -o $fd -- $'\x1e1\t'$_isaac_started$'\t'$(( ${now%%.*} - _isaac_started ))$'\t'$1$'\t'$ISAAC_SESSION$'\t'$HOST$'\tzsh\t'$folder$'\t'$command$'\n'
    exec {fd}>&-
}

if (( $+builtins[sysopen] && $+EPOCHREALTIME )); then
    add-zsh-hook preexec _isaac_preexec
    add-zsh-hook precmd _isaac_precmd
    # Whatever else runs before a prompt must not change what the command ended with.
    precmd_functions=(_isaac_precmd ${precmd_functions:#_isaac_precmd})
fi
#:end
#:run
# What only this shell can do (`cd`, `export`) comes back to it, and what was run is in its history.
isaacctl() {
    local _isaac_code=0 _isaac_text= _isaac_fd=
    if ! { exec {_isaac_fd}>|$_isaac_eval } 2>/dev/null; then
        "${_isaac_program[@]}" "$@"
        return
    fi
    ISAAC_EVAL_FD=$_isaac_fd ISAAC_SHELL=${commands[zsh]:-zsh} "${_isaac_program[@]}" "$@" || _isaac_code=$?
    exec {_isaac_fd}>&-
    if [[ -s $_isaac_eval ]]; then
        _isaac_text="$(<$_isaac_eval)"
        : >| $_isaac_eval
        if [[ $_isaac_text == $'\x1e'* ]]; then
            typeset -g _isaac_skip=1
            print -rs -- "${_isaac_text#?}"
        elif [[ -n $_isaac_text ]]; then
            print -rs -- "$_isaac_text"
            eval "$_isaac_text" || _isaac_code=$?
        fi
    fi
    return $_isaac_code
}
#:end
#:key
# The key looks at the line that is being typed: a question becomes a command, a mistake is mended, a danger is told.
_isaac_answer() {
    # Waits for what a program writes, for so many seconds; REPLY is what came.
    emulate -L zsh
    local fd piece
    REPLY=
    exec {fd}< <("${@[2,-1]}" </dev/null 2>/dev/null)
    while IFS= read -r -u $fd -t $1 piece; do
        REPLY+=$piece$'\n'
    done
    REPLY+=$piece
    exec {fd}<&-
}

_isaac_key() {
    emulate -L zsh
    [[ -n $BUFFER ]] || return 0
    local REPLY kind note
    _isaac_answer 10 "${_isaac_program[@]}" shell line -- "$BUFFER"
    kind=${REPLY%%$'\n'*}
    REPLY=${REPLY#*$'\n'}
    note=${REPLY%%$'\n'*}
    REPLY=${${REPLY#*$'\n'}%$'\n'}
    case $kind in
        (replace) BUFFER=$REPLY ;;
        (suggest)
            zle -R "$note"
            note=
            _isaac_answer 60 "${_isaac_program[@]}" suggest -- "$REPLY"
            if [[ -n ${REPLY%$'\n'} ]]; then BUFFER=${REPLY%$'\n'}; else note='isaac: no suggestion'; fi ;;
        (same) ;;
        (*) note="isaac: ${kind:-no answer}" ;;
    esac
    CURSOR=${#BUFFER}
    [[ -z $note ]] || zle -M -- "$note"
}
if [[ -o zle ]]; then
    zle -N _isaac_key
    bindkey -- @KEY@ _isaac_key
fi
#:end
#:completion
_isaac_complete() {
    local -a values
    local value help fd
    exec {fd}< <("${_isaac_program[@]}" shell-complete -- "${(@Q)words[2,CURRENT]}" </dev/null 2>/dev/null)
    while IFS=$'\t' read -r -u $fd -t 2 value help; do
        if [[ $help == $'\x1e'file ]]; then
            _files
        else
            values+=("${value//:/\\:}:$help")
        fi
    done
    exec {fd}<&-
    (( $#values )) && _describe -t values isaacctl values
    return 0
}
if (( $+functions[compdef] )); then
    compdef _isaac_complete isaacctl
fi
#:end
#:not-found
if (( $+functions[command_not_found_handler] )) && [[ $functions[command_not_found_handler] != *_isaac_* ]]; then
    functions[_isaac_not_found_before]=$functions[command_not_found_handler]
fi
command_not_found_handler() {
    emulate -L zsh
    local piece answer= fd
    exec {fd}< <(ISAAC_NO_START=1 "${_isaac_program[@]}" shell missing -- "$@" </dev/null 2>/dev/null)
    while IFS= read -r -u $fd -t 2 piece; do
        answer+=$piece$'\n'
    done
    exec {fd}<&-
    if (( $+functions[_isaac_not_found_before] )); then
        _isaac_not_found_before "$@"
    else
        print -ru2 -- "zsh: command not found: $1"
    fi
    [[ -z $answer ]] || print -rnu2 -- "$answer"
    return 127
}
#:end
:
fi
