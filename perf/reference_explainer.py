"""Plays the AI of a replay: explains any command line, always the same way, with remarks on what the values mean.

It knows nothing of how the cache cuts lines into slots. Its remarks are what makes sharing an answer between lines
wrong: the kind of a file, a year in its name, hidden files, privileged users, classes of addresses, known ports,
one or many, the words that a name is made of.
"""

import ipaddress
import re
from pathlib import PurePosixPath

PORTS = {21: "FTP", 22: "SSH", 23: "Telnet", 25: "SMTP", 53: "DNS", 80: "HTTP", 110: "POP3", 443: "HTTPS", 3306: "MySQL",
         4444: "a usual listener of exploits", 5432: "PostgreSQL", 8080: "a web proxy", 10000: "Webmin"}  # fmt: skip
KINDS = {".zip": "ZIP archive", ".txt": "text file", ".py": "Python script", ".pl": "Perl script", ".sh": "shell script",
         ".xlsx": "spreadsheet", ".rb": "Ruby script", ".hash": "file of hashes", ".pub": "public key", ".gz": "compressed file",
         ".png": "picture", ".html": "web page", ".rc": "resource script", ".pdf": "document", ".db": "database"}  # fmt: skip
PLACES = {"/etc": "system configuration", "/root": "root's home", "/home": "users' homes", "/tmp": "temporary files", "/usr/share": "shared data",
          "/var": "variable data", "/dev": "devices", "/proc": "the kernel's process table", "/": "the root of the file system"}  # fmt: skip
TOPICS = ("invoice", "wordlist", "password", "passwd", "personal", "secret", "key", "backup", "flag", "exploit", "log", "data",
          "italy", "croatia", "photo", "hack", "root", "admin", "debian", "history", "crack", "attack", "music", "video")  # fmt: skip


def explain(line: str, where: str) -> str:
    """Explain a line typed into `where`, a shell or another console."""
    words = line.split()
    if not words:
        return "The line is empty: nothing is run."
    text = [f"Typed into {where}, this runs `{words[0]}` with {_count(len(words) - 1, 'argument')}."]
    for number, word in enumerate(words[1:], 1):
        text.append(f"{number}. `{word}`: {_about(words, number, word)}.")
    if "/" in words[0] or "." in words[0]:
        text.append(f"The program itself is {_path(words[0])}.")
    return "\n".join(text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _about(words: list[str], number: int, word: str) -> str:
    if word.startswith("-"):
        return f"an option of {words[0]} ({len(word.lstrip('-'))} letters)"
    if word in {"|", ">", ">>", "<", "&&", "||", ";", "&", "2>"}:
        return "an operator of the shell"
    if re.fullmatch(r"\d+", word):
        value = int(word)
        port = f", the port of {PORTS[value]}" if value in PORTS else ""
        return f"the number {value}{port}, {'one' if value == 1 else 'none' if value == 0 else 'several'}"
    user, at, host = word.rpartition("@")
    if at:
        machine, _, path = host.partition(":")
        power = (
            ", who may do everything"
            if user == "root"
            else ", an administrator"
            if user.startswith("adm")
            else ""
        )
        below = f", there {_path(path)}" if path else ""
        return f"the user '{user}'{power} on {_host(machine)}{below}"
    if re.match(r"\d+\.\d+\.\d+\.\d+", word):
        return _host(word)
    return _path(word)


def _host(host: str) -> str:
    address, slash, mask = host.partition("/")
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"the machine '{host}'"
    kind = "private" if found.is_private else "public"
    if found.is_loopback:
        kind = "loopback"
    size = (
        f", a network of {2 ** (32 - int(mask))} addresses"
        if slash and mask.isdigit() and int(mask) <= 32
        else ""
    )
    last = int(found) & 255
    role = (
        ", probably a gateway"
        if last == 1
        else ", a network"
        if last == 0
        else ", a broadcast"
        if last == 255
        else ""
    )
    block = (
        {10: "10.0.0.0/8", 172: "172.16.0.0/12", 192: "192.168.0.0/16"}.get(int(found) >> 24, "")
        if kind == "private"
        else ""
    )
    return f"the {kind} address '{address}'{f' of {block}' if block else ''}{size}{role}"


def _path(path: str) -> str:
    pure = PurePosixPath(path)
    kind = KINDS.get(pure.suffix.lower(), "directory" if path.endswith("/") else "name")
    notes = []
    if pure.name.startswith(".") and pure.name.strip("."):
        notes.append("hidden")
    if path.startswith("~"):
        notes.append("below the home directory")
    if ".." in pure.parts:
        notes.append("reached through the directory above")
    notes += [
        f"part of {about}"
        for place, about in PLACES.items()
        if path == place or (path.startswith(place.rstrip("/") + "/") and place != "/")
    ]
    year = re.search(r"(?:19|20)\d\d(?!\d)", path)
    if year:
        notes.append(f"of the year {year[0]}")
    cve = re.search(r"(?i)cve[-_]?\d+", path)
    if cve:
        notes.append("named after a known vulnerability")
    notes += [f"about {topic}s" for topic in TOPICS if topic in path.lower()]
    return f"the {kind} '{path}'" + (f" ({', '.join(notes)})" if notes else "")
