"""What a plugin says that it uses, and what may stand there.

| capability | the plugin may | held to it |
|---|---|---|
| `ask` | ask AI providers: `context.ask`, `context.ai`, `context.answers`, `context.chats`, `context.batches` | every plugin |
| `cache` | keep values for a while: `context.cache` | every plugin |
| `state` | keep values for good: `context.state`, `context.database` | every plugin |
| `publish` | publish events of its own: `context.publish` | every plugin |
| `secrets:NAME` | read the secret NAME: `context.secrets` | every plugin |
| `history` | read the commands that were run in shells: `context.history` | every plugin |
| `history` | be told of each one as it is run: the event `history.added` | isolated plugins |
| `run` | have lines and commands run: `context.plans`, `context.jobs`, `context.gather` | every plugin |
| `run` | hand a program over to the user's terminal: a `Handover` as its result | isolated plugins |
| `admin` | have any command of Isaac run, each agreed to by the person: `context.call` | every plugin |
| `network` | open connections of its own | isolated plugins, where the kernel can |
| `read:PATH` | read PATH and all below it; `~` is the home directory, `.` the caller's directory | isolated plugins, where the kernel can |
| `write:PATH` | change PATH and all below it | isolated plugins, where the kernel can |

`ask`, `run` (which may be written `run:confirm`) and `admin` are the scopes that tokens have too. A plugin that runs isolated has
them once a person has granted them: `isaacctl plugins grant NAME`.

A plugin that runs in the daemon's own process is trusted: the last lines are then what `isaacctl plugins info` tells, and no
more. Progress, questions to the person, the log, settings and the caller's directory need no capability.
"""

import re
from collections.abc import Collection, Iterable
from typing import Literal, cast

import msgspec

from isaacd.errors import PermissionDenied, PluginFailed
from isaacd.tokens.scope import SCOPES, Scope

Kind = Literal[
    "ask", "cache", "state", "publish", "history", "secrets", "run", "admin", "network", "read", "write"
]
_PLAIN = ("ask", "cache", "state", "publish", "history", "run", "admin", "network")
# Capabilities by the scope that they are, and what else they may be written as.
_SCOPES: dict[str, Scope] = {"ask": "ask", "run": "run:confirm", "admin": "admin"}
_SPELLED = {"run:confirm": "run"}
_NAMED = {"secrets": "secrets:NAME", "read": "read:PATH", "write": "write:PATH"}
_SECRET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")


class Capability(msgspec.Struct, frozen=True):
    """One capability; `of` is the name of the secret or the path, and empty for the others."""

    kind: Kind
    of: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.of}" if self.of else self.kind


def parse(text: str) -> Capability:
    """Read a capability as a plugin writes it; raises PluginFailed with what may stand there."""
    text = _SPELLED.get(text, text)
    kind, colon, of = text.partition(":")
    if kind in _PLAIN and not colon:
        return Capability(cast("Kind", kind))
    if kind in _NAMED and of.strip():
        if kind == "secrets" and not _SECRET.match(of):
            raise PluginFailed(f"{text!r} is no capability: a secret has a name such as GITHUB_TOKEN")
        if kind != "secrets" and not of.startswith(("/", "~/", "./")) and of not in ("~", "."):
            raise PluginFailed(f"{text!r} is no capability: a path begins with /, ~/ or ./")
        return Capability(cast("Kind", kind), of)
    from difflib import get_close_matches

    shapes = [*_PLAIN, *_NAMED.values()]
    near = get_close_matches(kind, [*_PLAIN, *_NAMED], 1)
    meant = _NAMED.get(near[0], near[0]) if near else None
    hint = f"did you mean {meant!r}?" if meant else f"there are: {', '.join(shapes)}"
    raise PluginFailed(f"there is no capability {text[:80]!r}", hint=hint)


def parse_all(texts: Iterable[str]) -> tuple[Capability, ...]:
    """Read all capabilities of a plugin, each once; raises PluginFailed."""
    return tuple(dict.fromkeys(parse(item) for item in texts))


def scopes_of(capabilities: Iterable[str]) -> tuple[Scope, ...]:
    """Return which of the capabilities that a plugin has declared are scopes."""
    wanted = {_SCOPES[item] for item in capabilities if item in _SCOPES}
    return tuple(item for item in SCOPES if item in wanted)


def demand(plugin: str, declared: Collection[str], wanted: str, what: str) -> None:
    """Raise PermissionDenied unless a plugin has declared the capability that `what` needs."""
    if wanted not in declared:
        listed = ", ".join(f'"{item}"' for item in (*declared, wanted)) + ("" if declared else ",")
        raise PermissionDenied(
            f"the plugin {plugin} uses {what} without having said so",
            hint=f"write capabilities=({listed}) into its Plugin(...)",
        )
