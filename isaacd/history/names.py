"""Which program a command line is about."""

_SKIPPED = frozenset(
    "sudo doas env nohup nice ionice time command exec builtin setsid stdbuf chronic proxychains4 then do else ! {".split()
)
_MAX_CHARS = 64
# Options of `sudo` and its like that take the next word.
_TAKES = frozenset("-u -g -n -C -D -h -p -U -r -t -T".split())


def program_of(command: str) -> str:
    """Return the name of the first program that a line runs, without its folder; "" if there is none to be seen."""
    takes = False
    is_wrapped = False
    for word in command[:2000].split(maxsplit=20)[:20]:
        if takes:
            takes = False
            continue
        if word.startswith("-") and is_wrapped:
            takes = word in _TAKES
            continue
        name, equals, _ = word.partition("=")
        if equals and name.isidentifier():
            continue
        if word in _SKIPPED:
            is_wrapped = True
            continue
        found = word.strip("(){};'\"\\").rpartition("/")[2]
        return found[:_MAX_CHARS] if found and not found.startswith(("#", "$", "<", ">")) else ""
    return ""
