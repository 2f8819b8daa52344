"""Where another shell would read a line otherwise than bash, as which it was judged."""

import re

from isaacd.plans.shells import Family

# Words without anything in them that a shell could make something else of, between the commonest operators.
_COMMON = r"[\w./:,@%+-]|[ \t]|'[^'\\]*'|\"[^\"\\$`!]*\"|=(?![ \t])|[|;](?![|;])|&&|\|\||\n"
_PLAIN = re.compile(f"(?:{_COMMON})*")
_FISH = re.compile(rf"(?:{_COMMON}|\*(?!\*)|~(?=[/\s]|\Z)|\$[A-Za-z_]\w*(?![\[(\w])|[<>](?![(?&|])|>&[0-9])*")
# Each alternative begins with other characters than the rest, and none goes back.
_BASH_ONLY = re.compile(r"\[\[|\(\(|<\(|>\(|&>|\|&|<<<|\$['\"]|\{[^{}\s]{0,200}(?:,|\.\.)|=\(|;;?&|\\[^\s]")
_BASH_WORDS = re.compile(
    r"(?:^|[\s;|&(])(?:source|function|declare|typeset|local|shopt|select|coproc|time|let|pushd|popd)\s"
)
_ZSH = re.compile(
    r"(?:^|[\s;|&(])=[\w(]|\*\*|[*?\])][(]|\$[=~^+#:\[]|\$\{[(^~=+#:]|\$\w+[\[:]|>[!|>&]|&[|!]|<\d*-\d*>|~[\w\[]"
    r"|(?:^|[\s;|&(])(?:repeat|foreach|always|nocorrect|noglob|emulate|hash|sched|zmodload|-)\s|\\[^\s]"
    # An array is all of its elements here, and elements of some say what names stand for: `functions[ls]='rm x'`.
    r"|=\(|\]\+?="
)
# What other variables and names mean is set otherwise than in bash: `set PAGER rm`, `alias ls rm`.
_FISH_WORDS = re.compile(
    r"(?:^|[\s;|&])(?:(?:alias|abbr|bind|complete|functions|funcsave|trap)\s|set\s[^;|&\n]{0,80}"
    r"(?:PATH|PAGER|EDITOR|VISUAL|BROWSER|SHELL|LD_|GIT_|LESS|fish_))"
)
_NAMES = {"sh": "a plain sh", "ksh": "ksh", "zsh": "zsh", "fish": "fish"}


def difference(line: str, family: Family, name: str) -> str | None:
    """Say that a shell may read a line otherwise than bash does; None if both read the same."""
    if family == "bash":
        return None
    if family in ("sh", "ksh"):
        differs = _BASH_ONLY.search(line) is not None or _BASH_WORDS.search(line) is not None
    elif family == "zsh":
        differs = _ZSH.search(line) is not None
    elif family == "fish":
        differs = _FISH.fullmatch(line) is None or _FISH_WORDS.search(line) is not None
    else:
        differs = _PLAIN.fullmatch(line) is None
    if not differs:
        return None
    return f"{_NAMES.get(family, name)} may read it otherwise than bash, as which it was judged"
