# What Isaac does for this shell; `isaacctl shell-init --help` tells how to leave parts of it out.
if [[ $- == *i* && ${BASH_VERSINFO[0]:-0} -ge 5 ]]; then

_isaac_program=(@PROGRAM@)
_isaac_folder=@FOLDER@
_isaac_line=$_isaac_folder/line-$$
_isaac_eval=$_isaac_folder/eval-$$
ISAAC_SESSION=${EPOCHREALTIME/[!0-9]/}.$$
export ISAAC_SESSION
_isaac_umask=$(builtin umask)
builtin umask 077
{ builtin : >| "$_isaac_line"; builtin : >| "$_isaac_eval"; } 2>/dev/null || builtin :
builtin umask "$_isaac_umask"
builtin unset _isaac_umask

#:history
# Each command goes into the spool by builtins alone: no process is started for it, and no daemon is asked.
_isaac_nothing=
_isaac_started=
_isaac_skip=
_isaac_cwd=$PWD
_isaac_number=
_isaac_command=
_isaac_pieces=0

_isaac_prompt() {
    # All that goes wrong here is kept from the person: a prompt comes first.
    _isaac_keep "$1" "$2" 2>/dev/null || builtin :
    _isaac_started= _isaac_skip=
    _isaac_cwd=$PWD
    [[ -z $_isaac_passes_on || $- == *e* ]] || builtin return "$1"
}

_isaac_keep() {
    # PS0 says when a command begins; with another PS0, the number of the newest entry says that there was one.
    [[ -n $_isaac_started || ${PS0-} != *_isaac_started* ]] || builtin return 0
    [[ -o history && -z $_isaac_skip ]] || builtin return 0
    local _isaac_now=${EPOCHREALTIME/[!0-9]/} _isaac_text= _isaac_new _isaac_before=$_isaac_command
    # Written over and never cut: a file that is cut and written again goes to the disk at once, for milliseconds.
    { HISTTIMEFORMAT= builtin history 1; builtin printf '\0'; } 1<> "$_isaac_line"
    IFS= builtin read -r -d '' _isaac_text < "$_isaac_line"
    builtin printf '%*s' $((${#_isaac_text} * 4)) '' 1<> "$_isaac_line"
    _isaac_text=${_isaac_text#"${_isaac_text%%[0-9]*}"}
    _isaac_new=${_isaac_text%%[!0-9]*}
    _isaac_command=${_isaac_text:${#_isaac_new}+2}
    _isaac_command=${_isaac_command%$'\n'}
    if [[ $_isaac_new == "$_isaac_number" && $_isaac_command == "$_isaac_before" ]]; then
        # Nothing was added: the line was the same as the one before, or it was not meant to be kept.
        [[ -n $_isaac_started ]] || builtin return 0
        if [[ ${HISTCONTROL-} != *ignoreboth* && ${HISTCONTROL-} != *ignoredups* ]]; then
            builtin return 0
        elif [[ ${HISTCONTROL-} == *ignore[bs]* || -n ${HISTIGNORE-} ]]; then
            [[ ${_isaac_command##*[[:space:]]} == "$2" ]] || builtin return 0
        fi
    fi
    _isaac_number=$_isaac_new
    [[ -n $_isaac_command && $_isaac_command != [[:space:]]* ]] || builtin return 0
    _isaac_put "$_isaac_started" "${_isaac_started:+$((_isaac_now - _isaac_started))}" "$1" "$_isaac_command"
}

_isaac_put() {
    [[ -f $_isaac_folder/commands && ! -L $_isaac_folder/commands ]] || _isaac_make || builtin return 0
    if [[ ${#4} -lt 800 && ${#_isaac_cwd} -lt 150 && $4$_isaac_cwd != *[$'\\\t\n\x1e']* ]]; then
        # What is shorter than 4096 bytes and has one end of line, at its end, bash writes at once.
        builtin printf '\x1e1\t%s\t%s\t%s\t%s\t%s\tbash\t%s\t%s\n' "$1" "$2" "$3" "$ISAAC_SESSION" "${HOSTNAME-}" \
            "$_isaac_cwd" "$4" >> "$_isaac_folder/commands"
    else
        _isaac_put_long "$@"
    fi
}

_isaac_put_long() {
    [[ ${#4} -le 1048576 ]] || builtin return 0
    local LC_ALL=C _isaac_record _isaac_at=0 _isaac_part=0
    _isaac_record=${_isaac_cwd//"$_isaac_backslash"/"$_isaac_backslash$_isaac_backslash"}$'\x1f'${4//"$_isaac_backslash"/"$_isaac_backslash$_isaac_backslash"}
    _isaac_record=${_isaac_record//$'\n'/"${_isaac_backslash}n"}
    _isaac_record=${_isaac_record//$'\t'/"${_isaac_backslash}t"}
    _isaac_record=${_isaac_record//$'\x1e'/"${_isaac_backslash}e"}
    _isaac_record=${_isaac_record/$'\x1f'/$'\t'}
    builtin printf -v _isaac_record '1\t%s\t%s\t%s\t%s\t%s\tbash\t%s' "$1" "$2" "$3" "$ISAAC_SESSION" "${HOSTNAME-}" "$_isaac_record"
    _isaac_pieces=$((_isaac_pieces + 1))
    while builtin :; do
        if (( ${#_isaac_record} - _isaac_at <= 3900 )); then
            builtin printf '\x1e=\t%s\t%s\t%s\n' "$ISAAC_SESSION.$_isaac_pieces" "$_isaac_part" "${_isaac_record:_isaac_at}"
            builtin break
        fi
        builtin printf '\x1e+\t%s\t%s\t%s\n' "$ISAAC_SESSION.$_isaac_pieces" "$_isaac_part" "${_isaac_record:_isaac_at:3900}"
        _isaac_at=$((_isaac_at + 3900)) _isaac_part=$((_isaac_part + 1))
    done >> "$_isaac_folder/commands"
}

_isaac_make() {
    # The file is always there, unless somebody has removed it; this is the one place with a process of its own.
    [[ ! -e $_isaac_folder/commands && ! -L $_isaac_folder/commands && -d $_isaac_folder ]] || builtin return 1
    ( builtin umask 077; builtin : >> "$_isaac_folder/commands" )
}

_isaac_backslash='\'
_isaac_passes_on=
if [[ ${BASH_VERSINFO[0]}${BASH_VERSINFO[1]} == 50 ]]; then
    # Before 5.1 there is one text, and what follows in it wants to know how the command ended.
    _isaac_passes_on=1
    [[ ${PROMPT_COMMAND-} == *_isaac_prompt* ]] || PROMPT_COMMAND='_isaac_prompt "$?" "$_"'${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}
elif [[ ${PROMPT_COMMAND[*]-} != *_isaac_prompt* ]]; then
    PROMPT_COMMAND=('_isaac_prompt "$?" "$_"' ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
fi
if builtin shopt -q promptvars && [[ ${PS0-} != *_isaac_started* ]]; then
    PS0='${_isaac_nothing:$((_isaac_started=${EPOCHREALTIME/[!0-9]/},0)):0}'${PS0-}
fi
#:end
#:run
# What only this shell can do (`cd`, `export`) comes back to it, and what was run is in its history.
isaacctl() {
    local _isaac_code=0 _isaac_text= _isaac_fd=
    if ! { builtin exec {_isaac_fd}>| "$_isaac_eval"; } 2>/dev/null; then
        "${_isaac_program[@]}" "$@"
        builtin return
    fi
    ISAAC_EVAL_FD=$_isaac_fd ISAAC_SHELL=$BASH "${_isaac_program[@]}" "$@" || _isaac_code=$?
    builtin exec {_isaac_fd}>&-
    if [[ -s $_isaac_eval ]]; then
        IFS= builtin read -r -d '' _isaac_text < "$_isaac_eval" || builtin :
        builtin : >| "$_isaac_eval"
        _isaac_text=${_isaac_text%$'\n'}
        if [[ $_isaac_text == $'\x1e'* ]]; then
            _isaac_skip=1
            [[ ! -o history ]] || builtin history -s -- "${_isaac_text#?}"
        elif [[ -n $_isaac_text ]]; then
            [[ ! -o history ]] || builtin history -s -- "$_isaac_text"
            builtin eval "$_isaac_text" || _isaac_code=$?
        fi
    fi
    builtin return "$_isaac_code"
}
#:end
#:key
# The key looks at the line that is being typed: a question becomes a command, a mistake is mended, a danger is told.
_isaac_key() {
    local _isaac_answer= _isaac_kind _isaac_note
    [[ -n ${READLINE_LINE-} ]] || builtin return 0
    IFS= builtin read -r -d '' -t 10 _isaac_answer < <("${_isaac_program[@]}" shell line -- "$READLINE_LINE" </dev/null 2>&1) || builtin :
    _isaac_kind=${_isaac_answer%%$'\n'*}
    _isaac_answer=${_isaac_answer#*$'\n'}
    _isaac_note=${_isaac_answer%%$'\n'*}
    _isaac_answer=${_isaac_answer#*$'\n'}
    case $_isaac_kind in
        replace)
            READLINE_LINE=${_isaac_answer%$'\n'} ;;
        suggest)
            builtin printf '%s\n' "$_isaac_note" >&2
            local _isaac_question=${_isaac_answer%$'\n'}
            _isaac_answer= _isaac_note=
            IFS= builtin read -r -d '' -t 60 _isaac_answer < <("${_isaac_program[@]}" suggest -- "$_isaac_question" </dev/null 2>/dev/null) || builtin :
            _isaac_answer=${_isaac_answer%$'\n'}
            if [[ -n $_isaac_answer ]]; then READLINE_LINE=$_isaac_answer; else _isaac_note='isaac: no suggestion'; fi ;;
        same) ;;
        *)
            _isaac_note="isaac: ${_isaac_kind:-no answer}" ;;
    esac
    READLINE_POINT=2147483647
    [[ -z $_isaac_note ]] || builtin printf '%s\n' "$_isaac_note" >&2
}
if [[ -o emacs || -o vi ]]; then
    builtin bind -x '"@KEY@": _isaac_key' 2>/dev/null || builtin :
fi
#:end
#:completion
_isaac_complete() {
    local _isaac_value _isaac_help _isaac_words=() _isaac_word
    COMPREPLY=()
    for _isaac_word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        # Readline parts `--option=value` in three.
        if [[ $_isaac_word == '=' && ${#_isaac_words[@]} -gt 0 ]] || [[ ${_isaac_words[*]: -1} == --*= ]]; then
            _isaac_words[${#_isaac_words[@]}-1]+=$_isaac_word
        else
            _isaac_words+=("$_isaac_word")
        fi
    done
    while IFS=$'\t' builtin read -r -t 2 _isaac_value _isaac_help; do
        if [[ $_isaac_help == $'\x1e'file ]]; then
            builtin compopt -o default 2>/dev/null
        else
            [[ $_isaac_value != --*=* ]] || _isaac_value=${_isaac_value#*=}
            COMPREPLY+=("$_isaac_value")
        fi
    done < <("${_isaac_program[@]}" shell-complete -- "${_isaac_words[@]}" </dev/null 2>/dev/null)
    builtin return 0
}
complete -F _isaac_complete isaacctl 2>/dev/null || builtin :
#:end
#:not-found
if [[ $(builtin type -t command_not_found_handle) == function && $(builtin declare -f command_not_found_handle) != *_isaac_* ]]; then
    _isaac_text=$(builtin declare -f command_not_found_handle)
    builtin eval "_isaac_not_found_before${_isaac_text#command_not_found_handle}"
    builtin unset _isaac_text
fi
command_not_found_handle() {
    local _isaac_answer=
    IFS= builtin read -r -d '' -t 2 _isaac_answer < <(ISAAC_NO_START=1 "${_isaac_program[@]}" shell missing -- "$@" </dev/null 2>/dev/null) || builtin :
    if [[ $(builtin type -t _isaac_not_found_before) == function ]]; then
        _isaac_not_found_before "$@"
    else
        builtin printf 'bash: %s: command not found\n' "$1" >&2
    fi
    [[ -z $_isaac_answer ]] || builtin printf '%s' "$_isaac_answer" >&2
    builtin return 127
}
#:end
builtin :
fi
