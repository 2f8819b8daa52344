"""The base of every provider that speaks OpenAI's chat completions."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from isaacd.ai.chat import ChatRequest, Opened, Piece
from isaacd.ai.protocol.openai_service import Batches, OpenAIService

if TYPE_CHECKING:
    from isaacd.ai.protocol.chat_request import ChatDialect

STREAM_OPTIONS = "stream_options"
# Whose documentation says that `usage` holds the price, in USD.
_STATE_COST = frozenset(("openrouter.ai", "api.perplexity.ai", "api.x.ai"))
# Whose documentation says that thoughts have to come back in a turn with tool calls.
_REPLAY_REASONING = frozenset(("api.deepseek.com", "api.moonshot.ai", "api.moonshot.cn"))


class OpenAIChat(OpenAIService):
    """`POST {base_url}/chat/completions`, answered with server-sent events or one body.

    A provider of this protocol is a class below this one with a `kind`, and, for a service of its own, `default_url`,
    `key_variable` and `default_model`.
    """

    path = "/chat/completions"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Answer piece by piece."""
        # Not before the first question: most daemons talk to one or two kinds of provider.
        from isaacd.ai.protocol.chat_answer import ChatDecoder

        model = self._model_of(request)
        body = self._body(request, model)
        async with AsyncExitStack() as stack:
            reply = await self._open(
                stack, model, lambda without: _streamed(body, request, without), optional=(STREAM_OPTIONS,)
            )
            yield Opened(reply.limits)
            decoder = ChatDecoder(model, reply, states_cost=self.api.host in _STATE_COST)
            while not decoder.done and (data := await reply.next_data()) is not None:
                for piece in decoder.receive(data):
                    yield piece
            rest = decoder.finish()
            await reply.drain()
        for piece in rest:
            yield piece

    def _body(self, request: ChatRequest, model: str) -> dict[str, Any]:
        from isaacd.ai.protocol.chat_request import chat_body

        return chat_body(request, model, self._dialect(), provider=self.name, kind=self.kind)

    def _dialect(self) -> "ChatDialect":
        from isaacd.ai.protocol.chat_request import ChatDialect

        own = self.is_openai
        return ChatDialect(
            limit_field="max_completion_tokens" if own else "max_tokens",
            cache_key=own,
            replays_reasoning=self.api.host in _REPLAY_REASONING,
            file_urls=not own,
        )

    def _batches(self) -> Batches:
        from isaacd.ai.protocol.chat_answer import read_chat_answer
        from isaacd.ai.protocol.file_batches import FileBatches

        read = partial(read_chat_answer, states_cost=self.api.host in _STATE_COST)
        return FileBatches(self.api, f"/v1{self.path}", self._batch_body, read)

    def _batch_body(self, request: ChatRequest) -> dict[str, Any]:
        return self._body(request, self._model_of(request))


def _streamed(body: dict[str, Any], request: ChatRequest, without: frozenset[str]) -> dict[str, Any]:
    if not request.stream:
        return {**body, "stream": False}
    # Some services refuse what they do not know; then the tokens stay uncounted.
    options = {} if STREAM_OPTIONS in without else {STREAM_OPTIONS: {"include_usage": True}}
    return {**body, "stream": True, **options}
