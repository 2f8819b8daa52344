"""Variables that are no mere data: programs run their values as lines, or take code from where they point."""

import re
from collections.abc import Iterable, Iterator, Mapping

from isaacd.shell.syntax import Text, Word
from isaacd.shell.variables import value_of

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


class Influence(Text, frozen=True):
    """What setting a variable runs or hides: `text` is a line that is run by it, if not `quoted`, else a reason."""


def influences(
    pairs: Iterable[tuple[str, Word | None, str]], values: Mapping[str, str]
) -> Iterator[Influence]:
    """Give what variables do that are no mere data: lines that programs run, and code that is put into programs."""
    for name, word, raw in pairs:
        if name in LINE_VARIABLES:
            value = value_of(word, values) if word is not None else raw
            if value is None:
                yield Influence(f"what {name} makes programs run cannot be seen", quoted=True)
            elif value:
                yield Influence(value)
        elif name == "LESS" and "+" in raw:
            yield Influence("LESS may make less run something at its start", quoted=True)
        elif name in CODE_VARIABLES or name.startswith("BASH_FUNC_"):
            if raw not in ("", "''", '""'):
                yield Influence(f"{name} puts code into programs that cannot be seen", quoted=True)
        elif name == "PATH" and _changes_path(raw):
            yield Influence("which programs run is changed by PATH, and cannot be seen", quoted=True)


def _changes_path(raw: str) -> bool:
    """Say whether a value of PATH puts other folders before those that are searched now."""
    return _APPENDED_PATH.match(raw.lstrip('"')) is None
