"""Words of a line in each system: cut as its own shell would, and written so that the other shell reads the same."""

from typing import NamedTuple

from isaacd.routing.tokens import segments, value_of
from isaacd.routing.translate.row import System

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-")
# Outside of quotes they mean something to cmd or PowerShell that is not translated.
_SYNTAX = frozenset("&;<>`$%^(){}\n#")


class Said(NamedTuple):
    """One word: what it says, and whether it was quoted."""

    text: str
    quoted: bool = False


def pieces(line: str, system: System) -> list[list[Said]] | None:
    """Cut a line into the commands of a pipeline; None if there is more in it than plain words."""
    return _unix(line) if system == "unix" else _windows(line, system)


def _unix(line: str) -> list[list[Said]] | None:
    cut = segments(line)
    if cut is None or any(segment.before not in ("", "|") for segment in cut):
        return None
    # What is left out of the words, a redirection or a comment, must not get lost.
    if any(char in line for char in "<>#\n") or line.rstrip().endswith(("&", ";", "|")):
        return None
    found: list[list[Said]] = []
    for segment in cut:
        words = []
        for piece in segment.words:
            value = value_of(piece)
            if value is None and all(char in _PLAIN or char in "*?" for char in piece.text):
                words.append(Said(piece.text))
            elif value is None:
                return None
            else:
                words.append(Said(value, quoted=not piece.plain))
        found.append(words)
    return found


def _windows(line: str, system: System) -> list[list[Said]] | None:
    found: list[list[Said]] = [[]]
    letters: list[str] = []
    quote, quoted, begun = "", False, False
    marks = "\"'" if system == "powershell" else '"'

    def end() -> None:
        nonlocal quoted, begun
        if begun:
            found[-1].append(Said("".join(letters), quoted))
        letters.clear()
        quoted = begun = False

    for char in line:
        if quote:
            if char == quote:
                quote = ""
            elif quote == '"' and char in "$`%":
                return None
            else:
                letters.append(char)
        elif char in marks:
            quote, quoted, begun = char, True, True
        elif char in " \t":
            end()
        elif char == "|":
            end()
            found.append([])
        elif char in _SYNTAX:
            return None
        else:
            letters.append(char)
            begun = True
    if quote:
        return None
    end()
    return found if all(found) else None


def written(word: Said, system: System, *, quote: bool = False) -> str | None:
    """Write a word for a shell; None if that shell has no way to say it."""
    text = word.text
    plain = _PLAIN | frozenset("*?" if not (word.quoted or quote) else "")
    if system != "unix":
        plain |= frozenset("\\*?~")
    if text and all(char in plain for char in text):
        return text
    if system == "cmd":
        return None if '"' in text or "%" in text or "\n" in text else f'"{text}"'
    inside = text.replace("'", "'\\''" if system == "unix" else "''")
    return f"'{inside}'"
