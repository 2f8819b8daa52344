"""Find files and folders: fast, and without what git ignores."""

from typing import Annotated, Any, Literal

from isaac_plugins._search import moment_of, plan, rows, size_of
from isaacd.api import Argument, Context, Handover, InvalidParams, Option, Plugin, Terminal

plugin = Plugin(
    "find", summary="Find files and folders, without what git ignores.", version="1", capabilities=("run",)
)

Kind = Literal["file", "dir", "link", "exec", "empty", "other"]


def _view(found: Any, _: Terminal) -> str:
    import shlex

    return shlex.join(found.argv) if isinstance(found, Handover) else ""


@plugin.command(view=_view, scope="run:confirm")
async def find(
    context: Context,
    pattern: Annotated[
        str | None,
        Argument("Part of a name, or a glob such as '*.py'; without capital letters, case does not matter."),
    ] = None,
    paths: Annotated[list[str], Argument("Folders; else this one.")] = [],  # noqa: B006
    *,
    regex: Annotated[bool, Option("The pattern is a regular expression.", short="r")] = False,
    glob: Annotated[bool, Option("The pattern is a glob for the whole name.")] = False,
    fixed: Annotated[bool, Option("The pattern is plain text.", short="F")] = False,
    full_path: Annotated[bool, Option("The pattern is about the whole path.", short="p")] = False,
    ignore_case: Annotated[bool, Option("Case never matters.", short="i")] = False,
    case_sensitive: Annotated[bool, Option("Case always matters.", short="s")] = False,
    kinds: Annotated[list[Kind], Option("Only what is one of these.", short="k", name="kind")] = [],  # noqa: B006
    types: Annotated[list[str], Option("Only files of this kind, such as py.", short="t", name="type")] = [],  # noqa: B006
    not_types: Annotated[list[str], Option("No files of this kind.", short="T", name="not-type")] = [],  # noqa: B006
    larger: Annotated[str | None, Option("Only files of this size or more, such as 10M.")] = None,
    smaller: Annotated[str | None, Option("Only files up to this size.")] = None,
    newer: Annotated[str | None, Option("Only files changed since, such as 2d or a date.")] = None,
    older: Annotated[str | None, Option("Only files not changed since.")] = None,
    hidden: Annotated[bool, Option("Hidden files too.", short="H")] = False,
    no_ignore: Annotated[bool, Option("What git ignores too.", short="u", name="no-ignore")] = False,
    follow: Annotated[bool, Option("Follow links; circles are left out.", short="L")] = False,
    max_depth: Annotated[int | None, Option("At most so many folders deep.", short="d")] = None,
    limit: Annotated[int | None, Option("Stop after so many.", short="n")] = None,
    null: Annotated[bool, Option("End each name with a NUL, for xargs -0.", short="0")] = False,
) -> Handover | list[dict[str, Any]]:
    """Find files and folders by name, kind, size and age.

    What git ignores and hidden files are left out. Names come as they are found, a folder before what is in it. The
    exit code is 0 if something was found, 1 if not, 2 after a fault. With --json each is a JSON object: path, kind,
    size, mtime.

    Examples:
        isaacctl find report
        isaacctl find '*.py' src --newer 2d
        isaacctl find --kind file --larger 100M ~
        isaacctl find -t md -0 | xargs -0 wc -l
    """
    if regex + glob + fixed > 1:
        raise InvalidParams("--regex, --glob and --fixed exclude each other")
    if ignore_case and case_sensitive:
        raise InvalidParams("--ignore-case and --case-sensitive exclude each other")
    for option, number in (("--max-depth", max_depth), ("--limit", limit)):
        if number is not None and number < 1:
            raise InvalidParams(f"{option} is 1 or more")
    places = list(paths)
    if pattern is not None and not places and "/" in pattern and not (full_path or regex or glob):
        places, pattern = [pattern], None  # names have no slash, so this is a folder
    if regex and pattern is not None:
        import re

        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise InvalidParams(f"the pattern cannot be used: {error}") from None
    now = context.clock.now()
    options: dict[str, object] = {
        "what": "find",
        "pattern": pattern,
        "paths": places,
        "how": "regex" if regex else "glob" if glob else "fixed" if fixed else "smart",
        "full_path": full_path,
        "case": "ignore" if ignore_case else "sensitive" if case_sensitive else "smart",
        "kinds": list(kinds),
        "types": types,
        "not_types": not_types,
        "larger": size_of(larger, "--larger"),
        "smaller": size_of(smaller, "--smaller"),
        "newer": moment_of(newer, "--newer", now),
        "older": moment_of(older, "--older", now),
        "hidden": hidden,
        "no_ignore": no_ignore,
        "follow": follow,
        "max_depth": max_depth,
        "limit": limit,
        "null": null,
    }
    return await rows(context, options) if context.meta.tty is None else plan(options)
