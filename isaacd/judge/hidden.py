"""What is run without being seen: text from elsewhere, decoded text, and lines that only multiply themselves."""

from collections.abc import Iterator

from isaacd.judge.verdict import Reason
from isaacd.safety.tier import Tier
from isaacd.shell.indirect import SHELLS, reads_code
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Node, Script, Simple, Unseen, Word, below, words_of

FETCHERS = frozenset(
    "curl wget wget2 fetch aria2c http https xh httpie lynx w3m links elinks nc ncat netcat socat ftp lftp tftp scp sftp ssh "
    "gh aws gsutil telnet dig nslookup host rclone curlie lwp-request GET POST openssl".split()
)
DECODERS = frozenset(
    "base64 base32 basenc xxd uudecode openssl rev tr gunzip zcat bzcat xzcat zstdcat gpg hexdump od b64decode bzip2 gzip xz unxz "
    "bunzip2 lz4 zstd uncompress rot13 printf".split()
)
# A database's dump is kept packed.
_UNPACKERS = frozenset("gunzip zcat bzcat xzcat zstdcat bzip2 gzip xz unxz bunzip2 lz4 zstd".split())
_RUNNERS = frozenset(
    (
        *SHELLS,
        *"eval source . python python2 python3 perl ruby node php lua deno bun pwsh powershell osascript at batch psql".split(),
    )
)
MAX_STEPS = 12


def hidden(invocation: Invocation) -> Iterator[Reason]:
    """Give reasons why a command runs what cannot be judged."""
    if invocation.unseen is not None:
        yield Reason(Tier.BEYOND, invocation.unseen, invocation.place, "unseen")
    name = invocation.name
    if invocation.decodes:
        text = f"the code that {name} is given decodes text and may run it, which hides what it is"
        yield Reason(
            Tier.DESTRUCTIVE, text, invocation.place, "decoded text", "run hidden text", is_floor=True
        )
    if name in SHELLS and {"xargs", "gxargs", "parallel"} & set(invocation.via):
        text = f"{name} is given what cannot be seen"
        yield Reason(Tier.BEYOND, text, invocation.place, "unseen")
    if name is None or name in _RUNNERS or name in ("xargs", "gxargs", "parallel"):
        runs = name if name is not None else "the shell"
        source = _source(invocation) if name not in ("xargs", "gxargs") or invocation.unseen else None
        if source in FETCHERS:
            text = f"what {source} brings from elsewhere is run by {runs}, whatever it is"
            yield Reason(
                Tier.DESTRUCTIVE,
                text,
                invocation.place,
                "remote text",
                "run text from elsewhere",
                is_floor=True,
            )
        elif source in DECODERS and not (name == "psql" and source in _UNPACKERS):
            text = f"{runs} runs what {source} makes of other text, which hides what it is"
            yield Reason(
                Tier.DESTRUCTIVE, text, invocation.place, "decoded text", "run hidden text", is_floor=True
            )
    if name is not None and name == invocation.in_function:
        grows = invocation.receives is not None
        tier = Tier.DESTRUCTIVE if grows else Tier.BEYOND
        text = f"{name} calls itself, " + (
            "twice over: it fills the machine" if grows else "and may never end"
        )
        yield Reason(tier, text, name, "fork bomb", "fill the machine with processes", is_floor=grows)


def _source(invocation: Invocation) -> str | None:
    """Return the program whose output a command runs, if it is one that fetches or decodes."""
    found = None
    for name in _sources(invocation):
        if name in FETCHERS:
            return name
        if name in DECODERS:
            found = found or name
    return found


def _sources(invocation: Invocation) -> Iterator[str]:
    step, steps = invocation.receives if reads_code(invocation) else None, 0
    while step is not None and steps < MAX_STEPS:
        yield from _names_of(step)
        step, steps = step.receives, steps + 1
    words: list[Word] = list(invocation.words)
    for redirect in invocation.redirects:
        if redirect.operator in ("<", "<<<", "<<"):
            words += [word for word in (redirect.target, redirect.body) if word is not None]
    for word in words:
        for script in word.scripts:
            yield from _names_in(script)


def _names_of(invocation: Invocation) -> Iterator[str]:
    # What is printed as it stands is seen; `printf` with escapes is told by find, which then says what it writes.
    if invocation.name is not None and invocation.name != "printf":
        yield invocation.name
    yield from invocation.via


def _names_in(script: Script) -> Iterator[str]:
    for node in script.body:
        yield from _names_below(node, 0)


def _names_below(node: Node, depth: int) -> Iterator[str]:
    if depth > MAX_STEPS:
        return
    if isinstance(node, Simple):
        for word in node.words:
            value = word.value
            if value is not None:
                yield value.rpartition("/")[2]
                if value.startswith("-"):
                    break
    for word in words_of(node):
        for part in word.parts:
            if isinstance(part, Unseen):
                for script in part.scripts:
                    yield from _names_in(script)
    for child in below(node):
        yield from _names_below(child, depth + 1)
