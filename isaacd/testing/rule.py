"""Laws of rules about typed lines."""

from collections.abc import Callable, Iterable

# What people type, and what they do not.
LINES = (
    "",
    " ",
    "ls",
    "ls -la /tmp",
    "git commit -m 'a message with \"quotes\"'",
    "rm -rf /",
    "a | b && c; d > e",
    "echo $HOME $(date) `date`",
    "for x in 1 2 3; do echo $x; done",
    "how do I find large files?",
    "ü ä 漢字 🙂",
    "\x1b[31mred",
    "\udc80 not UTF-8",
    "two\nlines",
    "x" * 10_000,
)
_ROUNDS = 10


def check_rule(rule: Callable[[str], str | None], lines: Iterable[str] = ()) -> None:
    """Check that a rule (`@plugin.route`) can be asked about every line; raises AssertionError if not.

    It answers with another line or None, the same each time, raises nothing, and does not go on changing what it has
    said itself. `lines` are lines that it is about.
    """
    for line in (*LINES, *lines):
        said = _ask(rule, line)
        assert _ask(rule, line) == said, f"a rule says the same of {line[:60]!r} each time"
        for _ in range(_ROUNDS):
            if said is None:
                break
            again = _ask(rule, said)
            if again is None or again == said:
                break
            said = again
        else:
            raise AssertionError(f"a rule must not go on changing its own answer to {line[:60]!r}")


def _ask(rule: Callable[[str], str | None], line: str) -> str | None:
    try:
        said: object = rule(line)
    except Exception as error:
        raise AssertionError(f"a rule raises nothing, and {line[:60]!r} made it raise {error!r}") from error
    assert said is None or isinstance(said, str), f"a rule answers with a text or None, not {said!r}"
    return said
