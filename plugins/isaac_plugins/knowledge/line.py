"""Explains a whole command line from a table, word for word, or not at all."""

import re
from collections.abc import Iterator, Mapping, Sequence

from isaac_plugins.knowledge.consoles import CONSOLES
from isaac_plugins.knowledge.programs import PROGRAMS, Program
from isaac_plugins.knowledge.ranking import Answer, Hit

MAX_LINE_CHARS = 300
# The whole line was read by a table; what is left is that the program may be another here, as behind an alias.
_SURE = 0.95
_ASKED = re.compile(
    r"\s*(?:please )?explain(?: (?:this|the))?(?: (?P<where>shell|bash|msfconsole))?(?: (?:command|line|command line))?"
    r"(?:\s*:\s*|\s+(?=`))(?P<tick>`?)(?P<line>[^\n`]+)(?P=tick)\s*[.?]?\s*\Z",
    re.IGNORECASE,
)
# Words that the shell leaves as they are, apart from quotes. Whatever else there is, the line is not understood.
_TOKEN = re.compile(
    r"\s*(?:(?P<operator>\|\||&&|>>|[|>;])|(?P<word>(?:[\w./~@+:,%=-]|'[^']*'|\"[^\"$`\\!]*\"|\\[ '()])+))(?=\s|[|>;&]|\Z)"
)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|\\(.)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_THEN = {
    "|": "What it prints goes to the next command: ",
    "&&": "Then, if that went well: ",
    "||": "If that failed: ",
    ";": "Then: ",
}


def asked_line(question: str) -> tuple[str, str] | None:
    """Return where the line was typed ("shell", "msfconsole") and the line that the question wants explained."""
    match = _ASKED.match(question) if len(question) <= MAX_LINE_CHARS + 100 else None
    if match is None:
        return None
    where = (match["where"] or "shell").lower()
    return "shell" if where == "bash" else where, match["line"].strip()


def explain_asked(question: str) -> Answer | None:
    """Answer a question for the meaning of one command line, if all of that is understood."""
    asked = asked_line(question)
    text = explain_line(asked[1], asked[0]) if asked is not None else None
    if asked is None or text is None:
        return None
    return Answer((Hit("cookbook", "line", asked[1].split()[0], asked[1], text, 2.0, 1.0),), (_SURE,))


def explain_line(line: str, where: str = "shell") -> str | None:
    """Explain a command line in a sentence for each command; None unless every word of it is understood.

    >>> explain_line("ls -a personal/")
    'Lists personal/: the file, or what is in the directory; hidden ones too.'
    """
    if len(line) > MAX_LINE_CHARS or not line.isascii():
        return None
    if where != "shell":
        return _console(CONSOLES.get(where, {}), line)
    tokens = _tokens(line)
    if not tokens:
        return None
    sentences = []
    before = ""
    for operator, words in _commands(tokens):
        if operator in (">", ">>"):
            if len(words) != 1:
                return None
            how = "in place of what was in it" if operator == ">" else "behind what is in it"
            sentences.append(f"What it prints goes to the file {words[0]}, {how}.")
            continue
        sentence = _command(PROGRAMS, words, piped=before == "|" or operator == "|")
        if sentence is None:
            return None
        sentences.append(_THEN.get(operator, "") + sentence)
        before = operator
    return " ".join(sentences)


def _console(programs: Mapping[str, Program], line: str) -> str | None:
    words = line.split()
    plain = all(re.fullmatch(r"[\w./~@+:,%=-]+", word) for word in words)
    return _command(programs, words, piped=False) if words and plain else None


def _tokens(line: str) -> list[tuple[str, str]] | None:
    """Split a line into (operator, "") and ("", word), a word without its quotes; None if there is more to it."""
    found = []
    position = 0
    line = line.rstrip()
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            return None
        position = match.end()
        word = match["word"] or ""
        if word and (_ASSIGNMENT.match(word) or re.match(r"~[A-Za-z]", word)):
            return None
        found.append(
            (match["operator"] or "", _QUOTED.sub(lambda quote: next(filter(None, quote.groups()), ""), word))
        )
    return found


def _commands(tokens: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    operator, words = "", list[str]()
    for sign, word in tokens:
        if sign:
            yield operator, words
            operator, words = sign, []
        else:
            words.append(word)
    yield operator, words


def _command(programs: Mapping[str, Program], words: Sequence[str], *, piped: bool) -> str | None:
    """Explain one command; `piped` is that its input comes from another."""
    if not words:
        return None
    name, *rest = words
    if name == "sudo" and rest and not rest[0].startswith("-"):
        inner = _command(programs, rest, piped=piped)
        return None if inner is None else f"As root: {inner}"
    program = programs.get(name)
    if program is None:
        return None
    if len(rest) == 1 and rest[0] in program.help_words:
        return f"Prints how {name} is used, and its options."
    read = _read(program, rest)
    if read is None:
        return None
    flags, operands = read
    sentence = _sentence(program, operands, piped=piped)
    if sentence is None:
        return None
    return sentence + (f"; {', '.join(flags)}" if flags else "") + "."


def _read(program: Program, words: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Split words into what the options mean, each once and in order, and the operands."""
    if program.verbatim and words and not words[0].startswith("-"):
        return [], list(words)
    meanings: list[str] = []
    operands: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--" or not word:
            return None
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        found = _option(program, word, rest)
        if found is None:
            return None
        meanings += [item for item in found if item not in meanings]
    return meanings, operands


def _option(program: Program, word: str, rest: Iterator[str]) -> list[str] | None:
    """Say what one word of options means; takes the value from `rest` if the option has one."""
    name, equals, value = word.partition("=")
    if name in program.values:
        given = value if equals else next(rest, "")
        return _valued(program, name, given)
    if word in program.flags:
        return [program.flags[word]]
    if word.startswith("--") or program.whole_words:
        return None
    # A cluster: -la is -l -a, and -p22 is -p 22.
    if word[:2] in program.values:
        return _valued(program, word[:2], word[2:])
    letters = [f"-{letter}" for letter in word[1:]]
    if letters[-1] in program.values and all(letter in program.flags for letter in letters[:-1]):
        last = _valued(program, letters[-1], next(rest, ""))
        return None if last is None else [*(program.flags[letter] for letter in letters[:-1]), *last]
    if all(letter in program.flags for letter in letters):
        return [program.flags[letter] for letter in letters]
    return None


def _valued(program: Program, option: str, value: str) -> list[str] | None:
    kind, meaning = program.values[option]
    return [meaning.format(value)] if value and re.fullmatch(kind, value) else None


def _sentence(program: Program, operands: Sequence[str], *, piped: bool) -> str | None:
    """Fill the sentence for this number of operands; None if one of them is not of its kind."""
    if len(operands) == 1 and operands[0] in program.special:
        return program.special[operands[0]]
    if piped and len(operands) in program.piped:
        form: str | None = program.piped[len(operands)]
    else:
        form = program.forms.get(len(operands)) or (program.forms.get("many") if len(operands) > 1 else None)
    kinds = [*program.kinds, *program.kinds[-1:] * len(operands)]
    if form is None or not all(map(re.fullmatch, kinds, operands)):
        return None
    if program.needs and operands and not any(program.needs in item for item in operands):
        return None
    if len(operands) == 2 and program.first_of_two and not re.fullmatch(program.first_of_two, operands[0]):
        return None
    return form.format(
        *operands,
        all=_and(operands),
        first=_and(operands[:-1]),
        last=operands[-1] if operands else "",
        rest=" ".join(operands[1:]),
    )


def _and(items: Sequence[str]) -> str:
    """Join names: a, b and c."""
    return ", ".join(items) if len(items) < 2 else f"{', '.join(items[:-1])} and {items[-1]}"
