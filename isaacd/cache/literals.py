"""Which words of a command line are literals: names and addresses that could be others without a change of meaning."""

import ipaddress
import re
from collections.abc import Iterator

import msgspec

MIN_LITERAL_CHARS = 3
MAX_LITERAL_CHARS = 64

# Names that say what a file, directory, user or host is. What is not in here may still mean something to a reader,
# which is why the answer is looked through as well (isaacd.cache.slots).
_MEANINGFUL = frozenset(
    """
    admin administrator adm agent alias all any app application apt archive attack archives auth authorized authorized_keys
    backup backups bak bash bashrc bash_history bin boot build bundle cache cert certs changelog cgi client cloud config
    conf core crack crash cred creds credential credentials cron crontab crypt ctf current daemon data database db debian
    debug default demo desktop dev dist docker dockerfile docs documents download downloads dump editor email env
    environment error errors etc event example examples exploit export fedora file files flag fonts ftp games git github
    group groups guest hack hacking hash hashes help history home host hosts html http https id_ecdsa id_ed25519 id_rsa
    image images include index info init install invoice invoices issue java john json kali kernel key keys known_hosts
    lib lib32 lib64 license list local localhost log login logs main mail make makefile man manual media memory metasploit
    mnt module modules movies msf music mysql net network nginx node nobody notes null opt package packages pass passwd
    password passwords payload personal photo photos php pictures pid pip postgres private proc process profile program project
    projects proxy public pub python random readme recovery release report repo requirements resolv rockyou root rsa run
    sbin scan script scripts secret secrets security self server service services session setup shadow share shell
    src srv ssh ssl staff start stderr stdin stdout sudo sudoers swap sys system target temp template templates test
    tests tmp todo token tools ubuntu update upload uploads urandom user users usr var version videos virus vpn war
    web webadmin webmin wifi wordlist wordlists work workspace www zero zip
    """.split()
)
# Inside a longer name these tell as much: weblog, mykeys, oldbackup. Shorter ones are in every other word by chance.
_TELLING = re.compile("|".join(["log", "key", *(word for word in _MEANINGFUL if len(word) >= 4)]))
# Endings that say what a file is; the ending stays in the pattern, so files of different kinds never share an answer.
_ENDING = re.compile(r"\.(?:tar\.[a-z0-9]{1,4}|[A-Za-z][A-Za-z0-9]{0,5}|7z)\Z")
_STEM = re.compile(r"[A-Za-z](?:[A-Za-z_-]*[A-Za-z])?\Z")
_PIECES = re.compile(r"[a-z]+")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")
_PATH_CHARS = re.compile(r"[A-Za-z0-9_./~-]+\Z")
# Addresses that people know by heart.
_KNOWN_ADDRESSES = frozenset("1.1.1.1 1.0.0.1 8.8.8.8 8.8.4.4 9.9.9.9 4.4.4.4 208.67.222.222".split())


class Part(msgspec.Struct, frozen=True):
    """A piece of a word: text that stays, or a literal whose `kind` says what others may stand in its place."""

    text: str
    kind: str | None = None


def parts_of(word: str) -> list[Part]:
    """Split a word into what stays and what may be another; all of it stays unless it is plainly a place.

    A place is an IPv4 address, `user@host`, `user@host:path`, or a path: with a slash, or a name with an ending.
    """
    user, at, rest = word.rpartition("@")
    if at:
        host, colon, path = rest.partition(":")
        if not user or not _STEM.match(user) or not _address_kind(host):
            return [Part(word)]
        below = list(_path_parts(path)) if colon and path else []
        return [_name(user, "user"), Part("@"), *_host_parts(host), Part(colon), *below]
    if _address_kind(word.partition("/")[0].partition(":")[0]):
        return list(_host_parts(word))
    if "/" in word or (_ENDING.search(word) and not word.startswith("-")):
        return list(_path_parts(word))
    return [Part(word)]


def _host_parts(text: str) -> Iterator[Part]:
    """Give an address and what follows it: a mask and a port stay, because they decide what is meant."""
    match = re.match(r"[0-9.]+", text)
    address = match[0] if match else ""
    yield Part(address, _address_kind(address))
    if text[len(address) :]:
        yield Part(text[len(address) :])


def _address_kind(text: str) -> str | None:
    """Name the class that all addresses in its place must share; None if this one is special or none at all."""
    if not _ADDRESS.match(text) or text in _KNOWN_ADDRESSES:
        return None
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return None
    # Networks, gateways and broadcasts are spoken of differently.
    if int(address) & 0xFF in (0, 1, 255):
        return None
    if address.is_loopback or address.is_multicast or address.is_link_local or address.is_unspecified:
        return None
    if address.is_global:
        return "address"
    block = {10: "10", 172: "172.16", 192: "192.168"}.get(int(address) >> 24)
    return f"private address {block}" if block and address.is_private else None


def _path_parts(path: str) -> Iterator[Part]:
    if not _PATH_CHARS.match(path):
        yield Part(path)
        return
    for number, name in enumerate(path.split("/")):
        if number:
            yield Part("/")
        if not name:
            continue
        dot = "." if name.startswith(".") and not name.startswith("..") else ""
        ending = _ENDING.search(name[len(dot) :])
        stem = name[len(dot) : len(name) - len(ending[0]) if ending else None]
        yield from (Part(dot), _name(stem, "name"), Part(ending[0] if ending else ""))


def _name(stem: str, kind: str) -> Part:
    return Part(stem, kind) if is_arbitrary(stem) else Part(stem)


def is_arbitrary(stem: str) -> bool:
    """Say whether a name says nothing about what it names, as far as a list can know.

    One with a digit in it never is: years, dates, versions and numbers of vulnerabilities are spoken of.
    """
    if not MIN_LITERAL_CHARS <= len(stem) <= MAX_LITERAL_CHARS or not _STEM.match(stem):
        return False
    words = _PIECES.findall(stem.lower())
    if not any(len(word) >= MIN_LITERAL_CHARS for word in words):
        return False
    if _TELLING.search(stem.lower()):
        return False
    return not any(known in _MEANINGFUL for word in words for known in (word, word.rstrip("s")))
