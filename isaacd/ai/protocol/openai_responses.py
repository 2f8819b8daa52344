"""The base of every provider that speaks OpenAI's responses."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from isaacd.ai.chat import ChatRequest, Opened, Piece
from isaacd.ai.protocol.openai_service import Batches, OpenAIService


class OpenAIResponses(OpenAIService):
    """`POST {base_url}/responses`, answered with typed events or one body; the service is asked to keep nothing.

    A provider of this protocol is a class below this one with a `kind`, and, for a service of its own, `default_url`,
    `key_variable` and `default_model`. `states_cost` says that its `usage` holds its own price.
    """

    path = "/responses"
    states_cost = False

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Answer piece by piece."""
        # Not before the first question: most daemons talk to one or two kinds of provider.
        from isaacd.ai.protocol.responses_answer import ResponsesDecoder
        from isaacd.ai.protocol.responses_request import may_refuse

        model = self._model_of(request)

        def body(without: frozenset[str]) -> dict[str, Any]:
            return {**self._body(request, model, without), "stream": request.stream}

        async with AsyncExitStack() as stack:
            reply = await self._open(
                stack, model, body, optional=may_refuse(request), headers=self._headers(request)
            )
            yield Opened(reply.limits)
            decoder = ResponsesDecoder(model, reply, states_cost=self.states_cost)
            receive = decoder.receive if reply.is_stream else decoder.receive_whole
            while not decoder.done and (data := await reply.next_data()) is not None:
                for piece in receive(data):
                    yield piece
            rest = decoder.finish()
            await reply.drain()
        for piece in rest:
            yield piece

    def _headers(self, request: ChatRequest) -> Mapping[str, str] | None:
        """Return the headers that only this request has."""
        return None

    def _body(
        self, request: ChatRequest, model: str, without: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        from isaacd.ai.protocol.responses_request import responses_body

        return responses_body(
            request,
            model,
            provider=self.name,
            kind=self.kind,
            without=without,
            cache_key=self.is_openai,
        )

    def _batches(self) -> Batches:
        from isaacd.ai.protocol.file_batches import FileBatches
        from isaacd.ai.protocol.responses_answer import read_response

        read = partial(read_response, states_cost=self.states_cost)
        return FileBatches(self.api, f"/v1{self.path}", self._batch_body, read)

    def _batch_body(self, request: ChatRequest) -> dict[str, Any]:
        model = self._model_of(request)
        return self._body(request, model, self._known_refusals(model))
