"""What code of other languages deletes or overwrites, said as lines of a shell: `shutil.rmtree('/')` is `rm -rf /`.

Only paths that stand in the code are found. The code counts as unseen all the same, so this can raise a tier and
never lowers one.
"""

import itertools
import re
import shlex
from collections.abc import Iterator

MAX_FOUND = 50
_HOME = (
    r"os\.path\.expanduser\(\s?[\"']~[\"']\s?\)|(?:pathlib\.)?Path\.home\(\)|(?:os\.)?homedir\(\)|Dir\.home|"
    r"(?:os\.environ|ENV|process\.env|Deno\.env\.get|\$ENV|os\.getenv|getenv|\$_SERVER)[\[.({][\"']?HOME[\"']?[\])}]?|\$HOME\b|\$env:USERPROFILE"
)
_DELETES = (
    r"rmtree|rmtree_ok|remove_tree|rm_rf?|rm_r|remove_entry_secure|remove_dir|remove_file|removedirs|removeSync|remove_all|rmSync|rmdirSync|"
    r"unlinkSync|rimraf|rmdir|unlink|deltree|delete_dir|delete_tree|delete-directory|delete-file|removeAll|remove|delete|rm|Remove-Item|del"
)
_PATH = rf"(?:[rbufRBUF]{{0,2}}(?:\"([^\"\n]{{1,500}})\"|'([^'\n]{{1,500}})')|({_HOME}))"
_DELETED = re.compile(
    rf"(?<![\w-])(?:{_DELETES})\b(?:[-\s]{{1,4}}(?:Recurse|Force|r|f|rf)\b){{0,4}}\s{{0,4}}[(\[]{{0,2}}\s{{0,4}}"
    rf"(?:(?:glob|Dir|bsd_glob|glob\.glob|iglob|File\.join|fs\.realpathSync)\s{{0,2}}[(\[. ]{{1,2}}(?:glob\()?\s{{0,4}})?{_PATH}"
)
_PATH_OBJECT = re.compile(rf"Path\(\s{{0,4}}{_PATH}\s{{0,4}}\)\.(?:unlink|rmdir|rmtree|rglob|glob|iterdir)\b")
_OPENED = re.compile(
    r"(?:open|fopen|file_put_contents|writeFileSync|writeFile|truncate|truncateSync|File\.write|File\.truncate|IO\.write)\s{0,4}\(?\s{0,4}"
    r"(?:\w{1,40}\s{0,4},\s{0,4})?(?:\"([^\"\n]{1,500})\"|'([^'\n]{1,500})')\s{0,4},?\s{0,4}(?:mode\s?=\s?)?[\"']?(.{0,4})"
)
_WRITES_UNASKED = ("file_put", "write", "trunc", "File.write", "IO.write")


def deleted(code: str) -> Iterator[str]:
    """Give a line for each path in the code that it may delete, or write from its beginning."""
    walks = re.search(r"unlink|rmdir|rmtree|remove|\brm\b", code) is not None
    for found in itertools.islice(_DELETED.finditer(code), MAX_FOUND):
        yield _line("rm -rf -- ", *found.groups())
    for found in itertools.islice(_PATH_OBJECT.finditer(code), MAX_FOUND) if walks else ():
        yield _line("rm -rf -- ", *found.groups())
    for found in itertools.islice(_OPENED.finditer(code), MAX_FOUND):
        mode = found[3]
        if found[0].startswith(_WRITES_UNASKED) or mode[:1] in ("w", "a", "x", ">") or "+" in mode[:2]:
            yield _line(": > ", found[1], found[2], None)


def _line(before: str, double: str | None, single: str | None, home: str | None) -> str:
    path = double if double is not None else single
    if home is not None or path is None or path in ("~", "~/", "$HOME"):
        return f"{before}~"
    # Patterns are for the language to expand; the folder they are in is what counts.
    folder, slash, name = path.rpartition("/")
    if any(char in name for char in "*?["):
        return f"{before}{shlex.quote(folder or slash or '.')}{'/*' if folder else '*'}"
    return before + shlex.quote(path)
