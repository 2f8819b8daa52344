"""Which rules of a command hold for what it was given."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from isaacd.judge.arguments import Arguments, fits
from isaacd.judge.rule import Reading, Ready
from isaacd.shell.syntax import Word

Holds = Callable[[str, Arguments, list[Word]], bool]
Checks = Mapping[str, Callable[[Arguments], bool]]


class Match(msgspec.Struct, frozen=True):
    """A rule that holds, and the operands after its subcommand."""

    rule: Ready
    operands: list[Word]


def best(reading: Reading, arguments: Arguments, *, more: bool, holds: Holds, checks: Checks) -> list[Match]:
    """Return the rules that hold for the most specific subcommand; one that settles stands alone.

    `more` says that there are arguments which are not seen.
    """
    found: list[Match] = []
    besides: list[Match] = []
    settled: list[Match] = []
    most = -1
    for rule, score, used in _candidates(reading, arguments.operands):
        wanted = rule.rule
        if score < most and not wanted.settles and not wanted.always:
            continue
        operands = arguments.operands[used:] if used else arguments.operands
        if not rule.is_plain and not _conditions(
            rule, reading, arguments, operands, more=more, holds=holds, checks=checks
        ):
            continue
        match = Match(rule, operands)
        if wanted.settles:
            settled.append(match)
        elif wanted.always:
            besides.append(match)
        elif score == most:
            found.append(match)
        else:
            found, most = [match], score
    return (settled or found) + besides


def _candidates(reading: Reading, operands: list[Word]) -> Iterator[tuple[Ready, int, int]]:
    """Give each rule whose subcommand fits, how specific that is, and how many words it is."""
    for rule in reading.pathless:
        yield rule, 0, 0
    if not operands or not reading.has_subcommands:
        return
    first = operands[0].value
    if first is None:
        return
    values = [word.value for word in operands[:4]]
    # A rule with several subcommands that fit counts by the most specific one.
    fitting: dict[int, tuple[Ready, int, int]] = {}
    for path in (*reading.by_first.get(first, ()), *reading.wild):
        words = path.words
        if len(words) > 1 or words[0] != first:
            if len(words) > len(values):
                continue
            if not all(
                value is not None and fits(value, word) for value, word in zip(values, words, strict=False)
            ):
                continue
        before = fitting.get(id(path.rule))
        if before is None or before[1] < path.score:
            fitting[id(path.rule)] = (path.rule, path.score, len(words))
    yield from fitting.values()


def _conditions(
    rule: Ready,
    reading: Reading,
    arguments: Arguments,
    operands: list[Word],
    *,
    more: bool,
    holds: Holds,
    checks: Checks,
) -> bool:
    wanted = rule.rule
    exact = wanted.settles
    known = reading.known
    if rule.options and not any(arguments.has(token, known, exact=exact) for token in rule.options):
        return False
    if rule.and_options and not any(arguments.has(token, known, exact=exact) for token in rule.and_options):
        return False
    # What makes a rule hold no more may be shortened where that raises, and must be whole where that lowers.
    if rule.without and any(arguments.has(token, known, exact=not exact) for token in rule.without):
        return False
    if wanted.only and not {token.partition("=")[0] for token in rule.options}.issuperset(arguments.options):
        return False
    if len(operands) < wanted.min_operands and not (more and not exact):
        return False
    if wanted.max_operands is not None and (
        len(operands) > wanted.max_operands or (exact and (more or arguments.unseen))
    ):
        return False
    if rule.operands and not _has_operand(rule.operands, operands, arguments):
        return False
    if wanted.check and not checks[wanted.check](arguments):
        return False
    return all(holds(fact, arguments, operands) for fact in wanted.when)


def _has_operand(patterns: tuple[str, ...], operands: list[Word], arguments: Arguments) -> bool:
    if "@after-dashes" in patterns and 0 < arguments.after_dashes <= len(operands):
        return True
    return any(
        _operand(word, pattern) for word in operands for pattern in patterns if pattern != "@after-dashes"
    )


def _operand(word: Word, pattern: str) -> bool:
    """Say whether an operand is as a rule wants it: literally, `beginning*`, `*end`, or one of the kinds with an @."""
    value = word.beginning
    if pattern[0] == "@":
        return KINDS[pattern](word)
    if pattern == "*":
        return value == "*"  # the pattern itself, as the shell leaves it where nothing matches
    if pattern[0] == "*":
        return pattern.strip("*") in value if pattern[-1] == "*" else value.endswith(pattern[1:])
    return word.value is not None and fits(value, pattern)


def _ending(word: Word) -> str:
    return word.beginning.rpartition(".")[2] if "." in word.beginning[1:] else ""


def _is_url(word: Word) -> bool:
    return "://" in word.beginning[:16]


def _is_remote(word: Word) -> bool:
    host, colon, _ = word.beginning.partition(":")
    return _is_url(word) or bool(colon and host and "/" not in host and "=" not in host)


KINDS: dict[str, Callable[[Word], bool]] = {
    "@url": _is_url,
    "@remote": _is_remote,
    "@device": lambda word: (
        word.beginning.startswith("/dev/") and word.value not in ("/dev/null", "/dev/zero")
    ),
    "@unseen": lambda word: word.value is None,
    "@sink": lambda word: word.value == "/dev/null",
    "@path": lambda word: "/" in word.beginning or word.beginning[:1] in (".", "~"),
    "@file-like": lambda word: 0 < len(_ending(word)) < 6 and _ending(word).isalpha(),
    "@assignment": lambda word: "=" in word.beginning,
    "@refspec-force": lambda word: word.beginning.startswith("+"),
    "@refspec-delete": lambda word: word.beginning.startswith(":") and len(word.beginning) > 1,
}
