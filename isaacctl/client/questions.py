"""Questions to AI providers, for both clients: the commands `ai.chat` and `ai.batch` with types around them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from isaacctl.client.streams import AsyncStream, Stream
from isaacctl.client.trouble import RemoteError
from isaacctl.client.values import Answer

# One question, or the turns of a conversation: {"role": "user", "content": "..."}.
Messages = str | Sequence[Mapping[str, object]]


class _Failed(msgspec.Struct, frozen=True):
    code: int
    name: str
    message: str
    hint: str | None = None
    retryable: bool = False
    retry_after_ms: int | None = None


class _Result(msgspec.Struct, frozen=True):
    answer: Answer | None = None
    error: _Failed | None = None


class Questions:
    """What a client that waits can ask; the options are the arguments of `ai.chat`: model, provider, schema ..."""

    def call(self, method: str, /, *args: object, **named: Any) -> Any:
        """Call a command."""
        raise NotImplementedError

    def stream(self, method: str, /, *args: object, **named: Any) -> Stream[Any]:
        """Call a command and iterate over its events."""
        raise NotImplementedError

    def chat(self, messages: Messages, /, **options: Any) -> Answer:
        """Return the answer to a question, or the next turn of a conversation.

        Example:
            client.chat("what does umask 027 do?", model="fast").text
        """
        answer: Answer = self.call("ai.chat", messages=messages, type=Answer, **options)
        return answer

    def chat_stream(self, messages: Messages, /, **options: Any) -> Stream[Answer]:
        """Return the answer as a stream: its `deltas()` are the text as it comes, its `result` the whole."""
        return self.stream("ai.chat", messages=messages, type=Answer, **options)

    def batch_query(self, requests: Sequence[Messages], /, **options: Any) -> list[Answer | RemoteError]:
        """Answer many questions at once; answers and errors come in the order of the questions."""
        return _results(self.call("ai.batch", requests=requests, type=list[_Result], **options))

    def query_with_fallback(self, messages: Messages, providers: Sequence[str], /, **options: Any) -> Answer:
        """Ask the first provider, and the next ones if that fails."""
        return self.chat(messages, providers=providers, strategy="fallback", **options)


class AsyncQuestions:
    """What a client that does not wait can ask; the options are the arguments of `ai.chat`."""

    async def call(self, method: str, /, *args: object, **named: Any) -> Any:
        """Call a command."""
        raise NotImplementedError

    def stream(self, method: str, /, *args: object, **named: Any) -> AsyncStream[Any]:
        """Call a command and iterate over its events."""
        raise NotImplementedError

    async def chat_async(self, messages: Messages, /, **options: Any) -> Answer:
        """Return the answer to a question, or the next turn of a conversation."""
        answer: Answer = await self.call("ai.chat", messages=messages, type=Answer, **options)
        return answer

    def chat_stream(self, messages: Messages, /, **options: Any) -> AsyncStream[Answer]:
        """Return the answer as a stream: its `deltas()` are the text as it comes, its `result` the whole."""
        return self.stream("ai.chat", messages=messages, type=Answer, **options)

    async def batch_query(
        self, requests: Sequence[Messages], /, **options: Any
    ) -> list[Answer | RemoteError]:
        """Answer many questions at once; answers and errors come in the order of the questions."""
        return _results(await self.call("ai.batch", requests=requests, type=list[_Result], **options))

    async def query_with_fallback(
        self, messages: Messages, providers: Sequence[str], /, **options: Any
    ) -> Answer:
        """Ask the first provider, and the next ones if that fails."""
        return await self.chat_async(messages, providers=providers, strategy="fallback", **options)


def _results(found: Sequence[_Result]) -> list[Answer | RemoteError]:
    return [item.answer if item.answer is not None else _error(item.error) for item in found]


def _error(failed: _Failed | None) -> RemoteError:
    assert failed is not None  # or else there is an answer
    return RemoteError(
        failed.code,
        failed.name,
        failed.message,
        retryable=failed.retryable,
        retry_after_ms=failed.retry_after_ms,
        hint=failed.hint,
    )
