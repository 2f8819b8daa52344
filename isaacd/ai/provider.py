"""What an AI provider has to offer: one async generator, and what else it can do."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

import msgspec

from isaacd.ai.chat import ChatRequest, Piece
from isaacd.config import KnowledgeConfig, ProviderConfig
from isaacd.log import Log
from isaacd.paths import Paths


class Provider(Protocol):
    """Answers conversations; one instance serves many requests at once.

    `stream` yields at most one `Opened`, then deltas and tool calls, and ends with one `Finish`. It raises
    PermissionDenied for a missing or refused key, NotFound for an unknown model, InvalidParams for a request that
    the service refuses, RateLimited, or ProviderUnavailable (retryable) when the service cannot be reached or breaks
    off. Closing the generator early frees the connection at once. What a kind cannot do at all (attachments, tools,
    schemas) it refuses with InvalidParams before any call.
    """

    name: str

    def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Answer `request` piece by piece."""
        ...

    async def aclose(self) -> None:
        """Let go of connections; no `stream` is under way."""
        ...


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a provider has; None is not known."""

    name: str
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    size_bytes: int | None = None


@runtime_checkable
class ListsModels(Protocol):
    """A provider that can say which models it has."""

    async def models(self) -> Sequence[ModelCard]:
        """Return the models, as the service lists them; raises what `stream` raises."""
        ...


class BatchItem(msgspec.Struct, frozen=True):
    """One question of a provider's own batch; `custom_id` (1 to 64 of A-Z a-z 0-9 _ -) comes back with its answer."""

    custom_id: str
    request: ChatRequest


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one question: all pieces of its answer, or an error (errored, canceled, expired) and its text."""

    custom_id: str
    pieces: tuple[Piece, ...] = ()
    error: str | None = None
    message: str = ""


class BatchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a provider's own batch is; `expires_at` is wall time in seconds."""

    state: Literal["working", "ended", "failed", "cancelled", "expired"]
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    expires_at: float | None = None
    message: str = ""


@runtime_checkable
class RunsBatches(Protocol):
    """A provider with a batch interface of its own: slower, and cheaper by `batch_discount` (0.5 is half price)."""

    batch_discount: float
    batch_max_items: int

    async def submit_batch(self, items: Sequence[BatchItem], *, name: str = "") -> str:
        """Hand a batch over and return the name that the service gives it; it may hold at most `batch_max_items`.

        `name` is our own, under which `FindsBatches` looks for it; a service that keeps no names leaves it out.
        """
        ...

    async def batch_status(self, batch: str) -> BatchStatus:
        """Ask how far it is."""
        ...

    def batch_results(self, batch: str) -> AsyncIterator[BatchResult]:
        """Return the results of a batch that has ended, in any order."""
        ...

    async def cancel_batch(self, batch: str) -> None:
        """Ask for it to stop; what is done already will still be in the results, and be charged."""
        ...


class BatchMark(msgspec.Struct, frozen=True, kw_only=True):
    """How to tell one of our batches at a service: our name for it, what its questions are called, and its time.

    `since` is wall time in seconds, shortly before it was handed over.
    """

    name: str
    custom_ids: frozenset[str]
    since: float


@runtime_checkable
class FindsBatches(Protocol):
    """A provider that can say whether a batch has reached its service, when the answer to `submit_batch` was lost."""

    async def find_batch(self, mark: BatchMark) -> str | None:
        """Return the name that the service gave it, None if it is certainly not there.

        Raises ProviderUnavailable when neither can be told, and what `stream` raises.
        """
        ...


class Host(msgspec.Struct, frozen=True):
    """What the daemon lends a provider: its environment (with the caller's keys), its folders and its log.

    `knowledge` says where the offline provider may look.
    """

    environ: Mapping[str, str]
    paths: Paths
    log: Log
    knowledge: KnowledgeConfig = KnowledgeConfig()


class LateFactory:
    """Stands for the factory of a kind whose plugin has not been imported yet, and says of the kind what is known."""

    async def ready(self) -> "ProviderFactory":
        """Return the factory; raises PluginFailed."""
        raise NotImplementedError


class ProviderFactory(Protocol):
    """Makes a provider of one kind; usually the provider class itself.

    A kind that can be used as soon as the environment holds its key also says, as attributes of the class:
    `default_url`, `key_variable` (such as ANTHROPIC_API_KEY), `default_model`, and `aliases` (`fast` and `smart`).
    """

    kind: str

    def __call__(self, name: str, config: ProviderConfig, host: Host) -> Provider:
        """Make the provider that the configuration calls `name`, without any I/O."""
        ...
