"""Which words of a command line are literals: names and addresses that could be others without a change of meaning.

Whoever explains a command knows what `Cargo.toml`, `~/.vimrc`, `/etc/fstab`, `bitnami/kafka`, 8.8.8.8 or 172.17.0.2 is, and
says so. So only two kinds of words count: the last number of an address in a private network, and the name of a document
in a place of the user's own.
"""

import ipaddress
import re

import msgspec

MIN_LITERAL_CHARS = 3
MAX_LITERAL_CHARS = 64

# Names that say what a file is, by convention or to a reader. What is not in here may still mean something, which is
# why the answer is looked through as well (isaacd.cache.slots).
_MEANINGFUL = frozenset(
    """
    adm admin administrator ads agent agents alias all android angular ansible any apache app application april apt
    archive archives assets attachment attack august auth authorized authorized_keys authors aws azure backup backups
    bak banner bash bash_history bashrc bin boot branding build bundle cache calendar cargo cert certs cgi changelog
    changes claude client cloud cmake cmakelists codeowners components composer conduct conf config constraints
    contact contacts contract contributing copying copyright core cover crack crash cred credential credentials creds
    cron crontab crypt ctf current daemon data database db debian debug december default demo deploy deployment
    desktop dev dictionary disclaimer dist docker dockerfile docs documents download downloads dump editor email env
    environment error errors etc event example examples exploit export faq favicon features february fedora file files
    fixtures flag fonts friday ftp games gemfile git github governance grafana grocery group groups guest hack hacking
    hadoop hash hashes healthcheck heartbeat help history home host hosts html http https humans icon id_ecdsa
    id_ed25519 id_rsa image images inbox include index info init install inventory invite invoice invoices issue
    january java jenkins john journal json july june kafka kali kernel key keys known_hosts kubernetes legal letter
    lib lib32 lib64 licence license linux list llms local locale localhost log login logo logs mail main make makefile
    man manifest manual march media meeting memory menu merge metasploit migrations minutes mnt module modules monday
    month movies msf music mysql net network news newsletter nginx nobody node notes notice november null october opt
    order outbox package packages pass passwd password passwords payload payroll personal photo photos php pictures
    pid pip plan playbook policy postgres privacy private proc process profile program project projects proxy pub
    public pull python quickstart random rank readme receipt recovery redis reference release repo report requirements
    resolv resume review roadmap robots rockyou root rsa run salary sample saturday sbin scan schedule schema
    screenshot script scripts secret secrets security self september server service services session setup shadow
    share shell sitemap slides spec src srv ssh ssl staff start statistics stats stderr stdin stdout stock sudo
    sudoers summary sunday support survey swap syllabus synopsis sys system table target task tasks tax taxes temp
    template templates terms terraform test tests thanks thumbs thursday ticket timesheet tmp toc todo token tools tor
    translations travel trip troubleshooting tuesday tutorial ubuntu update upgrade upload uploads urandom user users
    usr vagrant var vendor version videos vim virus vocabulary vpn war web webadmin webmin wednesday week welcome
    whitepaper wifi windows winner wordlist wordlists work worker workspace www year zero zip
    """.split()
)
# Inside a longer name these tell as much: weblog, mykeys, oldbackup. Shorter ones are in every other word by chance.
_TELLING = re.compile("|".join(["log", "key", *(word for word in _MEANINGFUL if len(word) >= 4)]))
# Kinds of files that people name as they like; code and configuration are named by convention.
_DOCUMENT = re.compile(r"\.(?:txt|md|pdf|docx?|odt|rtf|csv|xlsx?|ods|pptx?|odp|jpe?g|png|gif|mp3|mp4|wav)\Z")
_OWN_PLACE = re.compile(r"(?:(?!/)|/home/[^/]+/|/tmp/)")
_STEM = re.compile(r"[A-Za-z](?:[A-Za-z_-]*[A-Za-z])?\Z")
_PIECES = re.compile(r"[a-z]+")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?![0-9.])")
_PLACE = re.compile(r"[A-Za-z0-9_./~-]+\Z")
# Networks that software takes by default, where each address tells what it belongs to.
_KNOWN_NETWORKS = tuple(
    map(
        ipaddress.IPv4Network,
        ("10.0.2.0/24", "10.96.0.0/24", "172.17.0.0/24", "192.168.49.0/24", "192.168.56.0/24", "192.168.99.0/24",
         "192.168.122.0/24"),
    )
)  # fmt: skip
# Gateways, name servers and the like.
_LEAST_HOST, _MOST_HOST = 4, 250
_KNOWN_HOSTS = frozenset({10, 53, 100, 200})
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


class Part(msgspec.Struct, frozen=True):
    """A piece of a word: text that stays, or a literal whose `kind` says what others may stand in its place."""

    text: str
    kind: str | None = None


def host_parts(word: str) -> list[Part]:
    """Split a word into what stays and the address that may be another of its network.

    The address is the word, or what follows `@`, with a port, a mask or a path behind it that stays.
    """
    user, at, host = word.rpartition("@")
    match = _ADDRESS.match(host)
    kind = _network(match[0]) if match is not None and (user or not at) else None
    if match is None or kind is None:
        return [Part(word)]
    return [Part(user + at), Part(match[0], kind), Part(host[match.end() :])]


def _network(text: str) -> str | None:
    """Name the network that all addresses in its place must share; None if this one is special."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return None
    host = int(address) & 0xFF
    if not any(address in network for network in _PRIVATE) or any(
        address in network for network in _KNOWN_NETWORKS
    ):
        return None
    if not _LEAST_HOST <= host <= _MOST_HOST or host in _KNOWN_HOSTS:
        return None
    return f"address in {text.rpartition('.')[0]}"


def file_parts(word: str) -> list[Part]:
    """Split a word into what stays and the name of a document; its place and its ending stay."""
    place, slash, name = word.rpartition("/")
    ending = _DOCUMENT.search(name)
    if ending is None or not _PLACE.match(word) or not _OWN_PLACE.match(word):
        return [Part(word)]
    stem = name[: ending.start()]
    if not is_arbitrary(stem):
        return [Part(word)]
    return [Part(place + slash), Part(stem, "name"), Part(ending[0])]


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
