"""Providers that speak OpenAI's chat completions: OpenAI, Ollama, llama.cpp, vLLM, gateways and many more."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack

from msgspec import DecodeError, Raw, Struct, json

from isaacd.api import (
    ChatRequest,
    Finish,
    Host,
    HttpApi,
    HttpReply,
    InvalidParams,
    Piece,
    Plugin,
    ProviderConfig,
    ReasoningDelta,
    TextDelta,
    Usage,
)

OPENAI_URL = "https://api.openai.com/v1"
PATH = "/chat/completions"

plugin = Plugin("openai_compatible", summary="Ask any service that speaks OpenAI's chat completions.")


class _Part(Struct):
    # Mistral sends a list of these as the content: text, or thinking that is made of parts again.
    text: str = ""
    thinking: "list[_Part]" = []


class _Message(Struct):
    content: str | list[_Part] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Alternative(Struct):
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Details(Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Tokens(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Chunk(Struct):
    # An event of a stream, or the whole answer of a service that does not stream.
    choices: list[_Alternative] | None = None
    model: str | None = None
    usage: _Tokens | None = None
    error: Raw = Raw(b"null")


_DECODER = json.Decoder(_Chunk, strict=False)


@plugin.provider
class OpenAICompatible:
    """`POST {base_url}/chat/completions`, answered with server-sent events.

    Without a base URL it is OpenAI's own service; its key is in OPENAI_API_KEY unless another place is configured.
    """

    kind = "openai-compatible"

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        own_key = "OPENAI_API_KEY" if config.base_url is None else None
        url = config.base_url or OPENAI_URL
        self.name = name
        self._model = config.model
        self._limit_field = "max_completion_tokens" if url.startswith(OPENAI_URL) else "max_tokens"
        self._api = HttpApi(name, config, host, base_url=url, variable=own_key)
        self._takes_options = True

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Answer piece by piece."""
        model = request.model or self._model
        if model is None:
            raise InvalidParams(
                f"provider {self.name} needs the name of a model",
                hint=f"give one with --model, or set ai.providers.{self.name}.model",
            )
        reason = usage = None
        async with AsyncExitStack() as stack:
            reply = await self._open(stack, request, model)
            while (data := await reply.next_data()) is not None:
                if data == b"[DONE]":
                    reason = reason or "stop"
                    break
                chunk = _decode(data, reply)
                for alternative in (chunk.choices or ())[:1]:
                    for piece in _pieces(alternative.delta or alternative.message):
                        yield piece
                    reason = alternative.finish_reason or ("stop" if alternative.message else reason)
                model = chunk.model or model
                usage = chunk.usage or usage
            if reason is None:
                raise reply.broke_off()
            await reply.drain()
        yield Finish(reason=_REASONS.get(reason, reason), model=model, usage=_usage(usage))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _open(self, stack: AsyncExitStack, request: ChatRequest, model: str) -> HttpReply:
        body: dict[str, object] = {"model": model, "messages": request.messages, "stream": True}
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.max_tokens is not None:
            body[self._limit_field] = request.max_tokens
        if self._takes_options:
            options = {"stream_options": {"include_usage": True}}
            try:
                return await stack.enter_async_context(
                    self._api.post(PATH, json.encode(body | options), model=model)
                )
            except InvalidParams as error:
                # Some services refuse what they do not know; then the tokens stay uncounted.
                if "stream_options" not in error.message:
                    raise
                self._takes_options = False
        return await stack.enter_async_context(self._api.post(PATH, json.encode(body), model=model))


_REASONS = {"function_call": "tool_calls"}


def _decode(data: bytes, reply: HttpReply) -> _Chunk:
    try:
        chunk = _DECODER.decode(data)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        raise reply.malformed(data) from None
    if bytes(chunk.error) not in (b"null", b'""', b"{}"):
        raise reply.refused(data)
    return chunk


def _pieces(message: _Message | None) -> Iterator[Piece]:
    if message is None:
        return
    if thought := message.reasoning_content or message.reasoning:
        yield ReasoningDelta(thought)
    content = message.content or message.refusal
    for part in [_Part(content)] if isinstance(content, str) else content or ():
        if thought := "".join(item.text for item in part.thinking):
            yield ReasoningDelta(thought)
        if part.text:
            yield TextDelta(part.text)


def _usage(tokens: _Tokens | None) -> Usage | None:
    if tokens is None:
        return None
    prompt = tokens.prompt_tokens_details or _Details()
    completion = tokens.completion_tokens_details or _Details()
    return Usage(
        input_tokens=tokens.prompt_tokens or 0,
        output_tokens=tokens.completion_tokens or 0,
        cached_tokens=prompt.cached_tokens or 0,
        reasoning_tokens=completion.reasoning_tokens or 0,
    )
