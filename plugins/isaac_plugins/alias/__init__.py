"""Keep names of your own for the beginnings of lines."""

from typing import Annotated

import msgspec

from isaac_plugins.alias.naming import free_name
from isaac_plugins.alias.written import read_aliases
from isaacd.api import (
    Argument,
    Context,
    HistoryQuery,
    Input,
    InvalidParams,
    NotFound,
    Option,
    Plugin,
    Terminal,
    Tier,
    Words,
    check_alias,
    plain,
)

plugin = Plugin(
    "alias",
    summary="Keep names of your own for the beginnings of lines.",
    version="1",
    capabilities=("history",),
)

_Name = Annotated[str, Argument("The name.")]
_LOOKED_THROUGH = 500
_SHORTEST, _LONGEST = 8, 200
_COLOURS = {"1": 32, "2": 32, "2.5": 33, "3": 33, "4": 31}


class AliasCard(msgspec.Struct, frozen=True, kw_only=True):
    """One alias: what it stands for, where it is from (`isaac` or `config`), and how dangerous its line is.

    `shadows` says what the name means otherwise; `notes` are what a person should know of it.
    """

    name: str
    line: str
    origin: str
    tier: str
    shadows: str | None = None
    notes: list[str] = []


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """A name for a line that was typed often; `saves` is how many keys that would have saved."""

    name: str
    line: str
    runs: int
    saves: int


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken over from a shell, and what was left out, each with the reason."""

    added: list[AliasCard]
    left_out: dict[str, str]
    dry_run: bool = False


def _card(context: Context, name: str, line: str, origin: str) -> AliasCard:
    shadows = context.aliases.shadowed(name)
    verdict = context.aliases.verdict(line)
    notes = [f"{name} is {shadows}; as an alias it means something else to Isaac"] if shadows else []
    if verdict.tier >= Tier.BEYOND:
        notes += dict.fromkeys(reason.text for reason in verdict.reasons if reason.tier is verdict.tier)
    return AliasCard(
        name=name, line=line, origin=origin, tier=verdict.tier.label, shadows=shadows, notes=notes
    )


def _cards(context: Context) -> list[AliasCard]:
    return [_card(context, row.name, row.line, row.origin) for row in context.aliases.rows()]


def _table(found: list[AliasCard], terminal: Terminal) -> str:
    if not found:
        return "there are no aliases; to add one: isaacctl alias add gs 'git status --short'"
    width = max(len(card.name) for card in found)
    return "\n".join(
        f"{plain(card.name):<{width}}  {terminal.style(f'{card.tier:<3}', _COLOURS[card.tier])}  "
        f"{plain(card.line)}{terminal.style('  (config.toml)', 2) if card.origin == 'config' else ''}"
        for card in found
    )


def _shown(card: AliasCard, terminal: Terminal) -> str:
    return "\n".join([_table([card], terminal), *(f"  note: {plain(note)}" for note in card.notes)])


@plugin.command(view=_table)
def alias(context: Context) -> list[AliasCard]:
    """Show your aliases, with the tier of each.

    Those that were added by command, and those of config.toml. Isaac puts the line in place of the name when it routes or runs a line that begins with it. Your shell does not know
    these names.

    Examples:
        isaacctl alias
        isaacctl alias --json
    """
    return _cards(context)


@plugin.command(view=_shown)
def show(context: Context, name: _Name) -> AliasCard:
    """Show one alias, and what should be known of it.

    Examples:
        isaacctl alias show gs
    """
    found = next((row for row in context.aliases.rows() if row.name == name), None)
    if found is None:
        raise NotFound(f"there is no alias {name}", hint="to see all: isaacctl alias")
    return _card(context, found.name, found.line, found.origin)


@plugin.command(view=_shown)
def add(
    context: Context,
    name: _Name,
    line: Annotated[str, Words("What it stands for; quote what your shell would read otherwise.")],
    *,
    force: Annotated[bool, Option("Also if the name means something already.", short="f")] = False,
) -> AliasCard:
    """Add an alias, or change one. Nothing is written to config.toml.

    A name that is a program or a command of the shell is refused without --force; so is one that config.toml has,
    because that comes first.

    Examples:
        isaacctl alias add gs 'git status --short'
        isaacctl alias add deploy 'make deploy TARGET=staging'
    """
    card = _card(context, name, line, "isaac")
    kept = next((row for row in context.aliases.rows() if row.name == name), None)
    if kept is not None and kept.origin == "config":
        raise InvalidParams(
            f"config.toml has an alias {name} already: {kept.line}",
            hint="change it there: isaacctl config edit",
        )
    if card.shadows is not None and not force:
        raise InvalidParams(f"{name} is {card.shadows}", hint="take another name, or give --force")
    context.aliases.add({name: line})
    return card


@plugin.command(view=lambda card, _: f"removed {card.name}, which was: {plain(card.line)}")
def remove(context: Context, name: _Name) -> AliasCard:
    """Remove an alias.

    Examples:
        isaacctl alias remove gs
    """
    card = show(context, name)
    if not context.aliases.remove(name):
        raise InvalidParams(
            f"{name} is an alias of config.toml", hint="take it out there: isaacctl config edit"
        )
    return card


def _imported(found: Imported, terminal: Terminal) -> str:
    lines = [_table(found.added, terminal)] if found.added else []
    lines += [f"left out {plain(name)}: {why}" for name, why in found.left_out.items()]
    verb = "would add" if found.dry_run else "added"
    return "\n".join([*lines, f"{verb} {len(found.added)} aliases, left out {len(found.left_out)}"])


@plugin.command(name="import", view=_imported)
def import_(
    context: Context,
    text: Annotated[Input, Argument("What your shell's `alias` prints: a file, or - for standard input.")],
    *,
    force: Annotated[bool, Option("Take over names that mean something already, too.", short="f")] = False,
    dry_run: Annotated[bool, Option("Only say what would be taken over.", short="n")] = False,
) -> Imported:
    """Take over the aliases of your shell.

    Those that are there already, and those of zsh that stand anywhere in a line, are left out.

    Examples:
        isaacctl alias import aliases.txt --dry-run
        isaacctl alias import ~/.bash_aliases
    """
    known = {row.name: row for row in context.aliases.rows()}
    wanted: dict[str, AliasCard] = {}
    left_out: dict[str, str] = {}
    for name, line in read_aliases(text):
        if line is None:
            left_out[name] = "it cannot be an alias of a whole line"
            continue
        try:
            check_alias(name, line)
        except InvalidParams as error:
            left_out[name] = error.message
            continue
        card = _card(context, name, line, "isaac")
        if name in known and (known[name].origin == "config" or known[name].line == line):
            left_out[name] = "it is there already"
        elif card.shadows is not None and not force:
            left_out[name] = f"it is {card.shadows} (--force takes it over)"
        else:
            wanted[name] = card
    if wanted and not dry_run:
        context.aliases.add({card.name: card.line for card in wanted.values()})
    return Imported(added=list(wanted.values()), left_out=left_out, dry_run=dry_run)


def _suggested(found: list[Suggested], terminal: Terminal) -> str:
    if not found:
        return "nothing is typed often enough yet to need a shorter name"
    width = max(len(item.name) for item in found)
    return "\n".join(
        f"{terminal.style(f'{item.name:<{width}}', 1)}  {plain(item.line)}  "
        + terminal.style(f"({item.runs} runs, would have saved {item.saves:,} keys)", 2)
        for item in found
    )


@plugin.command(view=_suggested)
async def suggest(
    context: Context,
    *,
    limit: Annotated[int, Option("At most so many.", short="n")] = 10,
    runs: Annotated[int, Option("Only lines that were run so often at least.")] = 5,
) -> list[Suggested]:
    """Suggest short names for the lines that you type most, from your history. Nothing is added.

    Examples:
        isaacctl alias suggest
        isaacctl alias suggest --runs 20 --json
    """
    if not 1 <= limit <= 100:
        raise InvalidParams("--limit must lie between 1 and 100")
    rows = context.aliases.rows()
    taken, lines = {row.name for row in rows}, {row.line for row in rows}
    found = []
    stats = await context.history.stats(HistoryQuery(), top=_LOOKED_THROUGH)
    for row in stats.commands:
        line = row.command.strip()
        long_enough = _SHORTEST <= len(line) <= _LONGEST and "\n" not in line and "[redacted]" not in line
        # What is no program here was a mistake, however often it was made.
        is_known = context.aliases.shadowed(line.split(maxsplit=1)[0]) is not None
        if row.runs < runs or not long_enough or not is_known or line in lines:
            continue
        name = free_name(line, lambda name: name not in taken and context.aliases.shadowed(name) is None)
        if name is not None:
            taken.add(name)
            found.append(
                Suggested(name=name, line=line, runs=row.runs, saves=row.runs * (len(line) - len(name)))
            )
    return sorted(found, key=lambda item: -item.saves)[:limit]
