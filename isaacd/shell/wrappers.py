"""Programs that run what stands behind them: how each takes its own options, and where the other command begins."""

from collections.abc import Sequence

import msgspec

from isaacd.shell.syntax import Word


class Shape(msgspec.Struct, frozen=True):
    """How a wrapper's own words look.

    `values` are its options that take the next word, `places` the operands of its own before the command. It may take
    `NAME=value` first (`assigns`). `line` says that what follows is joined and given to a shell, `lines` that each word is.
    """

    values: frozenset[str] = frozenset()
    places: int = 0
    assigns: bool = False
    privileged: bool = False
    line: bool = False
    lines: bool = False
    more_arguments: bool = False
    remote: bool = False
    harmless: frozenset[str] = frozenset()


def _shape(values: str = "", places: int = 0, *, harmless: str = "", **flags: bool) -> Shape:
    return Shape(frozenset(values.split()), places, harmless=frozenset(harmless.split()), **flags)


# With an option of `harmless`, the wrapper only tells something and runs nothing.
WRAPPERS = {
    "sudo": _shape(
        "-u --user -g --group -h --host -p --prompt -C --close-from -D --chdir -R --chroot -T --command-timeout -r --role "
        "-t --type -U --other-user",
        assigns=True,
        privileged=True,
        harmless="-l --list -v --validate -K --remove-timestamp -V --version",
    ),
    "doas": _shape("-u -C", privileged=True, harmless="-L"),
    "pkexec": _shape("-u --user", privileged=True),
    "gosu": _shape("", 1, privileged=True),
    "su-exec": _shape("", 1, privileged=True),
    "setuidgid": _shape("", 1, privileged=True),
    "run0": _shape(
        "-u --user -g --group -D --chdir --setenv --property --unit --slice --nice", privileged=True
    ),
    "env": _shape("-u --unset -C --chdir --block-signal --default-signal --ignore-signal", assigns=True),
    "nice": _shape("-n --adjustment"),
    "ionice": _shape("-c --class -n --classdata", harmless="-p --pid"),
    "chrt": _shape(
        "-T --sched-runtime -P --sched-period -D --sched-deadline", 1, harmless="-p --pid -m --max"
    ),
    "taskset": _shape("", 1, harmless="-p --pid"),
    "nohup": _shape(),
    "setsid": _shape(),
    "stdbuf": _shape("-i --input -o --output -e --error"),
    "unbuffer": _shape(),
    "timeout": _shape("-k --kill-after -s --signal", 1),
    "time": _shape("-f --format -o --output"),
    "caffeinate": _shape("-t -w"),
    "strace": _shape("-e -o -p -s -E -a -b -I -O -P -S -u -X", harmless="-p"),
    "ltrace": _shape("-e -o -p -s -a -l -n -u -x", harmless="-p"),
    "xargs": _shape(
        "-I -J -R -S -n -P -L -d -a -E -s --max-args --max-procs --delimiter --arg-file --max-chars --process-slot-var",
        more_arguments=True,
    ),
    "entr": _shape("", more_arguments=False),
    "watch": _shape("-n --interval -q --equexit", line=True),
    "command": _shape("", harmless="-v -V"),
    "builtin": _shape(),
    "exec": _shape("-a"),
    "chroot": _shape("", 1, privileged=True),
    "unshare": _shape("--propagation --setgroups -R --root -w --wd -S --setuid -G --setgid"),
    "nsenter": _shape("-t --target -S --setuid -G --setgid", privileged=True),
    "setpriv": _shape("--reuid --regid --groups --inh-caps --ambient-caps --bounding-set --securebits"),
    "systemd-run": _shape(
        "-u --unit -p --property --slice -M --machine -E --setenv --uid --gid --nice --on-calendar --on-active"
    ),
    "systemd-inhibit": _shape("--what --who --why --mode", harmless="--list"),
    "dbus-run-session": _shape("--config-file --dbus-daemon"),
    "xvfb-run": _shape(
        "-e --error-file -f --auth-file -n --server-num -p --xauth-protocol -s --server-args -w --wait"
    ),
    "firejail": _shape(""),
    "bwrap": _shape("--bind --ro-bind --dev-bind --tmpfs --proc --dev --chdir --setenv --symlink --dir"),
    "proot": _shape("-r -b -w -q"),
    "fakeroot": _shape("-l --lib -f --faked -i -s -b"),
    "torsocks": _shape(),
    "proxychains": _shape("-f"),
    "proxychains4": _shape("-f"),
    "gdb": _shape("-ex -x -iex -ix -p -c", harmless="-p --pid -c --core"),
    "valgrind": _shape(""),
    "perf": _shape("", 1),
    "hyperfine": _shape(
        "-w --warmup -r --runs -m -M -p --prepare -c --cleanup -s --setup --export-json --export-csv --export-markdown -n -L -N",
        lines=True,
    ),
    "watchexec": _shape("-e --exts -w --watch -i --ignore -s --signal -d --debounce"),
    "eatmydata": _shape(),
    "chronic": _shape(),
    "rlwrap": _shape("-f -H -s -p"),
    "sudoedit": _shape(privileged=True, harmless="-u"),
    "setarch": _shape("", 1),
    "linux64": _shape(),
    "linux32": _shape(),
    "i386": _shape(),
    "numactl": _shape(
        "-m --membind -N --cpunodebind -C --physcpubind -i --interleave -p --preferred",
        harmless="-H --hardware -s --show",
    ),
    "cpulimit": _shape("-l --limit -p --pid -e --exe -P"),
    "prlimit": _shape("-p --pid -o --output", harmless="-p --pid"),
    "cgexec": _shape("-g"),
    "runcon": _shape("-u --user -r --role -t --type -l --range", 1),
    "capsh": _shape(),
    "systemd-cat": _shape("-t --identifier -p --priority"),
    "dbus-launch": _shape(),
    "ssh-agent": _shape("-a -t -E", harmless="-k"),
    "dotenv": _shape("-f --file"),
    "direnv": _shape("", 2),
    "faketime": _shape("-f", 1),
    "softlimit": _shape("-a -c -d -f -l -m -n -o -p -r -s -t"),
    "logsave": _shape("", 1),
    "setlock": _shape("", 1),
    "flock": _shape("-w --wait --timeout -E --conflict-exit-code -c --command", 1),
    "sg": _shape("-c", 1),
    "uvx": _shape("--from --with -p --python"),
    "bunx": _shape(),
    "pnpx": _shape(),
    "xdg-sudo": _shape(privileged=True),
    "gksudo": _shape("-u --user -m --message", privileged=True),
    "gksu": _shape("-u --user -m --message", privileged=True),
    "kdesu": _shape("-u -c", privileged=True),
    "please": _shape("-u --user -t --target", privileged=True, harmless="-l --list"),
    "dzdo": _shape("-u -g", privileged=True),
    "pfexec": _shape(privileged=True),
    "super": _shape(privileged=True),
    "busybox": _shape("", harmless="--list --list-full --help --install"),
    "toybox": _shape(""),
    "npx": _shape("-p --package -c --call"),
    "catchsegv": _shape(),
    "rr": _shape(),
    "mispipe": _shape(lines=True),
    "pee": _shape(lines=True),
    "ifne": _shape(),
    "torify": _shape(),
    "tsocks": _shape(),
    "lldb": _shape("-o -O -s -S -k -K -p -n -c -f", harmless="-p -c --core"),
    "setuid": _shape("", 1, privileged=True),
    "coproc": _shape(),
    "repeat": _shape("", 1),
    **dict.fromkeys(
        (
            "then",
            "do",
            "else",
            "elif",
            "if",
            "while",
            "until",
            "!",
            "{",
            "noglob",
            "nocorrect",
            "-",
            "and",
            "or",
            "not",
            "begin",
        ),
        _shape(),
    ),
}
# Where the tools of GNU are not the system's own, their names begin with a g.
WRAPPERS |= {
    f"g{name}": WRAPPERS[name]
    for name in ("xargs", "timeout", "env", "nice", "nohup", "stdbuf", "time", "chroot")
}

_RUN = frozenset(("run",))
_EXEC = frozenset(("exec", "x", "dlx", "run-script"))
# Programs with a subcommand that runs what stands behind it, and the options that take the next word.
RUNNERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "poetry": (_RUN, frozenset(("-C", "--directory"))),
    "pipenv": (_RUN, frozenset()),
    "pdm": (_RUN, frozenset(("-p",))),
    "hatch": (_RUN, frozenset(("-e", "--env"))),
    "rye": (_RUN, frozenset()),
    "pixi": (_RUN, frozenset(("-e", "--environment"))),
    "uv": (
        frozenset(("run", "tool")),
        frozenset(("--with", "-p", "--python", "--project", "--directory", "--from", "--extra", "--group")),
    ),
    "conda": (_RUN, frozenset(("-n", "--name", "-p", "--prefix", "--cwd"))),
    "mamba": (_RUN, frozenset(("-n", "--name", "-p", "--prefix"))),
    "micromamba": (_RUN, frozenset(("-n", "--name", "-p", "--prefix"))),
    "pipx": (_RUN, frozenset(("--spec", "--python"))),
    "bundle": (_EXEC, frozenset()),
    "npm": (frozenset(("exec", "x")), frozenset(("-p", "--package", "-c", "--call", "--prefix"))),
    "yarn": (frozenset(("exec", "dlx")), frozenset(("-p",))),
    "pnpm": (frozenset(("exec", "dlx")), frozenset(("-C", "--filter"))),
    "bun": (frozenset(("x",)), frozenset()),
    "mise": (frozenset(("exec", "x")), frozenset()),
    "asdf": (frozenset(("exec",)), frozenset()),
    "rbenv": (frozenset(("exec",)), frozenset()),
    "pyenv": (frozenset(("exec",)), frozenset()),
    "op": (_RUN, frozenset(("--env-file", "--account"))),
    "doppler": (_RUN, frozenset(("-p", "-c", "--project", "--config"))),
    "aws-vault": (frozenset(("exec",)), frozenset(("-d", "--duration"))),
    "chezmoi": (frozenset(("execute",)), frozenset()),
    "nix": (frozenset(("shell", "develop", "run")), frozenset()),
    "zellij": (
        _RUN,
        frozenset(("-d", "--direction", "-n", "--name", "--cwd", "--height", "--width", "-x", "-y")),
    ),
    "toolbox": (_RUN, frozenset(("-c", "--container", "-d", "--distro", "-r", "--release"))),
    "snap": (frozenset(("run",)), frozenset()),
    "flatpak": (_RUN, frozenset(("--command",))),
    "heroku": (_RUN, frozenset(("-a", "--app"))),
    "firebase": (frozenset(("emulators:exec",)), frozenset()),
    "devbox": (_RUN, frozenset()),
}


class Unwrapped(msgspec.Struct, frozen=True):
    """What stands behind a wrapper: the words of the command, or why they cannot be told from its own."""

    words: tuple[Word, ...] = ()
    assignments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    places: tuple[Word, ...] = ()
    unseen: bool = False


def unwrap(words: Sequence[Word], shape: Shape) -> Unwrapped:
    """Find the command behind a wrapper; `words` are those after the wrapper's own name."""
    options: list[str] = []
    assignments: list[str] = []
    places: list[Word] = []
    index = 0
    while index < len(words):
        value = words[index].value
        if value is None:
            # An option or the command: what it is would decide which of the words is run.
            return Unwrapped(
                tuple(words[index:]), tuple(assignments), tuple(options), tuple(places), unseen=True
            )
        if value == "--":
            index += 1
            break
        if (len(value) > 1 and value[0] == "-") or (value == "-" and shape.assigns):
            options.append(value)
            index += 1 + _takes_next(value, shape)
        elif shape.assigns and _is_assignment(value):
            assignments.append(value)
            index += 1
        else:
            break
    while index < len(words) and len(places) < shape.places:
        places.append(words[index])
        index += 1
    while shape.assigns and index < len(words) and _is_assignment(words[index].beginning):
        assignments.append(words[index].beginning)
        index += 1
    return Unwrapped(tuple(words[index:]), tuple(assignments), tuple(options), tuple(places))


def _takes_next(option: str, shape: Shape) -> bool:
    """Say whether the next word is the value of an option; `-nu` is `-n -u`, `-n5` and `--nice=5` have theirs."""
    if option.startswith("--"):
        return "=" not in option and option in shape.values
    for position, letter in enumerate(option[1:], 2):
        if f"-{letter}" in shape.values:
            return position == len(option)
    return option in shape.values


def _is_assignment(value: str) -> bool:
    name, equals, _ = value.partition("=")
    # Names may hold more than those of a shell: `BASH_FUNC_ls%%=() { rm x; }` is a function for the next one.
    return bool(equals) and name.rstrip("%()").isidentifier()
