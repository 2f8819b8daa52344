"""The shape of a rule: which commands it is about, under which conditions it holds, and what it says."""

from typing import Literal

import msgspec

from isaacd.safety.tier import Tier

Effect = Literal[
    "create", "append", "write", "move", "delete", "delete-tree", "wipe", "change", "change-tree"
]
Style = Literal["gnu", "exact", "single", "words"]
Fact = Literal["clean", "not-clean", "dirty", "protected-branch", "root", "existing-file"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule, as it stands in a file under `[[rule]]`; lists of words are texts with blanks between them.

    `commands` and `subcommands` say what it is about. It holds if one of `options` is there (and one of
    `and_options`), none of `without`, one of `operands`, as many operands as `min_operands` and `max_operands` want,
    all facts of `when`, and what `check` asks of the text. Then the tier is at least `tier`; with an `effect` also
    what the table of places says of the `targets`. One that `settles` decides alone;
    one that holds `always` counts whatever the subcommand; one with `only` wants no other options than its own.
    """

    commands: str
    reason: str
    examples: dict[str, Tier]
    tier: Tier = Tier.READ
    subcommands: list[str] = []
    options: str = ""
    and_options: str = ""
    without: str = ""
    operands: str = ""
    min_operands: int = 0
    max_operands: int | None = None
    when: list[Fact] = []
    check: str = ""
    effect: Effect | None = None
    targets: str = "all"
    destroys: str = ""
    settles: bool = False
    always: bool = False
    floor: bool = False
    only: bool = False


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the words of a command are read, as it stands under `[[tool]]`.

    `values` are the options that take the next word. Style gnu joins short options (`-rf`) and shortens long ones;
    exact is the same with long options only in full, single has long options with one dash (`-auto-approve`); words takes every word as it stands (`find`, `dd`).
    With `ends_options` what follows the first operand belongs to another command (`sudo`).
    """

    commands: str
    values: str = ""
    style: Style = "gnu"
    ends_options: bool = False


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Variables that change what other commands do, under `[[variable]]`."""

    names: str
    tier: Tier
    reason: str
    examples: dict[str, Tier]


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of rules."""

    title: str
    rule: list[Rule] = []
    tool: list[Tool] = []
    variable: list[Variable] = []


class Ready(msgspec.Struct, frozen=True):
    """A rule made ready to be asked quickly."""

    rule: Rule
    id: str
    paths: tuple[tuple[str, ...], ...]
    options: tuple[str, ...]
    and_options: tuple[str, ...]
    without: tuple[str, ...]
    operands: tuple[str, ...]
    is_plain: bool
    tier: Tier


class Path(msgspec.Struct, frozen=True):
    """One subcommand of a rule; the more words and letters of it are literal, the higher its score."""

    words: tuple[str, ...]
    score: int
    rule: Ready


class Reading(msgspec.Struct, frozen=True):
    """All that is known of one command: its rules, how its words are read, and the options that its rules name.

    `pathless` are the rules without a subcommand, `by_first` those whose subcommand begins with a word, `wild` those
    whose first word is a pattern.
    """

    name: str
    rules: tuple[Ready, ...]
    values: frozenset[str] = frozenset()
    style: Style = "gnu"
    known: frozenset[str] = frozenset()
    ends_options: bool = False
    pathless: tuple[Ready, ...] = ()
    by_first: dict[str, tuple[Path, ...]] = {}
    wild: tuple[Path, ...] = ()

    @property
    def has_subcommands(self) -> bool:
        """Whether its first operand is a subcommand."""
        return bool(self.by_first or self.wild)


def ready(rule: Rule, file: str) -> Ready:
    """Make a rule ready."""
    paths = tuple(tuple(path.split()) for path in rule.subcommands)
    options, and_options = tuple(rule.options.split()), tuple(rule.and_options.split())
    without, operands = tuple(rule.without.split()), tuple(rule.operands.split())
    conditions = (
        options,
        and_options,
        without,
        operands,
        rule.when,
        rule.check,
        rule.effect,
        rule.min_operands,
    )
    words = (rule.commands.split()[0], *(paths[0] if paths else ()), *options[:1])
    return Ready(
        rule,
        f"{file}: {' '.join(words)}",
        paths,
        options,
        and_options,
        without,
        operands,
        not any(conditions) and rule.max_operands is None,
        rule.tier,
    )


def reading(
    name: str, rules: tuple[Ready, ...], values: frozenset[str], style: Style, *, ends_options: bool = False
) -> Reading:
    """Put in order what is known of a command."""
    by_first: dict[str, list[Path]] = {}
    wild: list[Path] = []
    for rule in rules:
        for words in rule.paths:
            literal = sum(len(word.rstrip("*")) + (word[-1:] != "*") for word in words)
            path = Path(words, 100 * len(words) + literal, rule)
            (wild if words[0][-1:] == "*" else by_first.setdefault(words[0], [])).append(path)
    tokens = {token for rule in rules for token in (*rule.options, *rule.and_options, *rule.without)}
    known = frozenset(token.partition("=")[0] for token in tokens) | values
    return Reading(
        name,
        rules,
        values,
        style,
        known,
        ends_options,
        tuple(rule for rule in rules if not rule.paths),
        {first: tuple(paths) for first, paths in by_first.items()},
        tuple(wild),
    )
