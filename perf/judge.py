"""Judges answers that no AI gave, by means that share nothing with what gave them."""

import datetime
import re
import shlex

# What an explanation must say of an option, in words of its own choice: (program or *, option) -> any of these.
MUST_SAY = {
    ("fcrackzip", "D"): "words", ("fcrackzip", "dictionary"): "words", ("fcrackzip", "b"): "every combination|brute", ("fcrackzip", "brute-force"): "every combination|brute", ("fcrackzip", "u"): "unzip",
    ("fcrackzip", "use-unzip"): "unzip", ("fcrackzip", "v"): "telling|verbose", ("fcrackzip", "verbose"): "telling", ("fcrackzip", "p"): "beginning|words from", ("fcrackzip", "init-password"): "beginning",
    ("fcrackzip", "l"): "long", ("fcrackzip", "length"): "long", ("fcrackzip", "c"): "characters", ("fcrackzip", "charset"): "characters", ("john", "show"): "found", ("john", "incremental"): "every",
    ("john", "wordlist"): "words", ("john", "w"): "words", ("john", "format"): "hashes", ("find", "name"): "name", ("find", "iname"): "whatever the case", ("find", "type"): "type", ("find", "user"): "owned", ("find", "print"): "print",
    ("find", "maxdepth"): "deep", ("find", "perm"): "permission", ("find", "size"): "size", ("nikto", "h"): "server", ("nikto", "host"): "server", ("searchsploit", "m"): "copying", ("searchsploit", "p"): "path", ("searchsploit", "u"): "anew",
    ("apt", "y"): "yes", ("apt-get", "y"): "yes", ("nc", "v"): "telling", ("nc", "n"): "names", ("nc", "u"): "UDP", ("nc", "z"): "open", ("traceroute", "n"): "names", ("sort", "u"): "once", ("sort", "r"): "reverse", ("sort", "n"): "number",
    ("uniq", "c"): "how often", ("base64", "d"): "back", ("ssh-add", "l"): "listing", ("ssh-add", "D"): "removing", ("run", "j"): "background", ("exploit", "j"): "background", ("exploit", "z"): "without going", ("sessions", "l"): "list",
    ("sessions", "v"): "details", ("sessions", "i"): "session", ("sessions", "u"): "Meterpreter", ("sessions", "k"): "end", ("jobs", "l"): "list", ("jobs", "K"): "ends", ("jobs", "k"): "end", ("exit", "y"): "open",
    **{(name, letter): said for name in ("netstat", "ss") for letter, said in {"t": "TCP", "u": "UDP", "l": "listen", "n": "numbers", "p": "program", "a": "all"}.items()},
    ("ls", "a"): "hidden", ("ls", "A"): "hidden", ("ls", "l"): "long|details", ("ls", "h"): "K|human", ("ls", "R"): "below|recurs", ("ls", "t"): "newest|time",
    ("ls", "r"): "reverse", ("ls", "S"): "largest|size", ("ls", "1"): "one a|one per", ("ls", "d"): "directories themselves", ("ls", "i"): "inode", ("ls", "s"): "blocks",
    ("ls", "F"): "type", ("ls", "n"): "numbers", ("ssh", "v"): "telling|verbose", ("ssh", "X"): "X11", ("ssh", "A"): "agent", ("ssh", "4"): "IPv4", ("ssh", "6"): "IPv6", ("ssh", "C"): "compress",
    ("ssh", "p"): "port", ("ssh", "i"): "key", ("ssh", "l"): "user", ("scp", "r"): "below|recurs", ("scp", "v"): "telling|verbose", ("scp", "p"): "times", ("scp", "q"): "progress",
    ("scp", "C"): "compress", ("scp", "P"): "port", ("scp", "i"): "key", ("scp", "3"): "through", ("scp", "4"): "IPv4", ("scp", "6"): "IPv6",
    ("nmap", "sV"): "version", ("nmap", "A"): "version.*traceroute", ("nmap", "O"): "operating system", ("nmap", "sS"): "SYN", ("nmap", "sT"): "TCP", ("nmap", "sU"): "UDP",
    ("nmap", "sn"): "hosts are up", ("nmap", "sP"): "hosts are up", ("nmap", "Pn"): "for up", ("nmap", "v"): "more", ("nmap", "vv"): "more", ("nmap", "n"): "names", ("nmap", "p-"): "65535|all",
    ("nmap", "F"): "100|fast", ("nmap", "sC"): "script", ("nmap", "sL"): "list", ("nmap", "open"): "open", ("nmap", "6"): "IPv6", ("nmap", "p"): "port", ("nmap", "oN"): "writ",
    ("nmap", "sN"): "without flags|null", ("nmap", "sF"): "FIN", ("nmap", "sX"): "FIN", ("nmap", "sA"): "ACK", ("nmap", "PS"): "SYN", ("nmap", "sO"): "protocol", ("nmap", "top-ports"): "most",
    ("cat", "n"): "number", ("cat", "A"): "control|non-printing", ("cat", "b"): "number", ("cp", "r"): "below|recurs", ("cp", "R"): "below|recurs", ("cp", "a"): "keep|archive", ("cp", "v"): "telling",
    ("cp", "i"): "ask", ("cp", "p"): "keep", ("mv", "v"): "telling", ("mv", "i"): "ask", ("mv", "n"): "never", ("mkdir", "p"): "above|parents", ("mkdir", "v"): "telling", ("unzip", "l"): "list",
    ("unzip", "o"): "replac|overwrit", ("unzip", "t"): "test", ("unzip", "d"): "into", ("ping", "c"): "after|count", ("ping", "i"): "every", ("ping", "n"): "names", ("ping", "W"): "wait",
    ("ping", "4"): "IPv4", ("ping", "6"): "IPv6", ("ping", "q"): "summary", ("locate", "i"): "case", ("locate", "c"): "how many", ("msfconsole", "q"): "banner", ("ifconfig", "a"): "down",
    ("uname", "a"): "all", ("uname", "r"): "release", ("uname", "m"): "architecture|machine", ("uname", "s"): "name", ("uname", "n"): "name", ("which", "a"): "all", ("head", "n"): "lines", ("tail", "n"): "lines", ("tail", "f"): "grow",
    ("hostname", "I"): "address", ("hostname", "f"): "domain", ("df", "h"): "K", ("df", "T"): "type", ("df", "i"): "inode", ("free", "h"): "K", ("free", "m"): "MiB", ("free", "g"): "GiB", ("ps", "e"): "all", ("ps", "A"): "all", ("ps", "f"): "full",
    ("less", "N"): "number", ("less", "S"): "long lines", ("less", "R"): "colour", ("wc", "l"): "lines", ("wc", "w"): "words", ("wc", "c"): "bytes", ("su", "l"): "login", ("type", "a"): "all",
    ("tree", "a"): "hidden", ("tree", "d"): "director", ("tree", "L"): "deep", ("grep", "i"): "case", ("grep", "n"): "number", ("grep", "v"): "not match", ("grep", "c"): "how many", ("grep", "w"): "words",
    ("grep", "r"): "below", ("grep", "l"): "names", ("wget", "q"): "quiet|without", ("wget", "c"): "going on|continu", ("wget", "O"): "name", ("curl", "s"): "progress|silent", ("curl", "L"): "redirect",
    ("curl", "I"): "header", ("curl", "O"): "same name", ("curl", "k"): "certificate", ("curl", "v"): "sent", ("curl", "o"): "file", ("ls", "all"): "hidden", ("nmap", "T4"): "fast|aggressive", ("nmap", "T5"): "fast", ("nmap", "T3"): "normal",
}  # fmt: skip
# What the explanation of a program must say, whatever its options.
MUST_NAME = {
    "ls": "[Ll]ist", "cd": "[Cc]hange|Stay", "pwd": "current directory", "clear": "screen", "exit": "[Ee]nd|Leave", "logout": "[Ee]nd", "history": "typed", "ssh": "SSH|used", "scp": "[Cc]op|used", "nmap": "[Ss]can|used|use",
    "cat": "[Pp]rint|[Cc]op", "man": "manual", "cp": "[Cc]op", "mv": "[Mm]ove", "mkdir": "director", "passwd": "password", "su": "shell", "unzip": "[Uu]npack|archive", "ping": "packets|ping", "find": "file", "locate": "file",
    "whoami": "user", "id": "user", "ifconfig": "interface", "ip": "interface|used|packets|hardware", "nano": "editor", "vim": "editor", "vi": "editor", "less": "page", "more": "page", "touch": "times", "msfconsole": "Metasploit",
}  # fmt: skip
# Programs whose later words belong to the program that they run.
RUNNERS = frozenset("python python2 python3 perl ruby bash sh echo".split())
# Operands that are said in other words.
PLAIN = {
    ("ip", "a"): "addresses", ("ip", "addr"): "addresses", ("ip", "address"): "addresses", ("ip", "r"): "network", ("ip", "route"): "network", ("ip", "l"): "interfaces", ("ip", "link"): "interfaces",
    ("ip", "n"): "neighbours", ("ip", "neigh"): "neighbours", ("ps", "aux"): "every process", ("apt", "update"): "lists of packages", ("apt-get", "update"): "lists of packages",
    ("apt", "upgrade"): "newer", ("apt-get", "upgrade"): "newer", ("apt", "autoremove"): "nothing needs", ("apt", "clean"): "package files",
    ("show", "options"): "options", ("show", "payloads"): "payloads", ("show", "exploits"): "exploit", ("show", "targets"): "targets", ("show", "auxiliary"): "auxiliary", ("show", "info"): "know of",
    ("show", "advanced"): "advanced", ("show", "encoders"): "encoders", ("show", "missing"): "required", ("show", "all"): "all modules", ("show", "post"): "post",
}  # fmt: skip
SPECIAL = {
    "..": "above",
    ".": "current|Stays",
    "/": "root",
    "~": "home",
    "-": "before|called",
    "../..": "two levels",
    "../": "above",
    "~/": "home",
    "../../": "two levels",
    "./": "current",
}


def seconds(stamp: str) -> float:
    """Return seconds since the epoch."""
    return datetime.datetime.fromisoformat(stamp).timestamp()


def fault(how: str, line: str, text: str, truth: str) -> str | None:
    """Say what is wrong with an answer, None if nothing is.

    One from the cache must be what the AI would have said of this very line, byte for byte. One from the table must
    speak of every word of the line: name each operand and value, say of each option what MUST_SAY wants, and name
    nothing else.
    """
    if how in ("exact", "slot"):
        return None if text == truth else f"served {text!r}, not {truth!r}"
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return "the quotes of the line are open"
    for part in _parts(words):
        problem = _part_fault(part, text)
        if problem:
            return problem
    return None


def _parts(words: list[str]) -> list[list[str]]:
    """Split at what joins commands; sudo and redirections are told by words of their own."""
    found: list[list[str]] = [[]]
    for word in words:
        if word in ("|", "&&", "||", ";", ">", ">>"):
            found.append(["> "] if word.startswith(">") else [])
        else:
            found[-1].append(word)
    return [part[1:] if part[:1] == ["sudo"] else part for part in found if part]


def _part_fault(part: list[str], text: str) -> str | None:
    name, *words = part
    if name == "> ":
        return None if words and words[0] in text and "file" in text else "does not name the file written"
    if words in (["--help"], ["-h"]) and "options" in text:
        return None if name in text else "says nothing of help"
    if name in MUST_NAME and not re.search(MUST_NAME[name], text):
        return f"does not say what {name} does"
    for number, word in enumerate(words):
        plain = (name, word) in PLAIN
        if word.startswith("-") and word != "-" and not (name in RUNNERS and number) and not plain:
            problem = _option_fault(name, word, text)
        else:
            known = (
                word in text
                or (word in SPECIAL and re.search(SPECIAL[word], text))
                or (plain and re.search(PLAIN[name, word], text))
            )
            problem = None if known else f"does not name {word}"
        if problem:
            return problem
    return None


def _option_fault(name: str, word: str, text: str) -> str | None:
    whole, _, value = word.lstrip("-").partition("=")
    if value and value not in text:
        return f"does not name {value}"
    if (name, whole) in MUST_SAY:
        wanted = [MUST_SAY[name, whole]]
    elif word.startswith("--"):
        return f"{word} cannot be judged"
    else:
        letters = re.match(r"[A-Za-z0-9]", whole)
        # -p22 is -p with a value: the value must be named.
        if letters and (name, whole[0]) in MUST_SAY and whole[1:] and whole[1:] in text:
            wanted = [MUST_SAY[name, whole[0]]]
        elif all((name, letter) in MUST_SAY for letter in whole):
            wanted = [MUST_SAY[name, letter] for letter in whole]
        else:
            return f"{word} cannot be judged"
    missing = [item for item in wanted if not re.search(item, text)]
    return f"says nothing of {word}" if missing else None
