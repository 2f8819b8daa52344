"""Finds the values in a question: paths, names, sizes, times, numbers, hosts and the like."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from isaac_plugins.knowledge import clues

MAX_CHARS = 4000
_NAMED_KINDS = frozenset(("user", "group", "branch", "folder", "text"))
_NUMBERED_KINDS = frozenset(("port", "pid", "line", "column", "depth", "mode"))
_MEASURES = frozenset(("size", "days", "minutes", "seconds", "count"))


@dataclass(slots=True)
class Values:
    """What was found, by kind in order of appearance, and the question with a mark in each value's place."""

    found: dict[str, list[str]] = field(default_factory=dict)
    marked: str = ""

    def add(self, kind: str, value: str) -> None:
        """Note one more value."""
        row = self.found.setdefault(kind, [])
        if value not in row:
            row.append(value)


def extract(question: str) -> Values:
    """Find the values in a question."""
    values = Values()
    text = _quoted(question[:MAX_CHARS], values)
    swap = clues.SWAP.search(text)
    for kind, pattern in clues.RULES:
        text = pattern.sub(lambda match, kind=kind: _take(kind, match, values), text)  # type: ignore[misc]
    for pattern, place in ((clues.HERE, "."), (clues.HOME, "~"), (clues.ROOT, "/")):
        if pattern.search(text):
            values.add("path", place)
    text = _names(_somebody(text, values), values)
    if swap and "old" not in values.found and _plain(swap["old"]) and _plain(swap["new"]):
        values.add("old", swap["old"])
        values.add("new", swap["new"].rstrip(".,"))
        text = text.replace(f" {swap['old']} ", " _text ").replace(f" {swap['new']}", " _text ")
    values.marked = text
    return values


def _quoted(question: str, values: Values) -> str:
    """Take quoted texts out; each is sorted by its form and by the words before it."""

    def replace(match: re.Match[str]) -> str:
        value = next(group for group in match.groups() if group is not None).strip()
        before = question[: match.start()]
        return f" _{_sort(value, before, values)} " if value else " "

    return clues.QUOTES.sub(replace, question)


def _sort(value: str, before: str, values: Values) -> str:
    """Note a quoted text as what it most likely is, and name the mark for it."""
    if re.fullmatch(r"[\w.%+-]+", value):
        _affix(value, before, values)
        for kind, mark, pattern in clues.BEFORE_NAME:
            if pattern.search(before):
                values.add(kind, value)
                return mark
    for kind, pattern in clues.WHOLE:
        if pattern.fullmatch(value):
            values.add(kind, value)
            return kind
    if match := clues.ACCOUNT.fullmatch(value):
        values.add("user", match[1])
        values.add("host", match[2])
        return "host"
    if not re.search(r"\s", value):
        if clues.PATH.match(value) or clues.BEFORE_FOLDER.search(before):
            _path(value, before, values)
            return "path"
        if clues.FILE_NAME.fullmatch(value) or clues.BEFORE_FILE.search(before):
            values.add("to" if clues.AS_TO.search(before) else "file", value)
            return "file"
    values.add("quoted", value)
    return "text"


def _affix(value: str, before: str, values: Values) -> None:
    """Note `starting with "x"` and the like as a pattern for names."""
    match = clues.AFFIX.search(before[-40:])
    if match is None:
        return
    how = match["how"].lower()
    if how == "contain" and "name" not in before[-60:]:
        return
    start = "" if how in ("start", "begin", "prefix") else "*"
    end = "" if how in ("end", "finish", "suffix") else "*"
    values.add("glob", start + value + end)


def _path(value: str, before: str, values: Values) -> None:
    if re.match(r"/dev/(?!null|zero|urandom)", value):
        values.add("device", value)
    values.add("to" if clues.AS_TO.search(before) else "path", value)
    if re.search(r"/[\w%+-][\w.%+-]*\.[A-Za-z0-9]{1,5}\Z", value):
        values.add("file", value)


def _take(kind: str, match: re.Match[str], values: Values) -> str:
    """Note one value and leave a mark in its place."""
    groups = match.groupdict()
    value = groups.get("v") or groups.get("w") or match[0]
    if kind in _MEASURES:
        word = match[0].split()[0].lower() if " " in match[0] else ""
        return _measure(kind, groups, word, values)
    if kind in _NAMED_KINDS:
        return _by_name(kind, value, match[0], values)
    if kind in _NUMBERED_KINDS:
        for group in (value, groups.get("w")):
            if group:
                number = clues.NUMBERS.get(group.lower()) or clues.ORDINALS.get(group.lower(), group)
                values.add(kind, str(number))
        words = re.sub(r"[\d_]+", " ", match[0]) if "v" in groups else ""
        return f" {words} _{kind} "
    before = match.string[: match.start()]
    if kind == "account":
        values.add("user", groups["user"] or "")
        values.add("group" if groups["group"] else "host", groups["group"] or groups["host"] or "")
        if groups["path"]:
            values.add("to", groups["path"])
        return " _name " if groups["group"] else " _host "
    if kind == "path":
        _path(value, before, values)
    elif kind in ("ext", "lang"):
        ending = clues.LANGUAGES[value.lower()] if kind == "lang" else value
        values.add("ext", ending)
        values.add("glob", f"*.{ending}")
        return " _glob "
    elif kind == "file":
        values.add("to" if clues.AS_TO.search(before) and values.found.get("file") else "file", value)
    elif kind == "toext":
        values.add("ext", value)
        return match[0]
    else:
        values.add(kind, value)
    return f" _{kind} "


def _by_name(kind: str, value: str, text: str, values: Values) -> str:
    if not _is_name(value, kind):
        return text
    values.add("path" if kind == "folder" else kind, value)
    mark = {"folder": "_path", "text": "_text"}.get(kind, "_name")
    return text.replace(value, f" {mark} ")


def _measure(kind: str, groups: Mapping[str, str | None], word: str, values: Values) -> str:
    digits = groups.get("n") or "1"
    number = clues.NUMBERS.get(digits.lower()) or int(digits)
    unit = (groups.get("unit") or "").lower()
    if kind == "size":
        values.add("size", f"{number}{clues.BIG[unit[0]]}")
        if unit.startswith("byte"):
            values.add("number", str(number))
        return " _size "
    if kind == "days":
        values.add("days", str(number * clues.DAYS[unit.rstrip("s")]))
        return " day _days "
    if kind == "minutes":
        values.add("minutes", str(number * (60 if unit[0] == "h" else 1)))
        values.add("seconds", str(number * clues.SECONDS[unit[0]]))
        return " minute _minutes "
    values.add(kind, str(number))
    return " second _seconds " if kind == "seconds" else f" {word} _count "


def _somebody(text: str, values: Values) -> str:
    """Find the user or group after `to` or `as`, where the question is about owners or another machine."""
    group = "group" in text.lower()
    for asked, pattern in (
        (clues.OWNER.search(text) is not None, clues.TO_USER),
        ("host" in values.found, clues.AS_USER),
    ):
        match = pattern.search(text) if asked and "user" not in values.found else None
        if match is not None and _is_name(match["v"], "user"):
            values.add("group" if group else "user", match["v"])
            text = text.replace(match["v"], " _name ")
    return text


def _names(text: str, values: Values) -> str:
    """Find names that stand beside a word such as service or install, and mark them."""
    for kind, value in list(_named(text)):
        if _is_name(value, kind):
            values.add(kind, value)
            text = re.sub(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", " _name ", text)
    return text


def _named(text: str) -> Iterator[tuple[str, str]]:
    for match in clues.NAMED.finditer(text):
        yield "name", match["v"].rstrip(".")
    for match in clues.NOUN_BEFORE.finditer(text):
        yield (match["noun"] or match["noun2"]).lower(), (match["v"] or match["v2"]).rstrip(".")
    for match in clues.NOUN_AFTER.finditer(text):
        yield match["noun"].lower(), match["v"].rstrip(".")
    for match in clues.VERB.finditer(text):
        yield clues.VERBS.get(match["verb"].lower(), "service"), match["v"].rstrip(".")


def _is_name(value: str, kind: str) -> bool:
    plain = clues.PLAIN - clues.TOOLS if kind in ("user", "group") else clues.PLAIN
    return bool(value) and value.lower() not in plain and value[0] not in "_\"'`" and not value.isdigit()


def _plain(word: str) -> bool:
    return bool(re.fullmatch(r"[\w.,:-]{1,60}", word)) and _is_name(word, "text")
