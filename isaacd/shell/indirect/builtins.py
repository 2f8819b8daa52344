"""Builtins of the shell that run texts or other commands."""

import msgspec

from isaacd.shell.indirect.found import Finder, Found, joined, merged, read_as_shell
from isaacd.shell.indirect.shells import substituted
from isaacd.shell.invocation import Invocation


def _eval(invocation: Invocation) -> Found:
    words = invocation.words[1:]
    if words and words[0].value == "--":
        words = words[1:]
    if not words:
        return Found()
    found = joined(words, "what eval runs cannot be seen", same_shell=True)
    return msgspec.structs.replace(found, forgets=found.unseen is not None)


def _source(invocation: Invocation) -> Found:
    text = substituted(invocation.words[1]) if len(invocation.words) > 1 else None
    if text is not None:
        return Found(texts=(text,), same_shell=True)
    file = invocation.words[1].raw if len(invocation.words) > 1 else "?"
    if file in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        read = read_as_shell(invocation)
        if read.texts:
            return Found(texts=read.texts, same_shell=True, forgets=True)
    return Found(unseen=f"what is in the file {file} is run, and cannot be seen", forgets=True)


def _trap(invocation: Invocation) -> Found:
    words = [word for word in invocation.words[1:] if word.value != "--"]
    if len(words) < 2 or words[0].value in ("-p", "-l", "-", ""):
        return Found()
    return joined(words[:1], "what trap runs cannot be seen")


def _alias(invocation: Invocation) -> Found:
    texts = [value.partition("=")[2] for word in invocation.words[1:] if "=" in (value := word.value or "")]
    unseen = any(word.value is None for word in invocation.words[1:])
    return Found(texts=tuple(texts), unseen="what an alias stands for cannot be seen" if unseen else None)


def _reads(option: str) -> Finder:
    """`mapfile -C TEXT`, `bind -x '"key": TEXT'`, `complete -C TEXT`: the text is run later."""

    def find(invocation: Invocation) -> Found:
        words = invocation.words
        for place, word in enumerate(words[:-1]):
            if word.value == option:
                return joined(words[place + 1 : place + 2], f"what {words[0].raw} runs cannot be seen")
        return Found()

    return find


def _bind(invocation: Invocation) -> Found:
    found = _reads("-x")(invocation)
    return msgspec.structs.replace(found, texts=tuple(text.partition(":")[2] for text in found.texts))


def _enable(invocation: Invocation) -> Found:
    """`enable -f FILE NAME` loads code into the shell."""
    if any((word.value or "").startswith("-f") for word in invocation.words[1:]):
        return Found(unseen="code from a file becomes part of the shell", forgets=True)
    return Found()


def _compgen(invocation: Invocation) -> Found:
    """`compgen -W '$(rm x)'`: the words of its list are expanded, quoted or not."""
    lists = _reads("-W")(invocation)
    texts = tuple(f"echo {text}" for text in lists.texts if "$(" in text or "`" in text)
    return merged(_reads("-C")(invocation), Found(texts=texts))


BUILTINS: dict[str, Finder] = {
    "eval": _eval,
    "source": _source,
    ".": _source,
    "trap": _trap,
    "alias": _alias,
    "mapfile": _reads("-C"),
    "readarray": _reads("-C"),
    "complete": _reads("-C"),
    "compgen": _compgen,
    "bind": _bind,
    "enable": _enable,
}
