"""Questions to the history as conditions of SQL; all that a person says is a parameter."""

import sys

from isaacd.history.cards import Query, RunCard

COLUMNS = "runs.id, lines.text, runs.at, runs.duration, runs.exit, runs.cwd, runs.host, runs.session, runs.shell, lines.uses"
FROM = "runs JOIN lines ON lines.id = runs.line"
ORDER = "ORDER BY runs.at DESC, runs.id DESC"
# Interrupted and closed pipes (130, 141) are how a person ends a command, not how it fails.
FAILED = "runs.exit IS NOT NULL AND runs.exit NOT IN (0, 130, 141)"
US = 1_000_000


def condition(query: Query) -> tuple[str, list[object]]:
    """Return what holds for the runs that are asked for, apart from the words of their text."""
    parts: list[str] = []
    values: list[object] = []

    def hold(text: str, *given: object) -> None:
        parts.append(text)
        values.extend(stored(value) if isinstance(value, str) else value for value in given)

    for column, wanted in (
        ("session", query.session),
        ("host", query.host),
        ("shell", query.shell),
        ("exit", query.exit),
    ):
        if wanted is not None:
            hold(f"runs.{column} = ?", wanted)
    if query.failed is not None:
        hold(FAILED if query.failed else f"NOT ({FAILED}) AND runs.exit IS NOT NULL")
    if query.cwd is not None:
        folder = query.cwd.rstrip("/")
        hold("(runs.cwd = ? OR substr(runs.cwd, 1, ?) = ?)", folder or "/", len(folder) + 1, f"{folder}/")
    if query.since is not None:
        hold("runs.at >= ?", int(query.since * US))
    if query.until is not None:
        hold("coalesce(runs.at, 0) <= ?", int(query.until * US))
    if query.pattern is not None:
        hold("lines.text GLOB ?", query.pattern)
    if query.ids:
        hold(f"runs.id IN ({','.join('?' * len(query.ids))})", *query.ids)
    return " AND ".join(parts) or "1", values


def whole_condition(query: Query) -> tuple[str, list[object]]:
    """Return what holds for the runs that are asked for; their words may be parts of others."""
    where, values = condition(query)
    if not query.text.strip():
        return where, values
    like, likes = like_words(query.text)
    return f"{like} AND {where}", [*likes, *values]


def like_words(text: str) -> tuple[str, list[object]]:
    """Return what holds for lines that have all words of a text somewhere, whole or as parts of others."""
    words = stored(text).split()
    condition = " AND ".join(["lines.text LIKE ? ESCAPE '\\'"] * len(words)) or "1"
    return condition, [f"%{_escaped(word)}%" for word in words]


def fts_words(text: str) -> str:
    """Return the words as a question to the index, in which no sign of its language is one."""
    words = stored(text).split()
    return " ".join(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in words) + "*"


def stored(text: str) -> str:
    r"""Write a text as it would stand in the file: bytes that are no UTF-8 as `\xff`, and no NUL."""
    data = text.replace("\0", " ").encode(
        "utf-8", "surrogateescape" if _is_of_bytes(text) else "backslashreplace"
    )
    return data.decode("utf-8", "backslashreplace")


def _is_of_bytes(text: str) -> bool:
    """Say whether all halves of surrogate pairs in a text stand for bytes (PEP 383)."""
    return all("\udc80" <= char <= "\udcff" for char in text if "\ud800" <= char <= "\udfff")


def card(row: tuple[object, ...]) -> RunCard:
    """Return a row of COLUMNS as a card."""
    number, text, at, duration, exit_code, cwd, host, session, shell, uses = row
    return RunCard(
        id=int(number),  # type: ignore[call-overload]
        command=str(text),
        at=None if at is None else int(at) / US,  # type: ignore[call-overload]
        duration_s=None if duration is None else int(duration) / US,  # type: ignore[call-overload]
        exit=exit_code,  # type: ignore[arg-type]
        cwd=sys.intern(str(cwd)),  # the same few for all rows
        host=sys.intern(str(host)),
        session=sys.intern(str(session)),
        shell=sys.intern(str(shell)),
        runs=int(uses),  # type: ignore[call-overload]
    )


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
