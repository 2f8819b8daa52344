"""Which lines only read, by means that share nothing with the judge: a list of programs, and what makes them write.

Deliberately narrow: a line counts only if every word of it is plain, so that nobody has to argue about the rest.
"""

import re
import shlex

READERS = frozenset(
    "[ basename cal cat cd cksum cmp comm cut date df diff dirname du echo egrep expr false fgrep file fold free getconf "
    "getent grep groups head hostname id jq last less locate ls lsblk lscpu lsof man md5sum more netstat nl nproc od "
    "paste pgrep printenv printf ps pwd readlink realpath rg rev seq sha1sum sha256sum sleep stat strings tac tail test "
    "tr tree true tty type uname uniq uptime w wc whereis which who whoami xxd".split()
)
# Programs that only read with one of these as their next word, and nothing else said between.
SUBCOMMANDS = {
    "git": frozenset(
        "blame describe diff grep log ls-files ls-tree rev-list rev-parse shortlog show status".split()
    ),
    "docker": frozenset("images info inspect logs ps version".split()),
    "kubectl": frozenset("describe get logs version".split()),
    "npm": frozenset("ls outdated view".split()),
    "pip": frozenset("check freeze list show".split()),
    "systemctl": frozenset("cat list-units show status".split()),
}
# Options by which readers write or run something.
WRITING = re.compile(r"(--output|-o$|--pre|--ext-diff|--textconv|-exec|-delete|-fprint|-fls|-ok)")
_QUIET = re.compile(r"[0-9]?>&[0-9]|[0-9&]?>\s*/dev/null")
_ODD = re.compile(r"[`$<>(){}\\!]|^\s*$|\n")
_JOINED = frozenset(("|", "&&", "||", ";"))


def only_reads(line: str) -> bool:
    """Return whether a line does nothing but read."""
    plain = _QUIET.sub(" ", line)
    if _ODD.search(plain):
        return False
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=";|&")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return False
    part: list[str] = []
    for word in (*words, ";"):
        if word not in _JOINED:
            part.append(word)
        elif not _part_reads(part):
            return False
        else:
            part = []
    return True


def _part_reads(part: list[str]) -> bool:
    if not part or any(WRITING.match(word) for word in part):
        return False
    name, *rest = part
    if name == "find":
        return True
    return name in READERS or (name in SUBCOMMANDS and bool(rest) and rest[0] in SUBCOMMANDS[name])
