"""Models on this machine or in this network, by Ollama's own API."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

from msgspec import DecodeError, json

from isaacd.api import (
    ChatRequest,
    Host,
    HttpApi,
    HttpReply,
    InvalidParams,
    IsaacError,
    ModelCard,
    NotFound,
    Opened,
    Piece,
    Plugin,
    ProviderConfig,
)

OLLAMA_URL = "http://127.0.0.1:11434"
CHAT = "/api/chat"
# Asking for the details of a model takes a call each; nobody waits for those of a whole library.
MAX_DETAILS = 50
_CANNOT_BE_READ = (DecodeError, UnicodeDecodeError, RecursionError)
_LINES = ("application/x-ndjson", "application/ndjson", "application/json", "application/jsonl", "")

T = TypeVar("T")
plugin = Plugin(
    "ollama", summary="Ask models that Ollama runs, on this machine or another.", capabilities=("network",)
)


@plugin.provider
class Ollama:
    """`POST {base_url}/api/chat`, answered line by line.

    Without a base URL it is the one of OLLAMA_HOST, else this machine. It needs no key; one that is configured is
    sent, and that of OLLAMA_API_KEY to ollama.com.
    """

    kind = "ollama"
    default_url = OLLAMA_URL

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        from isaacd.api import ollama_url

        # A base URL written for the OpenAI-compatible API of the same server ends in /v1.
        url = config.base_url or ollama_url(host.environ.get("OLLAMA_HOST", ""))
        url = url.rstrip("/").removesuffix("/v1").removesuffix("/api")
        own_key = "OLLAMA_API_KEY" if url in ("https://ollama.com", "https://ollama.com:443") else None
        self.name = name
        self._model = config.model
        self._api = HttpApi(name, config, host, base_url=url, variable=own_key)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Answer piece by piece."""
        from isaacd.api import OllamaReader, ollama_body

        model = request.model or self._model
        if model is None:
            raise InvalidParams(
                f"provider {self.name} needs the name of a model",
                hint=f"`ollama list` shows those there are; set ai.providers.{self.name}.model, or use --model",
            )
        body = ollama_body(request, model, provider=self.name)
        async with AsyncExitStack() as stack:
            reply = await self._open(stack, body, model)
            yield Opened()
            reader = OllamaReader(model)
            while not reader.ended and (line := await reply.next_line()) is not None:
                pieces = _read(reply, reader.receive, line)
                if reader.failed:
                    raise reply.refused(line)
                for piece in pieces:
                    yield piece
            finish = reader.finish()
            if finish is None:
                raise reply.broke_off()
            await reply.drain()
        yield finish

    async def models(self) -> Sequence[ModelCard]:
        """Return the models that have been pulled, with their size, and how much they take if Ollama says so."""
        from isaacd.api import read_tags

        async with self._api.get("/api/tags") as reply:
            tags = _read(reply, read_tags, await reply.body())
        return [
            ModelCard(
                name=name,
                size_bytes=size,
                context_tokens=await self._context_tokens(name) if number < MAX_DETAILS else None,
            )
            for number, (name, size) in enumerate(tags)
        ]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _open(self, stack: AsyncExitStack, body: bytes, model: str) -> HttpReply:
        try:
            reply = await stack.enter_async_context(self._api.post(CHAT, body, model=model))
        except NotFound as error:
            if "model" in (error.detail or {}):
                error.hint = f"`ollama pull {model}` fetches it; `ollama list` shows those there are"
            raise
        if reply.content_type not in _LINES:
            # The page of a proxy; reading it as a whole says so.
            await reply.next_data()
            raise reply.malformed(b"")
        return reply

    async def _context_tokens(self, model: str) -> int | None:
        from isaacd.api import read_context_tokens

        try:
            async with self._api.post("/api/show", json.encode({"model": model}), model=model) as reply:
                return _read(reply, read_context_tokens, await reply.body())
        except IsaacError:
            return None  # it may have been removed since


def _read(reply: HttpReply, read: Callable[[bytes], T], data: bytes) -> T:
    try:
        return read(data)
    except _CANNOT_BE_READ:
        raise reply.malformed(data) from None
