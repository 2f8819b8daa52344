"""What all services have in common that follow OpenAI: a Bearer key, a list of models, and batches of JSON lines."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Protocol

from isaacd.ai.chat import ChatRequest
from isaacd.ai.http import HttpApi
from isaacd.ai.provider import BatchItem, BatchMark, BatchResult, BatchStatus, Host, ModelCard
from isaacd.ai.reply import HttpReply
from isaacd.config import ProviderConfig
from isaacd.errors import InvalidParams

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_HOST = "api.openai.com"
OPENAI_KEY = "OPENAI_API_KEY"


class Batches(Protocol):
    """The batches of a service, by whatever protocol."""

    async def submit(self, items: Sequence[BatchItem], name: str = "") -> str:
        """Hand questions over, under a name of our own, and return the one that the service gives."""
        ...

    async def find(self, mark: BatchMark) -> str | None:
        """Return the name of a batch whose handing over was cut short, None if it is certainly not there."""
        ...

    async def status(self, batch: str) -> BatchStatus:
        """Ask how far a batch is."""
        ...

    def results(self, batch: str) -> AsyncIterator[BatchResult]:
        """Return what has come of the questions."""
        ...

    async def cancel(self, batch: str) -> None:
        """Ask for a batch to stop."""
        ...


class OpenAIService(ABC):
    """One service: where it is, with which key, and what it is known to refuse.

    Without `base_url` it is the kind's `default_url` with the key from its `key_variable`, else OpenAI itself.
    """

    kind: ClassVar[str]
    path: ClassVar[str]
    default_url: ClassVar[str]
    key_variable: ClassVar[str]
    default_model: ClassVar[str]

    batch_discount = 0.5
    batch_max_items = 50_000

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        url = config.base_url or str(getattr(self, "default_url", OPENAI_URL))
        own_key = getattr(self, "key_variable", OPENAI_KEY) if config.base_url is None else None
        self.name = name
        self.api = HttpApi(name, config, host, base_url=url, variable=own_key)
        self._model: str | None = config.model or getattr(self, "default_model", None)
        self._refused: dict[str, frozenset[str]] = {}

    async def models(self) -> Sequence[ModelCard]:
        """Return the models that the service lists, by name."""
        from isaacd.ai.protocol.model_list import read_models

        async with self.api.get("/models") as reply:
            body = await reply.body()
            try:
                return read_models(body)
            except ValueError:
                raise reply.malformed(body) from None

    async def submit_batch(self, items: Sequence[BatchItem], *, name: str = "") -> str:
        """Hand a batch over; raises InvalidParams if it is too large, or of more than one model."""
        return await self._batches().submit(items, name)

    async def find_batch(self, mark: BatchMark) -> str | None:
        """Look for a batch whose handing over was cut short."""
        return await self._batches().find(mark)

    async def batch_status(self, batch: str) -> BatchStatus:
        """Ask how far it is."""
        return await self._batches().status(batch)

    def batch_results(self, batch: str) -> AsyncIterator[BatchResult]:
        """Return the results of a batch that has ended, in any order."""
        return self._batches().results(batch)

    async def cancel_batch(self, batch: str) -> None:
        """Ask for it to stop."""
        await self._batches().cancel(batch)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.api.aclose()

    @property
    def is_openai(self) -> bool:
        """Whether this is OpenAI itself."""
        return self.api.host == OPENAI_HOST

    @abstractmethod
    def _batches(self) -> Batches:
        """Return the batches of this service."""

    def _model_of(self, request: ChatRequest) -> str:
        model = request.model or self._model
        if model is None:
            raise InvalidParams(
                f"provider {self.name} needs the name of a model",
                hint=f"give one with --model, or set ai.providers.{self.name}.model",
            )
        return model

    def _known_refusals(self, model: str) -> frozenset[str]:
        return self._refused.get(model, frozenset())

    async def _open(
        self,
        stack: AsyncExitStack,
        model: str,
        body: Callable[[frozenset[str]], dict[str, Any]],
        *,
        optional: Sequence[str],
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """Send what `body` makes; what of `optional` the service refuses is left out, now and from then on."""
        from msgspec import json

        while True:
            without = self._known_refusals(model)
            call = self.api.post(self.path, json.encode(body(without)), model=model, headers=headers)
            try:
                return await stack.enter_async_context(call)
            except InvalidParams as error:
                refused = {word for word in optional if word not in without and word in error.message}
                if not refused:
                    raise
                self._refused[model] = without | refused
