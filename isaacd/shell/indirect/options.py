"""Options, of many programs, whose value is a line that a shell is given."""

import re
from collections.abc import Iterator

from isaacd.shell.indirect.found import Found
from isaacd.shell.invocation import Invocation

# The options of each; a `=` at the end means that the value may only stand in the same word.
LINES_BEHIND: dict[str, tuple[str, ...]] = {
    "script": ("-c", "--command"),
    "flock": ("-c", "--command"),
    "su": ("-c", "--command", "--session-command"),
    "bat": ("--pager",),
    "batcat": ("--pager",),
    "runuser": ("-c", "--command", "--session-command"),
    "sg": ("-c",),
    "npx": ("-c", "--call"),
    "npm": ("-c", "--call"),
    "pnpm": ("-c",),
    "rsync": ("-e", "--rsh", "--rsync-path"),
    "scp": ("-S",),
    "sftp": ("-S",),
    "tar": ("--to-command", "-I", "--use-compress-program", "-F", "--info-script", "--new-volume-script", "--rsh-command", "--rmt-command", "--checkpoint-action"),
    "bsdtar": ("--use-compress-program",),
    "zip": ("-TT", "--unzip-command"),
    "man": ("-P", "--pager", "-H", "--html"),
    "git": ("-x", "--exec", "--tree-filter", "--index-filter", "--msg-filter", "--env-filter", "--commit-filter", "--parent-filter", "--tag-name-filter", "--upload-pack", "--receive-pack", "-u", "-O", "--open-files-in-pager"),
    **dict.fromkeys(("fzf", "sk"), ("--preview", "--cmd", "-c")),
    "dmsetup": ("--exec",),
    "rpm": ("--pipe",),
    "tmux": ("-c",),
    "vim": (),
    "xterm": (),
    "gcloud": ("--command",),
    "vagrant": ("-c", "--command"),
    "fly": ("-C", "--command"),
    "nix-shell": ("--run", "--command"),
    "wget": ("--use-askpass",),
    "sort": ("--compress-program",),
    "split": ("--filter",),
    "ssh-keygen": ("-D",),
    "less": (),
    "entr": (),
    "nodemon": ("-x", "--exec"),
    "cargo": ("-s", "--shell", "-x", "--exec"),
    "watchexec": (),
    "inotifywait": (),
    "irb": (),
    "xauth": (),
    "mutt": (),
    "hyperfine": ("-p", "--prepare", "-c", "--cleanup", "-s", "--setup", "--conclude"),
    "start-stop-daemon": ("-x", "--exec", "-a", "--startas"),
    "make": (),
    "systemd-run": (),
    "perf": (),
    "strace": (),
    "tcpdump": ("-z",),
    "logrotate": (),
    "7z": (),
    "dpkg": ("--pre-invoke", "--post-invoke"),
    "apt-get": (),
    "apt": (),
    "docker": ("--health-cmd",),
    "pv": (),
    "socat": (),
    "nc": ("-c", "--sh-exec", "-e", "--exec"),
    "ncat": ("-c", "--sh-exec", "-e", "--exec"),
    "netcat": ("-c", "-e"),
    "gdb": (),
    "pg_basebackup": (),
    "pg_dump": (),
    "zsync": (),
}  # fmt: skip
LINES_BEHIND = {name: options for name, options in LINES_BEHIND.items() if options}

# Variables that programs run as a line, and variables that decide which code is run.
LINE_VARIABLES = frozenset(
    "PROMPT_COMMAND PAGER MANPAGER GIT_PAGER SYSTEMD_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR SUDO_EDITOR FCEDIT "
    "GIT_SSH_COMMAND GIT_SSH GIT_EXTERNAL_DIFF GIT_ASKPASS GIT_PROXY_COMMAND SSH_ASKPASS SUDO_ASKPASS BROWSER LESSOPEN "
    "LESSCLOSE BAT_PAGER DELTA_PAGER AWS_PAGER TAR_OPTIONS RSYNC_RSH CVS_RSH FZF_DEFAULT_COMMAND FZF_CTRL_T_COMMAND FZF_ALT_C_COMMAND PSQL_PAGER MAKE_SHELL".split()
)
CODE_VARIABLES = frozenset(
    "LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH BASH_ENV ENV SHELLOPTS BASHOPTS ZDOTDIR PYTHONSTARTUP "
    "PYTHONPATH PYTHONHOME PERL5LIB PERL5OPT PERL5DB PERLLIB RUBYOPT RUBYLIB NODE_OPTIONS NODE_PATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS "
    "GCONV_PATH GIT_EXEC_PATH GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS GIT_TEMPLATE_DIR "
    "GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES LESSKEYIN_SYSTEM LESSKEY LESSKEYIN LESSKEY_CONTENT "
    "GLIBC_TUNABLES RIPGREP_CONFIG_PATH FZF_DEFAULT_OPTS FZF_DEFAULT_OPTS_FILE LUA_INIT R_PROFILE".split()
)
_APPENDED_PATH = re.compile(r"\$(?:PATH|\{PATH\}):")


def lines_behind(invocation: Invocation) -> Found:
    """Find the lines that options of a program give to a shell."""
    texts: list[str] = []
    unseen = None
    for option, text in _values(invocation, LINES_BEHIND[invocation.name or ""]):
        if text is None:
            unseen = f"what {option} runs cannot be seen"
        elif option == "--checkpoint-action":
            if text.startswith("exec="):
                texts.append(text.removeprefix("exec="))
        elif text:
            texts.append(text)
    return Found(texts=tuple(texts), unseen=unseen)


def _values(invocation: Invocation, options: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    words = invocation.words
    for place, word in enumerate(words[1:], 1):
        value = word.value
        if value is None:
            option, equals, _ = word.beginning.partition("=")
            if equals and option in options:
                yield option, None
        elif value in options:
            if place + 1 < len(words):
                yield value, words[place + 1].value
        elif value.startswith("--"):
            option, equals, text = value.partition("=")
            if equals and option in options:
                yield option, text
        elif len(value) > 2 and value[:2] in options and value[0] == "-":
            yield value[:2], value[2:]
        elif (
            value[:1] == "-" and f"-{value[-1]}" in options and value[1:].isalpha() and place + 1 < len(words)
        ):
            yield f"-{value[-1]}", words[place + 1].value  # -qc LINE: short options that are joined


def changes_path(raw: str) -> bool:
    """Say whether a value of PATH puts other folders before those that are searched now."""
    return _APPENDED_PATH.match(raw.lstrip('"')) is None
