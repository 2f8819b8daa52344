"""Turns a question, or the wording of a task, into the terms that are looked up."""

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

# Words of a group mean the same for a search; the first one stands for all.
_GROUPS = """
show display print output report tell give view see get write retrieve dump
list enumerate
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
container containers
readable viewable
current this
sync synchronise synchronize synchronised synchronized synchronising
local localhost
"""

_STOP = frozenset(
    """a an the is are was were be been am do does did to of for in on at by with and or as it its that which
    what how i me my mine we you your they them their there can could should would will shall may might must
    please want need like when where who whom if then than so not no into from using use uses used via up out
    some any just also only one ones have had im id ive whose same such those these s t about between
    way give me actual respectively per both current""".split()
)

# Several words that act as one: the term, texts of which one must occur for it to be worth a look, and the pattern. They
# are applied to lower case text before it is split.
_PHRASES = tuple(
    (f" {term} ", triggers.split(","), re.compile(pattern))
    for term, triggers, pattern in (
        ("symlink", "link", r"\b(?:symbolic|soft)[ -]links?\b"),
        ("hardlink", "link", r"\bhard[ -]?links?\b"),
        ("count", "how,number,count", r"\bhow (?:many|often)\b|\bnumber of\b|\bcount of\b"),
        (
            "nocase",
            "case",
            r"\bcase[ -]?insensitive(?:ly)?(?: search)?\b|\b(?:ignor\w*|regardless of|irrespective of)(?: the)? case\b",
        ),
        ("size", "how", r"\bhow (?:big|large)\b"),
        ("duration", "how long", r"\bhow long\b"),
        ("zip", "zipped", r"\b(?:un)?zipped\b"),
        ("stderr", "standard,std", r"\b(?:standard|std) ?(?:error|err)\b"),
        ("stdout", "standard,std", r"\b(?:standard|std) ?(?:output|out)\b"),
        ("stdin", "standard,std", r"\b(?:standard|std) ?(?:input|in)\b"),
        ("filesystem", "system", r"\bfile[ -]?systems?\b"),
        ("endwith", "end,finish", r"\bend(?:s|ing)? (?:with|in)\b|\bfinish(?:es|ing) with\b"),
        ("prefix", "start,begin", r"\b(?:start|begin)(?:s|ning|ing)? with\b"),
        ("writable others", "world", r"\bworld[ -]writ(?:able|eable)\b"),
        ("over", "more than", r"\bmore than\b"),
        ("below", "less than", r"\bless than\b"),
        ("files directories", "director,folder", r"\bfiles? ?(?:/|and|or) ?(?:director(?:y|ies)|folders?)\b"),
        ("depth only", "recursive", r"\bnon[ -]?recursive(?:ly)?\b"),
        ("subdirectory", "sub", r"\bsub[ -](?:directory|directories|folders?)\b"),
        ("file name", "filename", r"\bfilenames?\b"),
        ("mimetype", "mime", r"\bmime[ -]types?\b"),
        ("fully qualified", "fqdn", r"\bfqdn\b"),
        ("timezone", "zone", r"\btime ?zone\b"),
        ("hostname", "host", r"\bhost[ -]?name\b"),
        ("login", "log", r"\blog(?:ged)?[ -]in\b"),
        ("setuid", "uid", r"\bset[ -]?uid\b|\bsuid\b"),
        ("setgid", "gid", r"\bset[ -]?gid\b|\bsgid\b"),
        ("whitespace", "white", r"\bwhite[ -]?space\b"),
        ("ip address", "address", r"\bip address(?:es)?\b"),
        ("commandline", "command", r"\bcommand[ -]line\b"),
        ("mysql", "sql", r"\bmy\.?sql\b"),
        ("postgres", "postgre", r"\bpostgre(?:s|sql)\b"),
    )
)

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
# Words that a cut ending would make into others.
_KEPT = frozenset(("container",))


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
    return stem(same) if same.isalpha() and same not in _KEPT else same


def terms(text: str) -> list[str]:
    """Split a text into terms, in order; `_kind` marks a value that was taken out before."""
    text = text.lower()
    for replacement, triggers, pattern in _PHRASES:
        if any(trigger in text for trigger in triggers):
            text = pattern.sub(replacement, text)
    return [found for word in _WORD.findall(text) if (found := term(word))]


def pairs(found: Iterable[str]) -> set[tuple[str, str]]:
    """Give neighbouring terms, which tell `log file` from `file log`."""
    row = list(found)
    return set(itertools.pairwise(row))
