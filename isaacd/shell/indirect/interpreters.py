"""`python -c`, `perl -e`, `awk '...'`: commands in the code are found; code that only computes is told from other code."""

import base64
import itertools
import re

from isaacd.shell.indirect.deleting import deleted
from isaacd.shell.indirect.folding import decodes, put_together
from isaacd.shell.indirect.found import Found, read_as_shell
from isaacd.shell.indirect.innocent import is_innocent
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Word

INTERPRETERS = re.compile(
    r"(?:python|pypy|ipython|perl|ruby|irb|node|nodejs|deno|bun|php|lua|luajit|tclsh|wish|expect|osascript|pwsh|powershell|Rscript|julia|"
    r"guile|racket|sbcl|emacs|gawk|mawk|nawk|awk|groovy|scala|jshell|swift|ghc|runghc|elixir|erl|octave|gnuplot|bc|m4|jrunscript)[\d.]{0,8}\Z"
)
_CODE = {
    "python": "-c", "pypy": "-c", "ipython": "-c", "perl": "-e -E", "ruby": "-e", "node": "-e -p --eval --print", "nodejs": "-e -p --eval --print",
    "deno": "eval", "bun": "-e --eval -p --print", "php": "-r -B -R -E", "lua": "-e", "luajit": "-e", "expect": "-c", "osascript": "-e",
    "pwsh": "-c -Command -command -e -EncodedCommand", "powershell": "-c -Command -command -e -EncodedCommand", "Rscript": "-e", "julia": "-e -E",
    "guile": "-c", "racket": "-e", "sbcl": "--eval", "emacs": "--eval -eval --execute", "groovy": "-e", "scala": "-e", "elixir": "-e", "erl": "-eval",
    "octave": "--eval", "gnuplot": "-e", "swift": "-e",
}  # fmt: skip
_CODE_OPTIONS = {name: frozenset(options.split()) for name, options in _CODE.items()}
_JOINED = re.compile(r"-[a-zA-Z0-9]*[ecEr]\Z")
# Modules that are commands of their own name as well.
_TOOLS = frozenset("pip black ruff mypy pytest isort flake8 pylint poetry twine".split())
_TELLS = frozenset(("--version", "-V", "-v", "-version", "--help", "-h"))
# The text of a shell command inside the code of another language: os.system("..."), system('...'), `...`.
_CALLS = re.compile(
    r"(?:system|popen|execute|exec[lv]?p?e?|spawn\w{0,20}|shell_exec|passthru|proc_open|call|run|check_output|check_call|Popen|getoutput|getstatusoutput|"
    r"execSync|execFile|execFileSync|qx|backtick|shell\s{1,4}script|shell-command|shell|Command)"
    r"\s{0,4}[({\[/]{0,3}\s{0,4}(?:\[\s{0,4})?(?:\"((?:[^\"\\]|\\.){0,2000})\"|'((?:[^'\\]|\\.){0,2000})'|\{([^{}]{0,2000})\})|`([^`]{1,2000})`"
)
_LISTED = re.compile(
    r"(?:[(\[]|\b(?:exec|system|spawn)\s)\s{0,4}((?:[\"'][^\"'\\\n]{0,500}[\"']\s{0,4},\s{0,4}){1,50}[\"'][^\"'\\\n]{0,500}[\"'])"
)
_AWK_OPTIONS = frozenset("-F -v -f --field-separator --assign --file -e --source -i --include -l".split())
_AWK_RUNS = re.compile(r"system|\||getline|>|close|@")
_AWK_CALL = re.compile(
    r"system\s{0,4}\(\s{0,4}\"((?:[^\"\\]|\\.){0,2000})\"|\"((?:[^\"\\]|\\.){0,2000})\"\s{0,4}\||\|&?\s{0,4}\"((?:[^\"\\]|\\.){0,2000})\""
)
_AWK_RUNS_NAMED = re.compile(r"system\s{0,4}\(\s{0,4}[a-zA-Z_]|[\w)]\s{0,4}\|\s{0,4}(?:getline|[a-zA-Z_])")
_AWK_RUNS_INPUT = re.compile(r"system\s{0,4}\(\s{0,4}\$|\$\w+\s{0,4}\|\s{0,4}getline")
_AWK_STRING = re.compile(r"=\s{0,4}\"((?:[^\"\\]|\\.){1,2000})\"")


def interpreter(invocation: Invocation) -> Found:
    """Say what the code runs that an interpreter is given."""
    name = (invocation.name or "").rstrip("0123456789.")
    words = invocation.words[1:]
    if name.endswith("awk"):
        return _awk(invocation)
    if name in ("bc", "m4"):
        return Found()
    if name in ("python", "pypy") and len(words) > 1 and words[0].value == "-m":
        return Found((words[1:],)) if words[1].value in _TOOLS else Found()
    if any(word.value in _TELLS and (name, word.value) != ("python", "-v") for word in words[:1]):
        return Found()
    codes = _codes(name, words)
    if codes:
        return _of_codes(name, codes, invocation)
    place = next((index for index, word in enumerate(words) if not (word.value or "?").startswith("-")), None)
    if place is None or words[place].value == "-":
        read = read_as_shell(invocation)
        if read.texts:
            return _of_codes(name, [read.texts[0]], invocation)
        return Found(unseen=read.unseen)
    return Found(unseen=f"what the program {words[place].raw} does, that {name} runs, cannot be seen")


_STANDARD_INPUT = frozenset(("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))
# Code that runs text, which may well be what it reads.
_RUNS_TEXT = re.compile(
    r"exec|eval|compile|system|popen|spawn|subprocess|runpy|import_module|__|`|Function|child_process|sh\b"
)


def reads_code(invocation: Invocation) -> bool:
    """Say whether an interpreter, a shell or a database client could run what is piped into it.

    It does not if its code stands in the line and names nothing that runs text: then what it reads is data.
    """
    name = (invocation.name or "").rstrip("0123456789.")
    words = invocation.words[1:]
    if name == "psql":
        return not any((word.value or "").startswith(("-c", "-f", "--command", "--file")) for word in words)
    if not INTERPRETERS.match(name):
        return True
    if name == "python" and len(words) > 1 and words[0].value == "-m":
        return words[1].value not in ("json.tool", "base64", "tokenize", "gzip")
    codes = _codes(name, words)
    if codes:
        return any(code is None or _RUNS_TEXT.search(code) for code in codes)
    place = next((index for index, word in enumerate(words) if not (word.value or "?").startswith("-")), None)
    return (
        place is None
        or words[place].value is None
        or words[place].value in _STANDARD_INPUT
        or "-" in [word.value for word in words[:place]]
    )


def _codes(name: str, words: tuple[Word, ...]) -> list[str | None]:
    codes: list[str | None] = []
    options = _CODE_OPTIONS.get(name, frozenset(("-e", "-c")))
    for place, word in enumerate(words):
        value = word.value or ""
        option, equals, text = value.partition("=")
        if value in options or (_JOINED.match(value) and f"-{value[-1]}" in options and name != "osascript"):
            codes += [item.value for item in words[place + 1 : place + 2]]
        elif equals and option in options and option.startswith("--"):
            codes.append(text)
        elif value[:2] in options and len(value) > 2 and not value.startswith("--"):
            codes.append(value[2:])
    return codes


def _of_codes(name: str, codes: list[str | None], invocation: Invocation) -> Found:
    seen = [code for code in codes if code is not None]
    options = [value for word in invocation.words[1:] if (value := word.value or "").startswith("-")]
    in_place = name in ("perl", "ruby") and any(re.match(r"-[a-zA-Z0-9]*i", option) for option in options)
    if len(seen) == len(codes) and not in_place and all(is_innocent(name, code) for code in seen):
        return Found()
    texts = [text for code in seen for text in hidden_in(name, code)]
    if name in _OF_SHELLS:
        texts += [text for code in seen for text in _spoken(name, code)]
    return Found(
        texts=tuple(dict.fromkeys(texts)),
        unseen=f"what the code does that {name} is given is not judged in full",
        decodes=any(map(decodes, seen)),
    )


def hidden_in(name: str, code: str) -> list[str]:
    """Return the lines that code of a language puts together, and what the calls in it run or delete then."""
    found = put_together(name, code)
    lines = [line.strip("| ") for line in found.lines]  # Perl's `open` runs what a bar stands beside
    return [*_calls(code), *lines, *(_calls(found.code) if found.code else ())]


_OF_SHELLS = frozenset(("pwsh", "powershell", "tclsh", "wish", "expect"))
_TCL_RUNS = re.compile(r"\b(?:exec|spawn|system)\s{1,4}([^;\n\]]{1,2000})")


def _spoken(name: str, code: str) -> list[str]:
    """Return the commands in code of a language whose lines are much like those of a shell."""
    if name not in ("pwsh", "powershell"):
        return [found[1] for found in _TCL_RUNS.finditer(code)]
    try:
        return [code, base64.b64decode(code, validate=True).decode("utf-16-le")]
    except ValueError:
        return [code]


def _calls(code: str) -> list[str]:
    texts = [
        next((text for text in found.groups() if text is not None), "") for found in _CALLS.finditer(code)
    ]
    texts += [
        " ".join(item.strip().strip("\"'") for item in found[1].split(","))
        for found in _LISTED.finditer(code)
    ]
    return [text for text in dict.fromkeys((*texts, *deleted(code))) if text.strip()]


def _awk(invocation: Invocation) -> Found:
    words = invocation.words[1:]
    place = 0
    codes: list[str | None] = []
    while place < len(words) and (words[place].value or "?").startswith("-") and words[place].value != "--":
        value = words[place].value or ""
        if value in ("-e", "--source"):
            codes += [item.value for item in words[place + 1 : place + 2]]
        if value in ("-f", "--file", "-i", "--include", "-l", "-E", "--exec") or value.startswith(
            ("--exec=", "--file=")
        ):
            return Found(unseen="what the program does that awk runs cannot be seen")
        place += 2 if value in _AWK_OPTIONS else 1
    if not codes:
        codes = [word.value for word in words[place : place + 1]]
    if all(code is not None and not _AWK_RUNS.search(_without_comparisons(code)) for code in codes):
        return Found()
    texts = [
        next(text for text in found.groups() if text is not None)
        for code in codes
        if code is not None
        for found in _AWK_CALL.finditer(code)
    ]
    texts += _strings(words[:place], [code for code in codes if code is not None])
    texts += [text for code in codes if code is not None for text in hidden_in("awk", code)]
    if any(code is not None and _AWK_RUNS_INPUT.search(code) for code in codes):
        texts += read_as_shell(invocation).texts
    return Found(
        texts=tuple(dict.fromkeys(texts)), unseen="what the code does that awk is given is not judged in full"
    )


def _strings(options: tuple[Word, ...], codes: list[str]) -> list[str]:
    """Return the texts that variables of a program hold which runs some, one by one and put together."""
    if not any(_AWK_RUNS_NAMED.search(code) for code in codes):
        return []
    found = [
        word.value.partition("=")[2]
        for before, word in itertools.pairwise(options)
        if before.value in ("-v", "--assign") and word.value is not None
    ]
    found += [match[1] for code in codes for match in _AWK_STRING.finditer(code)]
    return [*found, "".join(found)] if len(found) < 16 else ["".join(found)]


def _without_comparisons(code: str) -> str:
    """Take out what looks like running or writing and is not: `a || b`, `NR>1`, `$3 > 10 {` before an action."""
    code = re.sub(r"^\s{0,8}length(?:\(\$?\w{0,20}\))?\s{0,4}>\s{0,4}\d+(?=\s{0,4}(?:[{&]|$))", "", code)
    code = re.sub(r"/(?:[^/\\\n]|\\.){0,500}/", "", code).replace("||", "").replace(">=", "")
    return re.sub(r"(?:\b[A-Z]+|\$\w+|\$NF|\))\s{0,4}>\s{0,4}[\d.]+(?=\s{0,4}(?:[{&|)]|$))", "", code)
