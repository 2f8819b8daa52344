"""A question as the cache sees it: plain values that decide what the answer is."""

from collections.abc import Sequence

import msgspec

from isaacd.ai.chat import Message
from isaacd.answers.asking import Asking
from isaacd.cache.keys import Attachment, Request


def request_of(
    turns: Sequence[Message], asking: Asking, *, model: str | None, provider: str | None
) -> Request:
    """Describe a question; `provider` None stands for whichever is asked."""
    return Request(
        turns=[(turn.role, _text(turn)) for turn in turns],
        model=model,
        provider=provider,
        parameters={
            "temperature": asking.temperature,
            "max_tokens": asking.max_tokens,
            "stop": "\0".join(asking.stop) or None,
            "schema": msgspec.json.encode(asking.schema, order="sorted").decode() if asking.schema else None,
            "effort": asking.effort,
            **({} if asking.sampling is None else asking.sampling.told()),
        },
        tools=[msgspec.to_builtins(tool) for tool in asking.tools],
        attachments=[
            Attachment(f"{item.media_type} {item.name or ''} {item.url or ''}", item.data)
            for turn in turns
            for item in turn.attachments
        ],
    )


def _text(turn: Message) -> str:
    """Return all of a turn that is not attached; plain turns are their text."""
    if not turn.tool_calls and turn.tool_call_id is None:
        return turn.content
    return msgspec.json.encode(msgspec.structs.replace(turn, attachments=(), reasoning=())).decode()
