"""What the Model Context Protocol says, as far as Isaac speaks it: versions, and what comes in requests.

Source: the specification at modelcontextprotocol.io, versions 2024-11-05, 2025-03-26, 2025-06-18 and 2025-11-25.
"""

from typing import Final, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from isaacd.errors import InvalidParams

T = TypeVar("T")

VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
LEVELS: Final = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
MAX_NAME_CHARS: Final = 40

# What the daemon says to `isaacctl mcp`, which hands it on to nobody.
LEFT: Final = "notifications/isaac/left"

# Which versions know a thing; text compares as the dates do.
HAS_ANNOTATIONS: Final = "2025-03-26"
HAS_PROGRESS_MESSAGE: Final = "2025-03-26"
HAS_STRUCTURED_OUTPUT: Final = "2025-06-18"
HAS_TITLES: Final = "2025-06-18"
HAS_ELICITATION: Final = "2025-06-18"
HAS_ELICITATION_MODES: Final = "2025-11-25"
# The only version that has batches.
BATCHES: Final = "2025-03-26"


class Implementation(msgspec.Struct, frozen=True):
    """Who is at the other end, as it says itself."""

    name: str = ""
    version: str = ""


class InitializeParams(msgspec.Struct, frozen=True, rename="camel"):
    """What a host opens the conversation with."""

    protocol_version: str
    capabilities: dict[str, Raw] = {}
    client_info: Implementation = Implementation()


class ListParams(msgspec.Struct, frozen=True):
    """Which page of a list is wanted."""

    cursor: str | None = None


class CallMeta(msgspec.Struct, frozen=True, rename="camel"):
    """What a call says about itself."""

    progress_token: int | str | None = None


class CallParams(msgspec.Struct, frozen=True, rename={"meta": "_meta"}):
    """Which tool is called, and with what."""

    name: str
    arguments: Raw | UnsetType = UNSET
    meta: CallMeta | None = None


class CancelParams(msgspec.Struct, frozen=True, rename="camel"):
    """Which request is not wanted any more."""

    request_id: int | str


class LevelParams(msgspec.Struct, frozen=True):
    """What is worth telling from now on."""

    level: str


class ElicitResult(msgspec.Struct, frozen=True):
    """What a person said to a form: accept, decline or cancel, and with the first what was filled in."""

    action: str
    content: dict[str, object] | None = None


def negotiated(wanted: str) -> str:
    """Return the version to speak with a host that wants this one: that, or else the newest that is known."""
    return wanted if wanted in VERSIONS else VERSIONS[-1]


def read(params: Raw, kind: type[T], method: str) -> T:
    """Read the parameters of a request; raises InvalidParams for what they are not."""
    try:
        return msgspec.json.decode(bytes(params) or b"{}", type=kind)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InvalidParams(f"{method}: {error}") from None
