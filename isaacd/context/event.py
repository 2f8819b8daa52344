"""Events: what happened in the daemon or in a plugin, told to whoever wants to know."""

import msgspec

# What the house itself tells, and the keys of each event's data.
HOUSE_EVENTS = {
    "ask.answered": "a question was answered: provider, model, caller, cached, elapsed_ms",
    "config.changed": "the configuration was read anew: file",
    "daemon.ready": "the daemon answers, and its plugins can be used: version",
    "daemon.stopping": "the daemon is about to leave; handlers get a second",
    "history.added": "a command line was run: line, cwd, exit, started, elapsed_ms, session",
    "plugin.failed": "a plugin could not be loaded or set up: name, error",
    "plugin.loaded": "a plugin is in place: name, version",
    "task.ended": "background work has ended: id, name, state",
}


class Event(msgspec.Struct, frozen=True):
    """Something that happened: `data` is plain data and the handler's own copy, `at` seconds since the epoch."""

    name: str
    data: dict[str, object]
    at: float
