"""Anthropic's Messages API, and every service that speaks it."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import ClassVar, TypeVar

from msgspec import DecodeError, json, structs

from isaacd.api import (
    BatchItem,
    BatchMark,
    BatchResult,
    BatchStatus,
    ChatRequest,
    Host,
    HttpApi,
    HttpReply,
    InvalidParams,
    ModelCard,
    Opened,
    Piece,
    Plugin,
    ProviderConfig,
    ProviderUnavailable,
)

ANTHROPIC_URL = "https://api.anthropic.com"
# Pinned: later versions refuse parameters that callers may still send.
API_VERSION = "2023-06-01"
MESSAGES = "/v1/messages"
BATCHES = "/v1/messages/batches"
MAX_RESULTS_BYTES = 4 * 1024**3
MAX_PAGES = 50
# Clocks differ: a batch that is older than this was not ours.
SLACK_S = 3600.0
_CANNOT_BE_READ = (DecodeError, UnicodeDecodeError, RecursionError)

T = TypeVar("T")
plugin = Plugin(
    "anthropic",
    summary="Ask Claude, or any service that speaks Anthropic's Messages API.",
    capabilities=("network",),
)


@plugin.provider
class Anthropic:
    """`POST {base_url}/v1/messages`; a base URL may also end in `/v1`.

    Without a base URL it is the one of ANTHROPIC_BASE_URL, else Anthropic's own service; only then the key is in
    ANTHROPIC_API_KEY, unless another place is configured. A class below this one with a `kind`, `default_url`,
    `key_variable` and `default_model` of its own is a provider for another service.
    """

    kind = "anthropic"
    default_url = ANTHROPIC_URL
    key_variable = "ANTHROPIC_API_KEY"
    default_model = "claude-sonnet-5-5"
    aliases: ClassVar[Mapping[str, str]] = {"fast": "claude-haiku-5-5", "smart": "claude-opus-5-5"}
    batch_discount = 0.5
    # The API takes 100,000 or 256 MB; fewer keep what is in memory at once small.
    batch_max_items = 10_000

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        base_variable = self.key_variable.removesuffix("_API_KEY") + "_BASE_URL"
        url = config.base_url or host.environ.get(base_variable) or self.default_url
        self.name = name
        self._model = config.model or (self.default_model if config.base_url is None else None)
        self._api = HttpApi(
            name,
            structs.replace(config, headers={"anthropic-version": API_VERSION, **config.headers}),
            host,
            base_url=url.rstrip("/").removesuffix("/v1"),
            variable=self.key_variable if config.base_url is None else None,
            authorize=lambda key: {"x-api-key": key},
        )

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Answer piece by piece."""
        from isaacd.api import MessagesReader

        model = request.model or self._model or self._missing_model()
        async with AsyncExitStack() as stack:
            reply = await self._open(stack, request, model)
            yield Opened(reply.limits)
            reader = MessagesReader(model)
            while not reader.ended and (data := await reply.next_data()) is not None:
                pieces = _read(reply, reader.receive, data)
                if reader.failed:
                    raise reply.refused(data)
                for piece in pieces:
                    yield piece
            finish = reader.finish()
            if finish is None:
                raise reply.broke_off()
            await reply.drain()
        yield finish

    async def models(self) -> Sequence[ModelCard]:
        """Return the models that the key may ask."""
        from isaacd.api import read_models

        cards: list[ModelCard] = []
        path = after = "/v1/models?limit=1000"
        while True:
            async with self._api.get(path) as reply:
                page, last = _read(reply, read_models, await reply.body())
            cards += page
            if last is None or not page:
                return cards
            path = f"{after}&after_id={_part(last)}"

    async def submit_batch(self, items: Sequence[BatchItem], *, name: str = "") -> str:
        """Hand a batch over; it is done within 24 hours. The service keeps no name of ours."""
        from isaacd.api import batch_body, read_batch

        if not all(item.request.model or self._model for item in items):
            self._missing_model()
        body = batch_body(items, self._model, kind=self.kind)
        async with self._api.post(BATCHES, body) as reply:
            return _read(reply, read_batch, await reply.body())[0]

    async def find_batch(self, mark: BatchMark) -> str | None:
        """Look for a batch of that time and size; only the results of one that has ended say whose it is."""
        from isaacd.api import read_batches

        after: str | None = ""
        in_doubt = False
        for _ in range(MAX_PAGES):
            async with self._api.get(
                f"{BATCHES}?limit=100" + (f"&after_id={_part(after)}" if after else "")
            ) as reply:
                page = _read(reply, read_batches, await reply.body())
            old = False
            for batch, status, at in page.batches:
                old = at is not None and at < mark.since - SLACK_S
                if old or status.total != len(mark.custom_ids):
                    continue
                if status.state == "working":
                    in_doubt = True
                elif await self._is_ours(batch, mark):
                    return batch
            if old or page.after is None:
                break
            after = page.after
        else:
            in_doubt = True
        if in_doubt:
            raise ProviderUnavailable(
                f"{self.name} has a batch of that time and size, and will not say whose it is before it has ended",
                hint="ask again when it has",
            )
        return None

    async def _is_ours(self, batch: str, mark: BatchMark) -> bool:
        async with aclosing(self.batch_results(batch)) as results:
            async for result in results:
                return result.custom_id in mark.custom_ids
        return False

    async def batch_status(self, batch: str) -> BatchStatus:
        """Ask how far a batch is."""
        from isaacd.api import read_batch

        async with self._api.get(f"{BATCHES}/{_part(batch)}") as reply:
            return _read(reply, read_batch, await reply.body())[1]

    async def batch_results(self, batch: str) -> AsyncGenerator[BatchResult, None]:
        """Return the results in the order in which they come, one line at a time."""
        from isaacd.api import read_result

        path = f"{BATCHES}/{_part(batch)}/results"
        async with self._api.get(path, max_bytes=MAX_RESULTS_BYTES) as reply:
            while (line := await reply.next_line()) is not None:
                yield _read(reply, lambda line: read_result(line, self._model or "unknown"), line)

    async def cancel_batch(self, batch: str) -> None:
        """Ask a batch to stop."""
        async with self._api.post(f"{BATCHES}/{_part(batch)}/cancel", b"{}") as reply:
            await reply.body()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _open(self, stack: AsyncExitStack, request: ChatRequest, model: str) -> HttpReply:
        from isaacd.api import messages_body

        body = json.encode(messages_body(request, model, kind=self.kind))
        try:
            return await stack.enter_async_context(self._api.post(MESSAGES, body, model=model))
        except InvalidParams as error:
            # What a model thought is sealed to all that came before it. If a conversation was shortened or edited, the
            # seal is refused; the answer is then given without those thoughts.
            bare = json.encode(messages_body(request, model, kind=self.kind, reasoning=False))
            if bare == body or "signature" not in error.message:
                raise
        return await stack.enter_async_context(self._api.post(MESSAGES, bare, model=model))

    def _missing_model(self) -> str:
        raise InvalidParams(
            f"provider {self.name} needs the name of a model",
            hint=f"give one with --model, or set ai.providers.{self.name}.model, such as {self.default_model}",
        )


def _read(reply: HttpReply, read: Callable[[bytes], T], data: bytes) -> T:
    try:
        return read(data)
    except _CANNOT_BE_READ:
        raise reply.malformed(data) from None


def _part(name: str) -> str:
    """Return a name that a service gave as a part of a path; raises InvalidParams for what is none."""
    if (
        not name
        or not name.isascii()
        or not name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    ):
        raise InvalidParams(f"{name[:80]!r} is no name of a batch or model of this provider")
    return name
