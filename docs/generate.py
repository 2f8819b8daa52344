"""Writes the reference pages that are made from the code: `python docs/generate.py`, or `--check` whether they are current."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from isaacd import errors
from isaacd.cli.exits import exit_code
from isaacd.config import Offered
from isaacd.config.template import template
from isaacd.config.tree import Leaf, Names, Node, Table, schema_tree, to_toml

sys.path.insert(0, str(Path(__file__).parent))
from api_page import api_page
from commands_page import bundled, commands_page
from measured_pages import peers_page, report_page
from metrics_page import metrics_page

DOCS = Path(__file__).parent
_NOTE = "<!-- Made by `python docs/generate.py`; change the code, not this page. -->"


def config_page() -> str:
    """Describe every key of config.toml."""
    lines = [
        "# Configuration",
        "",
        _NOTE,
        "",
        "Isaac reads `$XDG_CONFIG_HOME/isaac/config.toml`, usually `~/.config/isaac/config.toml`. The file is optional, "
        "and so is every key. `isaacctl config edit` opens it, `isaacctl config check` checks it, and "
        "`isaacctl config show` tells what holds and where each value comes from.",
        "",
        "Four layers are laid over each other, and the last one that has a key wins:",
        "",
        "1. the defaults below,",
        "2. the file,",
        "3. variables `ISAAC_<SECTION>_<KEY>`, such as `ISAAC_AI_MODEL` or `ISAAC_AI_PROVIDERS_LOCAL_BASE_URL`; an "
        "empty one counts as not set,",
        "4. `--set section.key=value`.",
        "",
        "Tables are laid over each other key by key, lists as a whole. In a variable and after `--set`, text needs no "
        "quotes, a list may be written `one,two`, and `1 0 yes no on off` stand for true and false.",
        "",
        "A key that does not exist is an error, and the message names the line and the nearest key. A file that "
        "everybody can write, or that belongs to another user, is refused: it decides where your keys are sent.",
        "",
    ]
    for name, node in _tree().fields.items():
        lines += _section(node, (name,))
    lines += ["## The whole file", "", "`isaacctl config edit` begins a new file with this:", ""]
    return "\n".join([*lines, "```toml", template(_tree()).rstrip("\n"), "```", ""])


def _tree() -> Table:
    """Return the keys of config.toml, with the settings of the bundled plugins."""
    schemas = {plugin.name: plugin.settings_schema for plugin in bundled()}
    settings = {name: schema for name, schema in schemas.items() if schema is not None}
    return Offered(settings).tree if settings else schema_tree()


def _section(node: Node, key: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, Names):
        yield from _section(node.item, (*key, "NAME"))
        return
    assert isinstance(node, Table)
    yield from (
        f"## `[{'.'.join(key)}]`",
        "",
        node.summary,
        "",
        "| key | value | default | |",
        "|---|---|---|---|",
    )
    below = []
    for name, child in node.fields.items():
        if isinstance(child, Leaf):
            default = "none" if child.default is None else f"`{to_toml(child.default)}`"
            yield f"| `{name}` | {_cell(child.words)} | {default} | {_cell(child.description)} |"
        elif isinstance(child, Names) and isinstance(child.item, Leaf):
            yield f"| `{name}` | a table; each value: {_cell(child.item.words)} | none | {_cell(child.description)} |"
        else:
            below.append((name, child))
    yield ""
    for name, child in below:
        yield from _section(child, (*key, name))


def errors_page() -> str:
    """Describe every error with its code."""
    lines = [
        "# Errors",
        "",
        _NOTE,
        "",
        "An error has a code and a name on the wire, someone to blame, and an exit code in `isaacctl`. A retryable "
        "error may go away by itself: the same request can be sent again.",
        "",
        "| code | name | blame | retryable | exit code | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for error in sorted(_errors(), key=lambda item: (item.code < -32099, -item.code)):
        again = "yes" if error.retryable else "no"
        meaning = (error.__doc__ or "").partition("\n")[0]
        lines.append(
            f"| {error.code} | `{error.name}` | {error.blame} | {again} | {exit_code(error)} | {_cell(meaning)} |"
        )
    return "\n".join([*lines, ""])


def _errors() -> list[type[errors.IsaacError]]:
    """List the classes of the tree; the root only lends its code to `InternalError`."""
    found = [item for item in vars(errors).values() if isinstance(item, type)]
    return [item for item in found if issubclass(item, errors.IsaacError) and item is not errors.IsaacError]


def decisions_page() -> str:
    """List what was decided, by the titles of the pages."""
    lines = [
        "# Decisions",
        "",
        _NOTE,
        "",
        "Why Isaac is built as it is: what was decided, the reasons, what else was weighed, and what it costs. A decision is "
        "never rewritten when it no longer holds; a later one takes its place and says so.",
        "",
        "| | decided |",
        "|---|---|",
    ]
    for page in sorted((DOCS / "explanation/decisions").glob("[0-9]*.md")):
        number, _, title = page.read_text().partition("\n")[0].removeprefix("# ").partition(" ")
        lines.append(f"| {int(number.rstrip('.:'))} | [{title}]({page.name}) |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# A new page is one more line here.
PAGES: dict[str, Callable[[], str]] = {
    "reference/api.md": lambda: api_page(_NOTE),
    "reference/commands.md": lambda: commands_page(_NOTE),
    "reference/config.md": config_page,
    "reference/errors.md": errors_page,
    "reference/metrics.md": lambda: metrics_page(_NOTE),
    "explanation/decisions/README.md": decisions_page,
    "explanation/performance-report.md": report_page,
    "explanation/peers.md": peers_page,
}


def stale(folder: Path = DOCS) -> list[str]:
    """Name the pages that differ from what the code says."""
    current = {name: (folder / name).read_text() if (folder / name).exists() else None for name in PAGES}
    return [name for name, page in PAGES.items() if current[name] != page()]


def main(arguments: list[str], folder: Path = DOCS) -> int:
    """Write the pages, or with `--check` only compare them; return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/generate.py [--check]\n")
        return 2
    names = stale(folder)
    if arguments:
        for name in names:
            sys.stderr.write(f"{folder / name} is not current; run python docs/generate.py\n")
        return 1 if names else 0
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(PAGES[name]())
        sys.stdout.write(f"wrote {folder / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
