"""What the commands of the plugin give back, and how people see it."""

import msgspec

from isaacd.api import Candidate, Terminal


class Updated(msgspec.Struct, frozen=True):
    """What an update brought: the number of pages, where they are kept, and the number of texts to search."""

    pages: int
    file: str
    texts: int


class Source(msgspec.Struct, frozen=True):
    """One of the places that answers come from."""

    name: str
    texts: int
    place: str


class Info(msgspec.Struct, frozen=True):
    """What can be searched, and the state of the index."""

    sources: tuple[Source, ...]
    index: str
    index_kib: int
    index_age_s: float | None


def show_candidates(found: list[Candidate], terminal: Terminal) -> str:
    """Show what a search found."""
    if not found:
        return "nothing found; more commands can be searched after: isaacctl knowledge update"
    return "\n".join(
        f"{terminal.style(item.command, 1)}\n    {item.description}\n    "
        + terminal.style(f"{item.source}, confidence {item.confidence:.2f}", 2)
        for item in found
    )


def show_info(info: Info, terminal: Terminal) -> str:
    """Show what can be searched."""
    lines = [f"{source.name:<10} {source.texts:>7} texts   {source.place}" for source in info.sources]
    lines.append(f"{'index':<10} {info.index_kib:>7} KiB     {info.index}")
    if info.index_age_s is not None:
        lines.append(terminal.style(f"built {_ago(info.index_age_s)} ago", 2))
    return "\n".join(lines)


def show_updated(updated: Updated, terminal: Terminal) -> str:
    """Tell what an update brought."""
    return f"{updated.pages} tldr pages are in {updated.file}; {updated.texts} texts can be searched now."


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
