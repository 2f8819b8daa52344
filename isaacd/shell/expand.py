"""What the shell makes of words before a program gets them: braces, and variables whose value is in sight."""

import itertools
import re
from collections.abc import Mapping, Sequence

import msgspec

from isaacd.shell.arrays import elements
from isaacd.shell.parameters import parameter
from isaacd.shell.syntax import Part, Text, Unseen, Word
from isaacd.shell.written import written_by

BLANKS = " \t\n"  # what a new shell has in IFS
MAX_WORDS = 256
MAX_BRACES = 40
_TOO_MANY = Word("...", (Unseen("parameter"),))
_SEQUENCE = re.compile(r"(-?\d{1,9}|[A-Za-z])\.\.(-?\d{1,9}|[A-Za-z])(?:\.\.(-?\d{1,9}))?\Z")


def expand(words: Sequence[Word], values: Mapping[str, str], *, outputs: bool = True) -> list[Word]:
    """Return the words that a program would get, as far as they are seen.

    A variable of `values` is replaced by its value, which is split where `IFS` says unless it stands in quotes. Braces with
    commas and short sequences make several words. With `outputs`, so is what `$(echo text)` and its like certainly
    give. Patterns stay as they are: which files they match is not looked up.
    """
    found: list[Word] = []
    for word in words:
        for braced in _braces(word):
            if (arguments := _arguments(braced, values)) is not None:
                found += arguments
            elif (several := _elements(braced, values)) is not None:
                found += several
            elif braced.parts:  # `{,x}` makes one word, not two
                found += _fields(_substituted(braced, values, outputs=outputs), values.get("IFS", BLANKS))
            if len(found) > MAX_WORDS:
                return [*found[:MAX_WORDS], _TOO_MANY]
    return found


def _arguments(word: Word, values: Mapping[str, str]) -> list[Word] | None:
    """Return the words of `"$@"`, if they are seen."""
    last = word.parts[-1] if word.parts else None
    if not isinstance(last, Unseen) or last.name != "@" or not last.quoted or word.raw != '"$@"':
        return None
    count = values.get("#", "")
    if not count.isdigit() or any(str(index) not in values for index in range(1, int(count) + 1)):
        return None
    return [
        Word(value, (Text(value, quoted=True),))
        for value in (values[str(index)] for index in range(1, int(count) + 1))
    ]


def _elements(word: Word, values: Mapping[str, str]) -> list[Word] | None:
    """Return the words of `"${name[@]}"` and `${name[*]}`, if they are seen."""
    parts = [part for part in word.parts if isinstance(part, Unseen) or part.text]
    part = parts[0] if len(parts) == 1 else None
    if not isinstance(part, Unseen) or part.kind != "parameter" or part.name[-3:] not in ("[@]", "[*]"):
        return None
    found = elements(part.name[:-3], values)
    if found is None:
        return None
    ifs = values.get("IFS", BLANKS)
    if part.quoted and part.name[-2] == "*":
        return [Word(word.raw, (Text(ifs[:1].join(found), quoted=True),))]
    if part.quoted:
        # A pattern or a `~` among them was expanded before: what it stands for is what counts.
        return [Word(text, (Text(text),)) for text in found]
    return [field for text in found for field in _fields(Word(word.raw, (_Value(text),)), ifs)]


def _substituted(word: Word, values: Mapping[str, str], *, outputs: bool) -> Word:
    for part in word.parts:
        if isinstance(part, Unseen):
            break
    else:
        return word
    parts: list[Part] = []
    for part in word.parts:
        value = _seen(part, values, outputs=outputs) if isinstance(part, Unseen) else None
        if value is None or not isinstance(part, Unseen):
            parts.append(part)
        else:
            parts.append(Text(value, quoted=part.quoted) if part.quoted else _Value(value))
    return Word(word.raw, tuple(parts))


def _seen(part: Unseen, values: Mapping[str, str], *, outputs: bool) -> str | None:
    if part.kind == "variable":
        # In quotes `"$@"` makes several words.
        return values.get(part.name) if not (part.quoted and part.name == "@") else None
    if part.kind == "parameter":
        return parameter(part.name, values)
    if part.kind == "command" and outputs and len(part.scripts) == 1:
        return written_by(part.scripts[0])
    return None


class _Value(Text, frozen=True):
    """The value of a variable outside of quotes: it is split at blanks."""


def _fields(word: Word, ifs: str) -> list[Word]:
    if not any(isinstance(part, _Value) for part in word.parts):
        return [word]
    fields: list[list[Part]] = [[]]
    for part in word.parts:
        if not isinstance(part, _Value):
            fields[-1].append(part)
            continue
        pieces = _pieces(part.text, ifs)
        if pieces and not pieces[0] and fields[-1]:
            fields.append([])
        kept = [piece for piece in pieces if piece]
        for index, piece in enumerate(kept):
            if index:
                fields.append([])
            fields[-1].append(Text(piece))
        if kept and not pieces[-1]:
            fields.append([])
    return [Word(word.raw, tuple(parts)) for parts in fields if parts]


def _pieces(text: str, ifs: str) -> list[str]:
    """Split a text where the shell does; a piece without letters is an edge, or what no command counts on."""
    if ifs == BLANKS:
        pieces = text.split()
        return [*[""] * text[:1].isspace(), *pieces, *[""] * text[-1:].isspace()]
    return re.split(f"[{re.escape(ifs)}]+", text) if ifs else [text]


# Braces


def _braces(word: Word) -> list[Word]:
    """Expand `a{b,c}d` and `{1..3}` outside of quotes, as bash does before all else."""
    count = sum(
        part.text.count("{")
        for part in word.parts
        if isinstance(part, Text) and not part.quoted and "{" in part.text
    )
    if not count:
        return [word]
    if count > MAX_BRACES:
        return [msgspec.structs.replace(word, parts=(Unseen("parameter"), *word.parts))]
    return _expanded(word)


def _expanded(word: Word) -> list[Word]:
    opening = _find_braces(word.parts)
    if opening is None:
        return [word]
    before, alternatives, after = opening
    found: list[Word] = []
    for alternative in alternatives:
        for rest in _expanded(Word(word.raw, (*before, *alternative, *after))):
            found.append(rest)
            if len(found) > MAX_WORDS:
                return found
    return found


_Split = tuple[tuple[Part, ...], list[tuple[Part, ...]], tuple[Part, ...]]


def _find_braces(parts: tuple[Part, ...]) -> _Split | None:
    """Find the first pair of braces that expands: what is before it, its alternatives, and what is after it."""
    atoms = _atoms(parts)
    open_: list[tuple[int, list[int]]] = []
    pairs: list[tuple[int, int, list[int]]] = []
    for index, atom in enumerate(atoms):
        if atom == _OPEN and not (
            index and isinstance(before := atoms[index - 1], Text) and before == _DOLLAR
        ):
            open_.append((index, []))
        elif atom == _COMMA and open_:
            open_[-1][1].append(index)
        elif atom == _CLOSE and open_:
            start, commas = open_.pop()
            pairs.append((start, index, commas))
    for start, end, commas in sorted(pairs):
        alternatives = _alternatives(atoms, start, end, commas)
        if alternatives is not None:
            return tuple(atoms[:start]), alternatives, tuple(atoms[end + 1 :])
    return None


_OPEN, _CLOSE, _COMMA, _DOLLAR = Text("{"), Text("}"), Text(","), Text("$")


def _alternatives(
    atoms: list[Part], start: int, end: int, commas: list[int]
) -> list[tuple[Part, ...]] | None:
    if commas:
        edges = [start, *commas, end]
        return [tuple(atoms[left + 1 : right]) for left, right in itertools.pairwise(edges)]
    inner = atoms[start + 1 : end]
    if not all(isinstance(atom, Text) and not atom.quoted for atom in inner):
        return None
    found = _SEQUENCE.match("".join(atom.text for atom in inner if isinstance(atom, Text)))
    if found is None:
        return None
    return [(Text(item),) for item in _sequence(*found.groups())] or None


def _sequence(first: str, last: str, step: str | None) -> list[str]:
    numbers = [item.lstrip("-").isdigit() for item in (first, last)]
    if numbers[0] != numbers[1]:
        return []
    low, high = (int(first), int(last)) if numbers[0] else (ord(first), ord(last))
    width = abs(int(step)) if step else 1
    many = range(low, high + 1, width or 1) if low <= high else range(low, high - 1, -(width or 1))
    return [str(item) if numbers[0] else chr(item) for item in many[:MAX_WORDS]]


def _atoms(parts: tuple[Part, ...]) -> list[Part]:
    """Take unquoted text apart at braces and commas."""
    atoms: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and not part.quoted and any(char in part.text for char in "{},"):
            atoms += [Text(piece) for piece in re.split(r"([{},])", part.text) if piece]
        else:
            atoms.append(part)
    return atoms
