"""Programs with a way of their own to run others: find, parallel, git, editors, databases, terminals."""

import itertools
import re
from collections.abc import Iterator

import msgspec

from isaacd.shell.indirect.found import SHELLS, Finder, Found, joined, merged, operands, read_as_shell
from isaacd.shell.indirect.interpreters import hidden_in
from isaacd.shell.indirect.make import make
from isaacd.shell.indirect.sed import sed
from isaacd.shell.indirect.starts import found_below, found_by_fd, piped
from isaacd.shell.indirect.wrapped import wrapped
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Text, Word
from isaacd.shell.written import written

_EXECS = frozenset(("-exec", "-execdir", "-ok", "-okdir"))
_GIT_RUNS = re.compile(
    r"(?:alias\.|.*(?:pager|editor|command|fsmonitor|helper|textconv|program|\.process|\.clean|\.smudge|\.driver|\.cmd|\.tool|hook|diffFilter|templateDir)|"
    r"core\.(?:hookspath|askpass|gitproxy|alternaterefscommand)|remote\..*\.(?:uploadpack|receivepack|vcs)|.*\.exec|sequence\.editor|include)",
    re.IGNORECASE,
)
_PARALLEL_TAKES = frozenset(
    "-j --jobs -N -n -a --arg-file --delay --joblog --results -S --sshlogin --tmpdir --colsep -C -d -I -L --max-procs -P".split()
)
_TERMINALS = frozenset(
    ("xterm", "konsole", "alacritty", "urxvt", "rxvt", "st", "kitty", "foot", "terminator", "xfce4-terminal")
)
_TMUX_RUNS = frozenset(
    "new-session new new-window neww split-window splitw respawn-pane respawn-window run-shell run if-shell pipe-pane popup display-popup".split()
)
_TMUX_TAKES = frozenset("-s -n -t -c -F -x -y -e -L -S -f -l -d".split()) - {"-d"}


def _find(invocation: Invocation) -> Found:
    commands: list[tuple[Word, ...]] = []
    words = invocation.words
    unseen = None
    place = 1
    while place < len(words):
        if words[place].value in _EXECS:
            end = place + 1
            while end < len(words) and words[end].value not in (";", "+"):
                end += 1
            command = tuple(words[place + 1 : end])
            if command:
                commands.append(command)
                program = (command[0].value or "").rpartition("/")[2]
                if "{}" in program:
                    unseen = "find runs the files that it finds"
                elif program in SHELLS and any(_holds_names(word.value or "") for word in command[1:]):
                    unseen = "find puts the names of files into what a shell runs"
            place = end
        place += 1
    if not commands:
        return Found()
    return Found(tuple(commands), unseen=unseen, more_arguments=True, starts=found_below(words))


def _holds_names(text: str) -> bool:
    """Say whether find would put a name into a text; a word that is nothing else is an argument."""
    return "{}" in text and text != "{}"


def _fd(invocation: Invocation) -> Found:
    words = invocation.words
    for place, word in enumerate(words):
        if word.value in ("-x", "-X", "--exec", "--exec-batch") and place + 1 < len(words):
            return Found((tuple(words[place + 1 :]),), more_arguments=True, starts=found_by_fd(words))
    return Found()


def _parallel(invocation: Invocation) -> Found:
    words = invocation.words[1:]
    start = operands(words, _PARALLEL_TAKES)
    end = next(
        (place for place, word in enumerate(words) if (word.value or "").startswith(":::")), len(words)
    )
    command = words[start:end]
    if command:
        found = joined(command, "which command parallel runs cannot be seen")
        if "{" in (command[0].value or "{")[:1]:
            found = msgspec.structs.replace(found, unseen="parallel runs commands that are not seen")
        given = tuple(word for word in words[end:] if not (word.value or "").startswith(":::"))
        return msgspec.structs.replace(found, more_arguments=True, starts=given or piped(invocation))
    lines = [word for word in words[end + 1 :] if not (word.value or "").startswith(":::")]
    if not lines or words[end].value != ":::":
        texts = read_as_shell(invocation).texts
        return Found(texts=texts, unseen="parallel runs the lines that it is given")
    return merged(*(joined((line,), "a line that parallel runs cannot be seen") for line in lines))


def _git(invocation: Invocation) -> Found:
    values = [word.value for word in invocation.words]
    finds: list[Found] = []
    for place, subcommand in ((i, value) for i, value in enumerate(values) if value in ("run", "foreach")):
        rest = invocation.words[place + 1 :]
        if subcommand == "run" and "bisect" in values[:place] and rest:
            finds.append(Found((tuple(rest),)))
        elif subcommand == "foreach" and "submodule" in values[:place]:
            rest = tuple(word for word in rest if word.value not in ("--recursive", "--quiet", "-q"))
            if rest:
                finds.append(joined(rest, "what git runs in each submodule cannot be seen"))
        break
    for before, value in itertools.pairwise(values):
        if before in ("-c", "--config-env", "--config") and value is not None:
            finds.append(_setting(*value.partition("=")[::2]))
    if "config" in values:
        place = values.index("config") + 1
        set_ = [value for value in values[place:] if value is not None and not value.startswith("-")]
        set_ = set_[1:] if set_[:1] == ["set"] else set_
        if len(set_) > 1:
            finds.append(_setting(set_[0], set_[1]))
    for word in invocation.words:
        value = word.value or ""
        if value.startswith("ext::"):
            finds.append(Found(texts=(value[5:],)))
    return merged(*finds)


def _setting(name: str, value: str) -> Found:
    """Settings that git runs: an alias with `!`, a pager, an editor, a helper."""
    if not _GIT_RUNS.match(name) or not value:
        return Found()
    if name.lower().startswith("alias.") and not value.startswith("!"):
        return Found(texts=(f"git {value}",))
    if name.lower().startswith(("core.hookspath", "include")):
        return Found(unseen=f"git runs what is in {value}, which cannot be seen")
    return Found(texts=(value.lstrip("!"),))


def _editor(invocation: Invocation) -> Found:
    """`vim -c ':!rm x'`, `vim +'!rm x'`, and `ex` or `ed`, which read such commands."""
    texts: list[str] = []
    unseen = None
    words = invocation.words
    for place, word in enumerate(words):
        value = word.value or ""
        code = None
        if value in ("-c", "--cmd") and place + 1 < len(words):
            code = words[place + 1].value or "!"
        elif value.startswith("+") and len(value) > 1:
            code = value[1:]
        elif value in ("-S", "-u", "-s") and place + 1 < len(words) and words[place + 1].value != "NONE":
            unseen = f"what is in the file {words[place + 1].raw} is run, and cannot be seen"
        if code is not None:
            shell, rest = _shell_of(code)
            texts += shell
            unseen = unseen or rest
    if (invocation.name or "") in ("ed", "ex", "red") or "-es" in [word.value for word in words]:
        read = read_as_shell(invocation)
        for line in "".join(read.texts).splitlines():
            shell, rest = _shell_of(line)
            texts += shell
        unseen = unseen or read.unseen
    return Found(texts=tuple(texts), unseen=unseen)


def _pager(invocation: Invocation) -> Found:
    """`less +'!rm x'`: what less is told to do at its start."""
    codes = [value for word in invocation.words[1:] if (value := word.value or "").startswith("+")]
    return Found(texts=tuple(code.partition("!")[2] for code in codes if "!" in code))


def _shell_of(code: str) -> tuple[list[str], str | None]:
    shell = re.search(r"(?:^|[|:\s\d,$%])(?:r |w )?!\s{0,4}(.{1,2000})", code)
    if shell is not None:
        return [shell[1]], None
    if re.search(
        r"\b(?:system|call|exe|execute|source|so|lua|py|python3?|perl|ruby|normal|terminal|ter|w\w{0,4}\s|d\w*|saveas)\b",
        code,
    ):
        called = re.search(r"system\(\s{0,4}[\"']([^\"']{1,2000})[\"']", code)
        return [
            called[1]
        ] if called else [], "what the editor does with the commands that it is given is not judged in full"
    return [], None


def _database(marks: str) -> Finder:
    r"""`psql -c '\! rm x'`, `sqlite3 file '.shell rm x'`, `mysql -e 'system rm x'`."""
    runs = re.compile(marks, re.MULTILINE)

    def find(invocation: Invocation) -> Found:
        texts = [word.value or "" for word in invocation.words[1:]]
        texts += read_as_shell(invocation).texts
        lines = (line for text in texts for found in runs.finditer(text) for line in found.groups() if line)
        return Found(texts=tuple(lines))

    return find


def _tmux(invocation: Invocation) -> Found:
    values = [word.value for word in invocation.words]
    place = next((index for index, value in enumerate(values) if value in _TMUX_RUNS), None)
    if place is not None:
        rest = invocation.words[place + 1 :]
        rest = rest[operands(rest, _TMUX_TAKES) :]
        return joined(rest, "what tmux runs cannot be seen") if rest else Found()
    for index, value in enumerate(values):
        if value in ("send-keys", "send"):
            rest = invocation.words[index + 1 :]
            rest = rest[operands(rest, frozenset(("-t", "-N"))) :]
            return joined(
                [word for word in rest if word.value not in ("Enter", "C-m")],
                "what tmux types cannot be seen",
            )
    return Found()


def _screen(invocation: Invocation) -> Found:
    words = invocation.words[1:]
    for place, word in enumerate(words):
        if word.value in ("exec", "stuff") and place + 1 < len(words):
            return joined(words[place + 1 :], "what screen runs cannot be seen")
        if (word.value or "").startswith("-X"):
            continue
    place = operands(words, frozenset("-S -c -e -h -p -s -T -t -dmS -DmS -mdS -x -r -L -Logfile".split()))
    return Found((words[place:],)) if place < len(words) else Found()


_FZF_RUNS = re.compile(
    r"(?:execute(?:-silent)?|reload(?:-sync)?|become|transform(?:-\w{1,20})?|preview|change-preview)(?:\(([^()]{1,2000})\)|:(.{1,2000})|[^\w\s(:+,](.{1,2000}))"
)


def _fzf(invocation: Invocation) -> Found:
    """`fzf --bind 'enter:execute(rm {})'`: what its keys run; `--preview` stands with the options of others."""
    texts = []
    for before, word in itertools.pairwise(invocation.words):
        value = word.value or ""
        bound = value if before.value == "--bind" else value.partition("=")[2]
        if before.value == "--bind" or value.startswith("--bind="):
            texts += [found[1] or found[2] or found[3] for found in _FZF_RUNS.finditer(bound)]
    return Found(texts=tuple(texts))


def _terminal(invocation: Invocation) -> Found:
    words = invocation.words
    for place, word in enumerate(words):
        if word.value in ("-e", "-x", "--", "--command", "--execute") and place + 1 < len(words):
            rest = words[place + 1 :]
            return joined(rest, "what the terminal runs cannot be seen")
    if invocation.name in ("kitty", "foot"):
        place = 1 + operands(
            words[1:], frozenset(("-c", "--config", "-T", "--title", "-d", "--directory", "-D"))
        )
        return Found((words[place:],)) if place < len(words) else Found()
    return Found()


def _scheduled(invocation: Invocation) -> Found:
    """`at` and `batch` run what they read, later; `crontab` does so again and again."""
    values = [word.value for word in invocation.words[1:]]
    if invocation.name == "crontab":
        if "-" not in values and values:
            return Found()
        read = read_as_shell(invocation)
        texts = [*read.texts, *_told_among(invocation.receives)]
        lines = [line.split(None, 5) for text in texts for line in text.splitlines()]
        return Found((), tuple(line[5] for line in lines if len(line) > 5), read.unseen)
    if any(value in ("-l", "-r", "-d", "-c", "-V", "-q") for value in values):
        return Found()
    if "-f" in values:
        return Found(unseen="what is in the file is run later, and cannot be seen")
    return read_as_shell(invocation)


def _told_among(source: Invocation | None) -> Iterator[str]:
    """Give what is seen of what several commands write to one pipe, as in `(crontab -l; echo LINE) |`."""
    for _ in range(16):
        if source is None:
            return
        text = written(source.words, (), None) if source.name in ("echo", "printf") else None
        if text is not None:
            yield text
        source = source.receives


_DEBUGGER_RUNS = re.compile(
    r"^\s{0,8}(?:!|(?:platform )?shell\s|(?:platform )?pipe\s)\s{0,8}(.{1,2000})", re.MULTILINE
)
_DEBUGGER_CALLS = re.compile(r"(?:system|popen)\s{0,4}\(\s{0,4}[\"']([^\"']{1,2000})[\"']")


def _debugger(invocation: Invocation) -> Found:
    """`gdb -ex '!rm x'`, and the program behind `--args`."""
    texts = [
        found[1]
        for word in invocation.words[1:]
        for pattern in (_DEBUGGER_RUNS, _DEBUGGER_CALLS)
        for found in pattern.finditer((word.value or "").removeprefix("--eval-command="))
    ]
    return merged(wrapped(invocation.name or "", invocation), Found(texts=tuple(texts)))


def _unpacker(invocation: Invocation) -> Found:
    """`openssl engine`, `rpm --eval '%(rm x)'`: what is between the parentheses is run."""
    return Found(
        texts=tuple(
            found[1]
            for word in invocation.words[1:]
            for found in re.finditer(r"%\(([^()]{1,2000})\)", word.value or "")
        )
    )


def _perl_in(invocation: Invocation) -> Found:
    """`exiftool -if CODE` and `-p FORMAT`: Perl, which may run lines."""
    texts: list[str] = []
    for before, word in itertools.pairwise(invocation.words):
        if before.value in ("-if", "-if2", "-p", "-printFormat") and word.value is not None:
            texts += hidden_in("perl", word.value)
    return Found(texts=tuple(texts))


def _network(invocation: Invocation) -> Found:
    """`ip netns exec NAME COMMAND`, `ip vrf exec NAME COMMAND`."""
    values = [word.value for word in invocation.words]
    for place, value in enumerate(values[1:4], 1):
        if value in ("netns", "vrf") and values[place + 1 : place + 2] == ["exec"]:
            return Found((invocation.words[place + 3 :],)) if len(values) > place + 3 else Found()
    return Found()


def _cmd(invocation: Invocation) -> Found:
    """`cmd /c LINE`."""
    values = [(word.value or "").lower() for word in invocation.words]
    place = next((place for place, value in enumerate(values) if value in ("/c", "/k", "/r")), None)
    return Found() if place is None else Found((invocation.words[place + 1 :],))


def _cmake(invocation: Invocation) -> Found:
    """`cmake -E rm ...`: commands that are the same on every system."""
    words = invocation.words
    if len(words) < 3 or words[1].value != "-E":
        return Found()
    name = {
        "remove": "rm",
        "remove_directory": "rm -rf",
        "copy_directory": "cp -r",
        "rename": "mv",
        "make_directory": "mkdir",
        "copy": "cp",
    }.get(words[2].value or "", words[2].value or "?")
    return Found(((*(Word(item, (Text(item),)) for item in name.split()), *words[3:]),))


_OF_MYSQL = r"(?:^|;)\s*(?:\\!|\\P|system|pager)\s+(.+)|--pager=(.+)"

PROGRAMS: dict[str, Finder] = {
    "find": _find,
    "gfind": _find,
    "fd": _fd,
    "fdfind": _fd,
    "parallel": _parallel,
    "sem": _parallel,
    "git": _git,
    "sed": sed,
    "gsed": sed,
    **dict.fromkeys(
        ("vi", "vim", "nvim", "view", "vimdiff", "gvim", "ex", "ed", "red", "nvi", "rvim"), _editor
    ),
    "psql": _database(r"\\!\s*(.+)|\\[a-z]+[^\n]*?\|\s*(.+)|`([^`\n]+)`|\bprogram\s+'([^'\n]+)'"),
    "sqlite3": _database(
        r"^\s*\.(?:shell|system)\s+(.+)|^\s*\.[a-z]+\s+[^|\n]{0,200}?\|([^'\"\n]+)|\bedit\([^,\n]{0,200},\s*'([^'\n]+)'"
    ),
    "mysql": _database(_OF_MYSQL),
    "dc": _database(r"!\s*([^<>=!\n].*)"),
    "mariadb": _database(_OF_MYSQL),
    "exiftool": _perl_in,
    "ip": _network,
    "cmd": _cmd,
    "cmd.exe": _cmd,
    "cmake": _cmake,
    **dict.fromkeys(("less", "more", "most"), _pager),
    "make": make,
    "gmake": make,
    "tmux": _tmux,
    "screen": _screen,
    **dict.fromkeys((*_TERMINALS, "gnome-terminal", "x-terminal-emulator"), _terminal),
    "at": _scheduled,
    "batch": _scheduled,
    "crontab": _scheduled,
    "rpm": _unpacker,
    "rpmquery": _unpacker,
    "fzf": _fzf,
    "sk": _fzf,
    "gdb": _debugger,
    "lldb": _debugger,
}
