"""Chooses, for each slot of a command, the value of the question that belongs there."""

from isaac_plugins.knowledge import template
from isaac_plugins.knowledge.values import Values

# Where a slot looks for its value: kinds in order of preference.
_SOURCES = {
    "dir": ("path",),
    "dest": ("to",),
    "mountpoint": ("to", "path"),
    "file": ("file", "path", "quoted"),
    "files": ("glob",),
    "archive": ("file",),
    "script": ("file", "path"),
    "patch": ("file",),
    "glob": ("glob", "file", "name"),
    "pattern": ("quoted", "text"),
    "text": ("quoted",),
    "message": ("quoted",),
    "command": ("quoted",),
    "query": ("quoted",),
    "old": ("old", "quoted"),
    "new": ("new",),
    "key": ("key", "quoted"),
    "value": ("quoted",),
    "name": ("name", "quoted"),
    "package": ("package", "name", "quoted"),
    "service": ("service", "daemon", "program", "name", "quoted"),
    "process": ("process", "program", "name", "quoted"),
    "container": ("container", "name", "quoted"),
    "image": ("image", "name", "quoted"),
    "session": ("session", "name", "quoted"),
    "pod": ("pod", "name", "quoted"),
    "tag": ("tag", "name", "quoted"),
    "table": ("table", "name"),
    "database": ("database", "name"),
    "host": ("host", "ip", "domain"),
    "domain": ("domain", "host", "file"),
    "count": ("count", "number"),
    "number": ("number", "count"),
    "depth": ("depth",),
    "url": ("url",),
    "branch": ("branch", "quoted"),
    "email": ("email",),
    "module": ("module", "name"),
}
_SECOND = {"file": ("to", "file"), "dir": ("to", "path"), "new": ("quoted",), "text": ("quoted",)}


def assign(command: str, values: Values) -> dict[str, str]:
    """Give a value to each slot for which the question has one."""
    found = values.found
    names = template.names(command)
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        base, second = name.rstrip("23456789"), name[-1] in "23456789"
        sources = _SECOND.get(base, _SOURCES.get(base, (base,))) if second else _SOURCES.get(base, (base,))
        if base == "dir" and "dest" not in names and not second and not found.get("path"):
            sources = ("path", "to")
        if base == "new":
            sources = ("new", "quoted")
        value = next((v for kind in sources for v in found.get(kind, ()) if v not in taken), None)
        if value is not None and _fits(base, value):
            chosen[name] = value
            taken.add(value)
    return chosen


def _fits(base: str, value: str) -> bool:
    """Keep a folder out of places that want a file, and a bare place word out of both."""
    if base in ("file", "archive", "script"):
        return value not in (".", "~", "/")
    return True
