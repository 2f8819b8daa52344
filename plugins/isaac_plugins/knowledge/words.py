"""Turns a question, or the wording of a task, into the terms that are looked up."""

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

# Words of a group mean the same for a search; the first one stands for all.
_GROUPS = """
show list display print output report tell give view see get write retrieve enumerate dump
find search locate lookup seek look
delete remove erase rm unlink purge
directory folder dir directories dirs
subdirectory subdirectories subdirs subfolder subfolders subdir
file files
large larger largest big bigger biggest huge greater greatest exceed exceeds exceeding
small smaller smallest less fewer tiny
count many number total
modified modify changed updated edited altered modification
copy duplicate copies
create make generate
combine concatenate merge join
compare difference differ differs different diff
replace substitute substituting
extract unpack uncompress decompress
compress pack compressed
kill terminate
end stop halt
start launch begin
run execute executes executing invoke
host server machine computer
process program processes
picture image photo images
video movie clip
audio sound music
text string phrase pattern regex regexp expression keyword
unique distinct
duplicates repeated duplicated identical repeat
exclude excluding except without ignore ignoring skip skipping omit omitting
symlink symlinks softlink
permission permissions rights mode perms
own owner owned belonging belong belongs ownership
recent newest latest recently
schedule cron scheduled crontab
variable variables
environment env
path pathname
name named called names
begin begins starting starts prefix
endwith ending ends suffix
contain containing contains having has
content contents
line lines row rows
column columns field fields
memory ram
cpu processor
disk drive
network internet
log logs
free available
password passphrase
encrypt encryption
convert transform
verify validate check
monitor track
website site web
message messages
upgrade update
under below beneath underneath
exist exists existing
empty blank
all every each
time timestamp
separate separated delimiter delimited separator
interface interfaces
connection connections
repository repo
install setup
minute minutes min mins
hour hours
day days
second seconds sec secs
archive tarball
lowercase downcase
checksum hash
background detached
undo revert
package packages
readable viewable
current this
local localhost
"""

_STOP = frozenset(
    """a an the is are was were be been am do does did to of for in on at by with and or as it its that which
    what how i me my mine we you your they them their there can could should would will shall may might must
    please want need like when where who whom if then than so not no into from using use uses used via up out
    some any just also only one ones have had im id ive whose same such those these s t about between
    way give me actual respectively per both current""".split()
)

# Several words that act as one; applied to lower case text before it is split.
_PHRASES = {
    "symlink": r"\b(?:symbolic|soft)[ -]links?\b",
    "hardlink": r"\bhard[ -]?links?\b",
    "count": r"\bhow (?:many|often)\b|\bnumber of\b|\bcount of\b",
    "nocase": r"\bcase[ -]?insensitive(?:ly)?(?: search)?\b|\b(?:ignor\w*|regardless of|irrespective of)(?: the)? case\b",
    "size": r"\bhow (?:big|large)\b",
    "duration": r"\bhow long\b",
    "zip": r"\b(?:un)?zipped\b",
    "stderr": r"\b(?:standard|std) ?(?:error|err)\b",
    "stdout": r"\b(?:standard|std) ?(?:output|out)\b",
    "stdin": r"\b(?:standard|std) ?(?:input|in)\b",
    "filesystem": r"\bfile[ -]?systems?\b",
    "endwith": r"\bend(?:s|ing)? (?:with|in)\b|\bfinish(?:es|ing) with\b",
    "prefix": r"\b(?:start|begin)(?:s|ning|ing)? with\b",
    "writable others": r"\bworld[ -]writ(?:able|eable)\b",
    "over": r"\bmore than\b",
    "below": r"\bless than\b",
    "files directories": r"\bfiles? ?(?:/|and|or) ?(?:director(?:y|ies)|folders?)\b",
    "depth only": r"\bnon[ -]?recursive(?:ly)?\b",
    "subdirectory": r"\bsub[ -](?:directory|directories|folders?)\b",
    "file name": r"\bfilenames?\b",
    "mimetype": r"\bmime[ -]types?\b",
    "fully qualified": r"\bfqdn\b",
    "timezone": r"\btime ?zone\b",
    "hostname": r"\bhost[ -]?name\b",
    "login": r"\blog(?:ged)?[ -]in\b",
    "setuid": r"\bset[ -]?uid\b|\bsuid\b",
    "setgid": r"\bset[ -]?gid\b|\bsgid\b",
    "whitespace": r"\bwhite[ -]?space\b",
    "ip address": r"\bip address(?:es)?\b",
    "commandline": r"\bcommand[ -]line\b",
    "mysql": r"\bmy\.?sql\b",
    "postgres": r"\bpostgre(?:s|sql)\b",
}
_PHRASE = re.compile("|".join(f"({pattern})" for pattern in _PHRASES.values()))
_PHRASE_TERMS = tuple(_PHRASES)

_WORD = re.compile(r"_?[a-z0-9]+(?:[.+][a-z0-9]+)*\+*")
_SUFFIXES = (
    "ations",
    "ation",
    "ings",
    "ing",
    "edly",
    "ers",
    "ies",
    "ied",
    "ed",
    "es",
    "ly",
    "er",
    "s",
    "y",
    "e",
)


def _groups() -> Iterator[tuple[str, str]]:
    for line in _GROUPS.split("\n"):
        words = line.split()
        for word in words:
            yield word, words[0]


_SAME = dict(reversed(list(_groups())))


def stem(word: str) -> str:
    """Cut a common English ending off, where enough of the word is left to be told apart."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= (3 if len(suffix) > 1 else 4):
            root = word[: -len(suffix)]
            return root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "ls" else root
    return word


@lru_cache(maxsize=1 << 16)
def term(word: str) -> str:
    """Give the term that stands for a word, or an empty text for one that says nothing."""
    if word[0] == "_":
        return word
    if word in _STOP:
        return ""
    same = _SAME.get(word)
    if same is None and word.endswith("s") and len(word) > 3:
        same = _SAME.get(word[:-1])
    if same is None:
        same = _SAME.get(stem(word), word)
    return stem(same) if same.isalpha() else same


def terms(text: str) -> list[str]:
    """Split a text into terms, in order; `_kind` marks a value that was taken out before."""
    text = _PHRASE.sub(lambda match: f" {_PHRASE_TERMS[(match.lastindex or 1) - 1]} ", text.lower())
    return [found for word in _WORD.findall(text) if (found := term(word))]


def pairs(found: Iterable[str]) -> set[tuple[str, str]]:
    """Give neighbouring terms, which tell `log file` from `file log`."""
    row = list(found)
    return set(itertools.pairwise(row))
