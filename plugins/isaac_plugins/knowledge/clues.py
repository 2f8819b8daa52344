"""The clues by which a value shows in a question: its own form, or the words beside it."""

import re

NUMBERS = dict(zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True))
NUMBER = r"(?P<n>\d+|one|two|three|four|five|six|seven|eight|nine|ten)"
EXTENSIONS = (
    "pdf txt log csv tsv json xml yaml yml toml ini conf cfg html htm css js ts jsx tsx php py rb pl sh bash c h cpp cc cxx "
    "hpp java class jar go rs swift kt lua sql db md rst tex doc docx xls xlsx ppt pptx odt jpg jpeg png gif svg bmp tiff "
    "webp ico mp3 wav flac ogg mp4 mkv avi mov webm zip tar gz tgz bz2 xz 7z rar deb rpm iso bak tmp swp old orig pyc o so "
    "exe dll img dat bin"
)
LANGUAGES = {
    "python": "py", "java": "java", "perl": "pl", "ruby": "rb", "javascript": "js", "typescript": "ts", "rust": "rs",
    "text": "txt", "markdown": "md", "word": "doc", "excel": "xls", "backup": "bak", "yaml": "yaml", "header": "h",
}  # fmt: skip
FILE = r"(?<![\w.])(?!tar\.\w+\b)(?:[\w%+-][\w.%+@-]*\.[A-Za-z][A-Za-z0-9]{0,4}\b|[A-Za-z][\w-]*\.\d+\b)"
DOMAIN = r"\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|edu|gov|info|app|local|lan|internal|de|uk|fr|eu)\b"
QUOTES = re.compile(
    r"\"([^\"\n]{1,400})\"|“([^”\n]{1,400})”|`([^`'\n]{1,400})[`']|(?<!\w)'([^'\n]{1,400})'(?!\w)|‘([^’\n]{1,400})’"
)
BIG = {"k": "k", "m": "M", "g": "G", "t": "T", "b": "c"}
DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
SECONDS = {"s": 1, "m": 60, "h": 3600}


def _rule(kind: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return kind, re.compile(pattern, re.IGNORECASE)


# In the order of trial: what matches first takes its text out of the question.
RULES = (
    _rule("url", r"\b(?:https?|ftp|ssh|git)://[^\s\"'<>]+[^\s\"'<>.,;:!?)]"),
    _rule("account", r"\b(?P<user>[\w.-]+)@(?P<host>[\w-]+(?:\.[\w-]+)*)(?::(?P<path>[\w./~-]+))?(?P<group>(?!))?"),
    _rule("ip", r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
    _rule("ip", r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}(?![\w:])"),
    _rule("host", DOMAIN),
    _rule("date", r"\b\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?\b"),
    _rule("size", r"(?<![\w.])(?P<n>\d+)\s*-?(?P<unit>[kmgt]i?b?|kilo ?bytes?|mega ?bytes?|giga ?bytes?|tera ?bytes?|megs?|gigs?|bytes?)(?!\w)"),
    _rule("days", rf"\b{NUMBER}[ -]?(?P<unit>days?|weeks?|months?|years?)(?: old)?\b"),
    _rule("days", r"\b(?:last|past|previous|within a|a) (?P<unit>day|week|month|year)\b"),
    _rule("minutes", rf"\b{NUMBER}[ -]?(?P<unit>minutes?|mins?|hours?|hrs?)\b"),
    _rule("minutes", r"\b(?:last|past|previous|within an|an|half an) (?P<unit>hour|minute)\b"),
    _rule("seconds", rf"\b{NUMBER}[ -]?(?:seconds?|secs?)\b"),
    _rule("mode", r"(?<!\w)[ugoa]{0,4}[+=-][rwxXst]{1,5}(?![\w-])(?<!-r)(?<!-x)(?<!-s)(?<!-t)(?<!-w)"),
    _rule("mode", r"(?:\b(?:perm\w*|mode|chmod|rights?)\b[^\n\d]{0,30}?)(?P<v>0?[0-7]{3})\b"),
    _rule("mode", r"\b(?P<v>0?[0-7]{3,4})(?= (?:perm\w*|mode|rights?)\b)"),
    _rule("port", r"\bports? (?:number )?(?P<v>\d{1,5})\b|(?<=\s):(?P<w>\d{2,5})\b"),
    _rule("pid", r"\b(?:pid|process(?: id)?|process number)\s+(?P<v>\d{1,9})\b"),
    _rule("line", r"\blines? (?:number )?(?P<v>\d+)(?:\s*(?:-|to|through|until|and)\s*(?P<w>\d+))?\b"),
    _rule("column", r"\b(?:columns?|fields?) (?:number )?(?P<v>\d+)\b"),
    _rule("column", r"\b(?P<v>\d+)(?:st|nd|rd|th) (?:column|field)\b"),
    _rule("column", r"\b(?P<v>first|second|third|fourth|fifth|sixth) (?:column|field)\b"),
    _rule("line", r"\b(?P<v>\d+)(?:st|nd|rd|th) line\b"),
    _rule("depth", r"\b(?:depth|level)s?(?: of)? (?P<v>\d+)\b|\b(?P<w>\d+|one|two|three) levels?\b"),
    _rule("account", r"(?<=\bto )(?P<user>[a-z_][\w-]*):(?P<group>[a-z_][\w-]*)(?P<host>(?!))?(?P<path>(?!))?"),
    _rule("user", r"\b(?:user(?:name)?|owner|owned by|belong(?:s|ing)? to|log ?in as|become) (?:is |the |user |called |named )?(?P<v>[\"'`]?[\w.-]+)"),
    _rule("group", r"\bgroup (?:is |called |named )?(?P<v>[\"'`]?[\w.-]+)"),
    _rule("folder", r"\b(?:folder|directory) (?:called |named )?(?P<v>[A-Za-z][\w.-]*)"),
    _rule("text", r"\b(?:word|string|text|phrase|pattern|keyword) (?P<v>[\w-]+)"),
    _rule("text", r"\b(?:containing|contain|contains|search for|grep for|grep) (?P<v>[A-Z][A-Z0-9_]{2,})\b"),
    _rule("branch", r"\bbranch (?:called |named )?(?P<v>[\w./-]+)|\b(?P<w>[\w./-]+) branch\b"),
    _rule("interface", r"\b(?:eth|wlan|eno|ens|enp|wlp|docker|br|tun)\d[\w-]*\b"),
    _rule("commit", r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b|\bHEAD(?:[~^]\d*)*"),
    _rule("path", r"(?<![\w*?./-])(?:~|\.{1,2}|\$\{?[A-Za-z_]\w*\}?)?/(?:[^\s\"'<>|;,:()*?`]*[^\s\"'<>|;,:()*?`.!])?(?![\w*?])"),
    _rule("path", r"(?<![\w$])\$\{?[A-Za-z_]\w*\}?|(?<!\S)~(?=\s|$)"),
    _rule("glob", r"(?<!\S)[^\s\"'<>|;,()/]*[*?][^\s\"'<>|;,()]*[^\s\"'<>|;,()!.?:]|(?<!\S)\*(?!\S)"),
    _rule("ext", r"(?<![\w.])\.(?P<v>[a-z][a-z0-9]{0,6}(?:\.(?:gz|bz2|xz))?)(?= |,|$)"),
    _rule("ext", r"\b(?:extension|suffix)s? (?:of |is |named )?(?P<v>[a-z][a-z0-9]{0,4})\b"),
    _rule("ext", rf"\b(?P<v>{'|'.join(EXTENSIONS.split())})(?= (?:files|images|pictures|photos|documents|videos|archives)\b)"),
    _rule("toext", rf"(?<=\bto )(?P<v>{'|'.join(EXTENSIONS.split())})\b"),
    _rule("lang", rf"\b(?P<v>{'|'.join(LANGUAGES)})(?= (?:source |script )?files\b)"),
    _rule("path", r"\b(?:dir|directory|folder)\d\b"),
    _rule("file", r"\bfile\d\b"),
    _rule("file", FILE),
    _rule("count", rf"\b(?:first|last|top|next) {NUMBER}\b"),
    _rule("count", rf"\b{NUMBER}(?= (?:\w+ ){{0,2}}(?:lines?|files?|times?|process(?:es)?|entries|commits?|results?|packets?|words?|parts?|pieces?|largest|biggest|smallest|newest|oldest|most|bytes|characters?)\b)"),
    _rule("number", r"(?<![\w.])\d{1,9}(?![\w.])"),
)  # fmt: skip

HERE = re.compile(
    r"\b(?:current|this|present|working)(?: working)? (?:directory|folder|dir)(?: tree)?\b|\bhere\b",
    re.IGNORECASE,
)
HOME = re.compile(r"\b(?:my |the )?home (?:directory|folder|dir)\b", re.IGNORECASE)
ROOT = re.compile(
    r"\b(?:entire|whole) (?:file ?system|system|disk|machine|computer)\b|\broot (?:directory|folder)\b|\bstarting from root\b",
    re.IGNORECASE,
)
NAMED = re.compile(r"\b(?:named?|called|is named) (?:like |as )?(?P<v>[\w.*?+-]+)", re.IGNORECASE)
NOUNS = "service package process container image pod session tag table database host domain program daemon module key"
NOUN_BEFORE = re.compile(
    rf"\b(?P<noun>{'|'.join(NOUNS.split())}) (?:called |named )(?P<v>[\w.@+-]+)|\b(?P<noun2>service|package|container|image|pod|session|tag|database) (?P<v2>[\w.@+-]+)",
    re.IGNORECASE,
)
NOUN_AFTER = re.compile(rf"\b(?P<v>[\w.@+-]+) (?P<noun>{'|'.join(NOUNS.split())})\b", re.IGNORECASE)
VERB = re.compile(
    r"\b(?P<verb>install|uninstall|purge|restart|reload|enable|disable|kill|ping|ssh to|connect to|log in to|start|stop)"
    r" (?:the |a |all )?(?P<v>[\w.@+-]+)", re.IGNORECASE
)  # fmt: skip
VERBS = {
    "install": "package", "uninstall": "package", "purge": "package", "kill": "process", "ping": "host",
    "ssh to": "host", "connect to": "host", "log in to": "host",
}  # fmt: skip
SWAP = re.compile(
    r"\b(?:replac\w*|substitut\w*|chang\w*)(?: \w+){0,3}? (?P<old>\S+) (?:with|by|to|for) (?:the (?:word|string|text) )?(?P<new>\S+)", re.IGNORECASE
)  # fmt: skip
PLAIN = frozenset(
    """owns brings provides a an the it that this these those all any every each my your its is are was in on of for to from with and or by
    as at be file files directory directories folder folders command commands script line lines name names user users
    group groups process processes service services package packages program daemon system computer machine server host
    remote local another other new old current without using which what id ids running using python node docker git
    called named list show container containers image images time tree table usage password owner does not if when into only
    all above below recursively mode id number contents content permission permissions there has have can should will
    would where then than so but no yes log logs output input error errors port ports key keys version project page web
    site network connection connections memory cpu disk kernel shell bash linux ubuntu tool utility variable value
    entry entries type size date last first tree path structure named per whose following matching starting ending
    containing kill stop start restart reload enable disable end terminate run running find search check get create make add
    remove delete install uninstall update upgrade build push pull open close connect save load export import copy move
    rename set change edit print display count sort one two three first second single multiple several many some other
    same different foreground background zombie defunct child parent sub main default public private primary foreign
    sqlite postgres mysql database compose kubernetes helm pip npm apt dnf yum snap systemd ssh http https web tcp udp
    dns free available used open busy failed stopped dead detached login root fully qualified top most least more less
    uses using hidden empty here sorted sql redis here's has listening what's whats not each deb rpm tmux screen virtual
    found specified given system's automatically manually again now up down off over through via""".split()
)
TOOLS = frozenset("docker git python node".split())
OWNER = re.compile(r"\b(?:own\w*|chown|chgrp|group)\b", re.IGNORECASE)
TO_USER = re.compile(r"\bto (?P<v>[a-z_][\w-]*)(?= |$)", re.IGNORECASE)
AS_USER = re.compile(r"\bas (?P<v>[a-z_][\w-]*)(?= |$)", re.IGNORECASE)
AS_TO = re.compile(
    r"\b(?:to|into|onto|as)(?: the| a)?(?: new)?(?: directory| folder| file)?\s*$", re.IGNORECASE
)
AFFIX = re.compile(
    r"\b(?P<how>start|begin|end|contain|prefix|suffix|finish)\w*(?: \w+){0,3}\s*$", re.IGNORECASE
)

# Of quoted texts: what the words before say that they are, and what their own form says.
BEFORE_NAME = tuple(
    (kind, mark, re.compile(pattern, re.IGNORECASE))
    for kind, mark, pattern in (
        ("user", "name", r"\b(?:user|owner|owned by|belong\w* to)\s*$"),
        ("group", "name", r"\bgroup\s*$"),
        ("host", "host", r"\b(?:server|host|machine)\s*$"),
    )
)
WHOLE = (
    ("url", re.compile(r"https?://\S+")),
    ("ip", re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")),
    ("glob", re.compile(r"(?=.*[*?])[^\s\\^$|()]+")),
)
ACCOUNT = re.compile(r"([\w.-]+)@([\w.-]+)")
PATH = re.compile(r"(?:~|\.{0,2}|\$\{?\w+\}?)/|\$\{?\w+\}?\Z")
FILE_NAME = re.compile(FILE)
BEFORE_FILE = re.compile(r"\bfiles?\s*$", re.IGNORECASE)
BEFORE_FOLDER = re.compile(
    r"\b(?:directory|folder|dir|director(?:y|ies) named|under|below)\s*$", re.IGNORECASE
)
# What comes at which place.
ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6"}
