"""What an AI provider has to offer: one async generator."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import msgspec

from isaacd.ai.chat import ChatRequest, Piece
from isaacd.config import KnowledgeConfig, ProviderConfig
from isaacd.log import Log
from isaacd.paths import Paths


class Provider(Protocol):
    """Answers conversations; one instance serves many requests at once.

    `stream` yields deltas and ends with one `Finish`. It raises PermissionDenied for a missing or refused key,
    NotFound for an unknown model, RateLimited, or ProviderUnavailable (retryable) when the service cannot be
    reached or breaks off. Closing the generator early frees the connection at once.
    """

    name: str

    def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Answer `request` piece by piece."""
        ...

    async def aclose(self) -> None:
        """Let go of connections; no `stream` is under way."""
        ...


class Host(msgspec.Struct, frozen=True):
    """What the daemon lends a provider: its environment (with the caller's keys), its folders and its log.

    `knowledge` says where the offline provider may look.
    """

    environ: Mapping[str, str]
    paths: Paths
    log: Log
    knowledge: KnowledgeConfig = KnowledgeConfig()


class ProviderFactory(Protocol):
    """Makes a provider of one kind; usually the provider class itself."""

    kind: str

    def __call__(self, name: str, config: ProviderConfig, host: Host) -> Provider:
        """Make the provider that the configuration calls `name`, without any I/O."""
        ...
