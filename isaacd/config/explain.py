"""Everything that is wrong with one layer of the configuration, in words."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from isaacd.config.keys import Key, dotted
from isaacd.config.offered import UNKNOWN, Offered
from isaacd.config.problem import Origin, Problem
from isaacd.config.tree import Leaf, Names, Node, Table, leaves
from isaacd.redact import is_secret_name, redact_text

_ITEM = re.compile(r"`\$\[(\d+)\]`$")
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "text"),
    (int, "a whole number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "a table"),
)


def explain(
    values: Mapping[str, Any], where: Callable[[Key], Origin], offered: Offered = UNKNOWN
) -> list[Problem]:
    """Find every unknown key and every value that does not fit; `where` tells the origin of a key.

    There is at least one problem if, and only if, msgspec cannot convert `values` to `Config`, or they do not fit what
    plugins offer.
    """
    tree = offered.tree
    return list(_walk(values, tree, (), where, tree))


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be."""
    from difflib import get_close_matches

    known = {item.lower().replace("-", "_"): item for item in words}
    # Two letters in the wrong order are half a word of two or three.
    cutoff = 0.6 if len(word) > 3 else 0.5
    near = get_close_matches(word.lower().replace("-", "_"), known, 1, cutoff)
    return known[near[0]] if near else None


def _walk(value: Any, node: Node, key: Key, where: Callable[[Key], Origin], tree: Table) -> Iterator[Problem]:
    if isinstance(node, Leaf):
        yield from _check(value, node, key, where)
    elif not isinstance(value, dict):
        yield Problem(where(key), _shown(key), f"{_shown(key)} must be a table, not {_kind(value)}")
    elif isinstance(node, Names):
        for name, item in value.items():
            yield from _walk(item, node.item, (*key, name), where, tree)
    else:
        for name, item in value.items():
            if name in node.fields:
                yield from _walk(item, node.fields[name], (*key, name), where, tree)
            else:
                yield _unknown((*key, name), node, where, tree)


def _check(value: Any, leaf: Leaf, key: Key, where: Callable[[Key], Origin]) -> Iterator[Problem]:
    try:
        msgspec.convert(value, leaf.type)
    except msgspec.ValidationError as error:
        item = _ITEM.search(str(error))
        if item is not None and isinstance(value, list):
            key = (*key, int(item[1]))
            value = value[int(item[1])]
            message = f"{_shown(key)} must be text in quotes, not {_kind(value)}"
        else:
            # `model = 3` is told its kind; `level = "loud"` has the right one, so its kind would only puzzle.
            unfit = "" if leaf.is_text and isinstance(value, str) else f", not {_kind(value)}"
            if isinstance(value, (int, float)) and "number" in leaf.words and not isinstance(value, bool):
                unfit = ""
            message = f"{_shown(key)} must be {leaf.words}{unfit}"
        near = nearest(value, leaf.choices) if leaf.choices and isinstance(value, str) else None
        yield Problem(where(key), _shown(key), message, near)


def _unknown(key: Key, table: Table, where: Callable[[Key], Origin], tree: Table) -> Problem:
    name = str(key[-1])
    shown = _shown(key)
    message = f"unknown key {shown}"
    near = nearest(name, table.fields)
    if (
        is_secret_name(name)
        and "api_key_env" in table.fields
        and near in (None, "api_key_env", "api_key_file")
    ):
        advice = "a key does not belong in this file: name the variable that holds it with api_key_env, or its file with api_key_file"
        return Problem(where(key), shown, f"{message}; {advice}")
    if near is None:
        elsewhere = [path for path, _ in leaves(tree) if path[-1] == name]
        if len(elsewhere) == 1:
            near = dotted(elsewhere[0])
    return Problem(where(key), shown, message, near)


def _shown(key: Key) -> str:
    return redact_text(dotted(key))


def _kind(value: object) -> str:
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a date or time")
