"""What values and operands say: modes, sizes, times, patterns, addresses, variables."""

import re

from isaacd.manual.own import SIGNALS
from isaacd.shell.syntax import Unseen, Word

_MODE = re.compile(r"[0-7]{3,4}\Z")
_SYMBOLIC = re.compile(r"(?:[ugoa]*[+=-][rwxXst]*,?)+\Z")
_SIZE = re.compile(r"([+-]?)(\d+)([cwbkMG]?)\Z")
_DAYS = re.compile(r"([+-]?)(\d+)\Z")
_SUBSTITUTE = re.compile(
    r"(?P<where>[^sS]{0,12}?)s(?P<by>[^\w\s\\])(?P<old>(?:\\.|(?!(?P=by)).)*)(?P=by)(?P<new>(?:\\.|(?!(?P=by)).)*)(?P=by)(?P<flags>[gipIe0-9]*)\Z"
)
_PRINTED = re.compile(r"(?P<from>\d+|/[^/]+/|\$)(?:,(?P<to>\d+|/[^/]+/|\$))?(?P<what>[pd])\Z")
_TYPES = {
    "f": "regular files",
    "d": "directories",
    "l": "symbolic links",
    "b": "block devices",
    "c": "character devices",
    "p": "pipes",
    "s": "sockets",
}
_UNITS = {
    "": "blocks of 512 bytes",
    "b": "blocks of 512 bytes",
    "c": "bytes",
    "w": "words of 2 bytes",
    "k": "KiB",
    "M": "MiB",
    "G": "GiB",
}
_HOST = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!//)\S*\Z")
_PLACEHOLDER = re.compile(r"<[\w][\w .|/-]*>|\{\{[^{}]+\}\}")
_WHO = ("the owner", "the group", "all others")


def operand(program: str, word: Word, role: str) -> str:
    """Say what an operand is: its role for the program, and what its own form says."""
    value = word.value
    notes = [role] if role else []
    if program == "chmod" and value and (_MODE.match(value) or _SYMBOLIC.match(value)):
        notes = [mode(value)]
    elif program in ("sed", "gsed") and role == "the script" and value:
        notes = [_script(value) or role]
    own = form(word)
    if own and own not in notes:
        notes.append(own)
    return "; ".join(notes) or "an argument"


def form(word: Word) -> str:
    """Say what the form of a word tells, whatever program it is for; nothing if it tells nothing."""
    raw, value = word.raw, word.value
    told = [variable(part) for part in word.parts if isinstance(part, Unseen)]
    if told:
        return "; ".join(dict.fromkeys(text for text in told if text))
    if word.is_pattern:
        return f"the shell puts the names in its place that fit ({_pattern(raw)})"
    if value is None:
        return ""
    if _PLACEHOLDER.search(raw):
        return "a placeholder: put your own word in its place"
    if value == "-":
        return "standard input (or output)"
    if raw.startswith("~"):
        return "in your home directory" if raw[1:2] in ("", "/") else "in the home directory of that user"
    if re.match(r"[a-z][a-z0-9+.-]*://", value):
        return "an address"
    if _HOST.match(value) and not value.startswith("/"):
        return "on another host" if "@" in value or "/" in value else ""
    if word.is_expanded and "{" in raw and ("," in raw or ".." in raw):
        return "the shell makes one word of each alternative in the braces"
    return {
        ".": "this directory",
        "..": "the directory above",
        "/": "the root of all files",
        "/dev/null": "the device that swallows everything",
    }.get(value, "")


def value(program: str, option: str, given: str, called: str) -> str:
    """Say what the value of an option means, as far as that is known; nothing otherwise."""
    if program == "find":
        if option == "-type":
            return ", ".join(_TYPES.get(kind, kind) for kind in given.split(","))
        if option == "-size" and (match := _SIZE.match(given)):
            return f"{_compared(match[1])}{match[2]} {_UNITS[match[3]]}"
        if option in ("-mtime", "-ctime", "-atime", "-mmin", "-cmin", "-amin") and (
            match := _DAYS.match(given)
        ):
            unit = "days" if option.endswith("time") else "minutes"
            return f"{_compared(match[1])}{match[2]} {unit} ago"
        if option == "-perm":
            return mode(given.lstrip("-/")) if _MODE.match(given.lstrip("-/")) else ""
    if program in ("kill", "pkill", "killall") and option == "-s":
        return SIGNALS.get(given.removeprefix("SIG"), "")
    if program in ("mkdir", "install") and option in ("-m", "--mode") and _MODE.match(given):
        return mode(given)
    return f"the {called}" if called and called.isalpha() and called.upper() != given.upper() else ""


def mode(text: str) -> str:
    """Say what rights a mode gives: 644 or u+x."""
    if _MODE.match(text):
        digits = text[-3:]
        rights = [f"{who} may {_rights(int(digit))}" for who, digit in zip(_WHO, digits, strict=True)]
        extra = f"; special bits {text[0]}" if len(text) == 4 and text[0] != "0" else ""
        return ", ".join(rights) + extra
    signs = {"+": "gets", "-": "loses", "=": "gets just"}
    names = {
        "r": "reading",
        "w": "writing",
        "x": "running",
        "X": "running (directories, and what some may run)",
        "s": "set-id",
        "t": "sticky",
    }
    whom = {"u": "the owner", "g": "the group", "o": "all others", "a": "everybody"}
    found = []
    for part in text.split(","):
        match = re.match(r"([ugoa]*)([+=-])([rwxXst]*)", part)
        if match:
            who = (
                " and ".join(whom[letter] for letter in dict.fromkeys(match[1]))
                or "everybody (within the umask)"
            )
            found.append(
                f"{who}: {signs[match[2]]} {', '.join(names[letter] for letter in match[3]) or 'nothing'}"
            )
    return "; ".join(found)


def variable(part: Unseen) -> str:
    """Say what an expansion gives."""
    if part.kind == "variable":
        special = {
            "?": "the exit code of the command before",
            "$": "the number of this shell's process",
            "!": "the process last put into the background",
            "@": "all arguments",
            "*": "all arguments",
            "#": "how many arguments there are",
            "0": "the name of the shell or script",
            "_": "the last word of the command before",
        }
        if part.name in special:
            return special[part.name]
        return f"argument {part.name}" if part.name.isdigit() else f"the value of the variable {part.name}"
    if part.kind == "arithmetic":
        return "the result of the calculation"
    if part.kind == "parameter":
        return f"an expansion of a variable: ${{{part.name}}}"
    if part.kind == "process":
        return "a pipe to the command in the brackets, named like a file"
    return "what the command in the brackets prints"


def _rights(digit: int) -> str:
    names = [name for bit, name in ((4, "read"), (2, "write"), (1, "run it")) if digit & bit]
    return " and ".join(names) if names else "nothing"


def _compared(sign: str) -> str:
    return {"+": "more than ", "-": "less than "}.get(sign, "")


def _pattern(raw: str) -> str:
    signs = [
        text
        for sign, text in (
            ("**", "** is any folders"),
            ("*", "* is any text"),
            ("?", "? is one character"),
            ("[", "[...] is one of these"),
        )
        if sign in raw
    ]
    return ", ".join(signs[:2])


def _script(text: str) -> str:
    match = _SUBSTITUTE.match(text)
    if match:
        flags = match["flags"]
        where = "everywhere in each line" if "g" in flags else "once in each line"
        case = ", upper or lower case" if "i" in flags.lower() else ""
        lines = f" on lines {match['where']}" if match["where"] else ""
        new = f"replaced by {match['new']}" if match["new"] else "removed"
        return f"the script: {match['old']} is {new}, {where}{lines}{case}"
    match = _PRINTED.match(text)
    if match:
        last = {"$": "the last line"}
        start = last.get(match["from"], f"line {match['from']}")
        until = f" to {last.get(match['to'], match['to'])}" if match["to"] else ""
        return f"the script: {'prints' if match['what'] == 'p' else 'deletes'} {start}{until}"
    return ""
