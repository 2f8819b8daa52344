"""Find lines in files: fast, without what git ignores, and safe with binary, huge and endless files."""

import re
from typing import Annotated, Any, Literal

from isaac_plugins._search import moment_of, plan, rows, size_of
from isaacd.api import Argument, Context, Handover, InvalidParams, Option, Plugin, Terminal

plugin = Plugin(
    "grep", summary="Find lines in files, without what git ignores.", version="1", capabilities=("run",)
)

Engine = Literal["auto", "own", "rg"]
# What ripgrep's regular expressions do not have, or mean otherwise.
_NOT_FOR_RG = re.compile(r"\(\?[=!<>(]|\(\?P=|\\[1-9AZ]|[*+?}]\+|\\[<>]")
_RG = ("--no-config", "--no-heading", "--no-require-git", "--no-ignore-messages")


def _view(found: Any, _: Terminal) -> str:
    import shlex

    return shlex.join(found.argv) if isinstance(found, Handover) else ""


@plugin.command(view=_view, scope="run:confirm")
async def grep(
    context: Context,
    pattern: Annotated[str, Argument("A regular expression; without capital letters, case does not matter.")],
    paths: Annotated[list[str], Argument("Files and folders; else this folder, or what is piped in.")] = [],  # noqa: B006
    *,
    fixed: Annotated[bool, Option("The pattern is plain text.", short="F")] = False,
    words: Annotated[bool, Option("Whole words only.", short="w")] = False,
    invert: Annotated[bool, Option("Lines that do not fit.", short="v")] = False,
    ignore_case: Annotated[bool, Option("Case never matters.", short="i")] = False,
    case_sensitive: Annotated[bool, Option("Case always matters.", short="s")] = False,
    files: Annotated[bool, Option("Only the names of files that have it.", short="l")] = False,
    files_without: Annotated[bool, Option("Only the names of files that do not have it.")] = False,
    count: Annotated[bool, Option("Only how many lines of each file have it.", short="c")] = False,
    context_: Annotated[int, Option("Lines to show before and after each.", short="C", name="context")] = 0,
    before: Annotated[int, Option("Lines to show before each.", short="B")] = 0,
    after: Annotated[int, Option("Lines to show after each.", short="A")] = 0,
    max_count: Annotated[int | None, Option("At most so many lines of each file.", short="m")] = None,
    types: Annotated[list[str], Option("Only files of this kind, such as py.", short="t", name="type")] = [],  # noqa: B006
    not_types: Annotated[list[str], Option("No files of this kind.", short="T", name="not-type")] = [],  # noqa: B006
    globs: Annotated[
        list[str],
        Option("Only files with such a name or path; after ! none of those.", short="g", name="glob"),
    ] = [],  # noqa: B006
    hidden: Annotated[bool, Option("Hidden files too.", short="H")] = False,
    no_ignore: Annotated[bool, Option("What git ignores too.", short="u", name="no-ignore")] = False,
    follow: Annotated[bool, Option("Follow links.", short="L")] = False,
    text: Annotated[bool, Option("Binary files too, as if they were text.", short="a")] = False,
    max_depth: Annotated[int | None, Option("At most so many folders deep.", short="d")] = None,
    smaller: Annotated[str | None, Option("Only files up to this size, such as 10M.")] = None,
    newer: Annotated[str | None, Option("Only files changed since, such as 2d or a date.")] = None,
    engine: Annotated[Engine, Option("Who searches: ripgrep if it is installed, or Isaac itself.")] = "auto",
) -> Handover | list[dict[str, Any]]:
    r"""Find lines that fit a pattern.

    What git ignores, hidden files and binary ones are left out. The exit code is that of grep: 0 if something was
    found, 1 if not, 2 after a fault. With --json each line is a JSON object: path, line, column, text, matches. The
    search runs in your own terminal, by ripgrep if that is installed, so Ctrl-C stops it at once; a pattern that would
    take for ever is given up after a few seconds a file.

    Examples:
        isaacctl grep TODO
        isaacctl grep -t py -C 2 "def \w+_after" src
        isaacctl grep -w --json main | head -n 1
        journalctl -b | isaacctl grep -i error
    """
    if ignore_case and case_sensitive:
        raise InvalidParams("--ignore-case and --case-sensitive exclude each other")
    if files + files_without + count > 1:
        raise InvalidParams("--files, --files-without and --count exclude each other")
    numbers = {"--context": context_, "--before": before, "--after": after, "--max-count": max_count or 0}
    for option, number in numbers.items():
        if not 0 <= number <= 1_000_000:
            raise InvalidParams(f"{option} is 0 or more")
    if max_depth is not None and max_depth < 1:
        raise InvalidParams("--max-depth is 1 or more")
    _check(pattern, fixed=fixed)
    options: dict[str, object] = {
        "what": "grep",
        "pattern": pattern,
        "paths": list(paths),
        "fixed": fixed,
        "words": words,
        "invert": invert,
        "case": "ignore" if ignore_case else "sensitive" if case_sensitive else "smart",
        "show": "files" if files else "missing" if files_without else "count" if count else None,
        "before": max(before, context_),
        "after": max(after, context_),
        "max_count": max_count,
        "types": types,
        "not_types": not_types,
        "globs": globs,
        "hidden": hidden,
        "no_ignore": no_ignore,
        "follow": follow,
        "text": text,
        "max_depth": max_depth,
        "smaller": size_of(smaller, "--smaller"),
        "newer": moment_of(newer, "--newer", context.clock.now()),
    }
    if context.meta.tty is None:
        return await rows(context, options)
    ours = plan(options)
    rg = None if engine == "own" else _ripgrep(context, options)
    if rg is not None:
        return Handover(argv=rg, always=True, json=ours.json)
    if engine == "rg":
        raise InvalidParams("ripgrep cannot do this search, or it is not installed", hint="--engine own can")
    return ours


def _check(pattern: str, *, fixed: bool) -> None:
    """Refuse a pattern that cannot be read, before anything is begun."""
    if fixed:
        return
    if len(pattern) > 10_000:
        raise InvalidParams(
            "the pattern is longer than 10,000 characters", hint="--fixed searches plain text"
        )
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidParams(
            f"the pattern cannot be used: {error}", hint="--fixed searches for it as plain text"
        ) from None


def _ripgrep(context: Context, options: dict[str, object]) -> tuple[str, ...] | None:
    """Return the words that have ripgrep do this search; None if it is not there, or would do another."""
    paths = options["paths"]
    assert isinstance(paths, list)
    tty = context.meta.tty
    piped = not paths and tty is not None and not tty.stdin
    unlike = (
        options["types"] or options["not_types"] or options["globs"] or options["smaller"] or options["newer"]
    )
    pattern = str(options["pattern"])
    if piped or unlike or (_NOT_FOR_RG.search(pattern) and not options["fixed"]) or not pattern.isascii():
        return None
    from shutil import which

    program = which("rg", path=context.environ.get("PATH", ""))
    if program is None:
        return None
    words = [program, *_RG, f"--color={'always' if context.terminal.color else 'never'}"]
    flags = {
        "fixed": "--fixed-strings",
        "words": "--word-regexp",
        "invert": "--invert-match",
        "no_ignore": "--no-ignore",
        "follow": "--follow",
        "text": "--text",
    }
    words += [flag for name, flag in flags.items() if options[name]]
    if options["hidden"]:
        words += ["--hidden", *([] if options["no_ignore"] else ["--glob=!.git"])]
    case = {"ignore": "--ignore-case", "sensitive": "--case-sensitive", "smart": "--smart-case"}
    words.append(case[str(options["case"])])
    shown = {"files": "--files-with-matches", "missing": "--files-without-match", "count": "--count"}
    words.append(shown.get(str(options["show"]), "--line-number"))
    for name, flag in (("before", "-B"), ("after", "-A"), ("max_count", "-m"), ("max_depth", "--max-depth")):
        if options[name]:
            words += [flag, str(options[name])]
    return (*words, "-e", pattern, "--", *paths)
