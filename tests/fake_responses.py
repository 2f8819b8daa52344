"""Scripts for the fake service that answer as the responses interface does, and with what a path says."""

import json
from typing import Any

from tests import fake_provider as fake
from tests.fake_provider import Exchange, Script


def event(kind: str, **fields: Any) -> bytes:
    """Return one typed event."""
    data = json.dumps({"type": kind, "sequence_number": 1, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def text(part: str, index: int = 0) -> bytes:
    """Return an event that adds to the text of an item."""
    return event("response.output_text.delta", item_id="m", output_index=index, content_index=0, delta=part)


def completed(*output: dict[str, Any], status: str = "completed", **fields: Any) -> bytes:
    """Return the event that ends an answer."""
    return event(f"response.{status}", response=whole(*output, status=status, **fields))


def whole(*output: dict[str, Any], status: str = "completed", **fields: Any) -> dict[str, Any]:
    """Return a whole answer, as it comes without a stream."""
    tokens = {
        "input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 1},
    }
    return {
        "object": "response",
        "status": status,
        "model": "fake-1",
        "output": output,
        "usage": tokens,
        **fields,
    }


def message(content: str) -> dict[str, Any]:
    """Return a message as an item of the output."""
    part = {"type": "output_text", "text": content, "annotations": []}
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}


def says(*texts: str, **fields: Any) -> Script:
    """Answer as the service does when all is well."""
    begun = event("response.created", response={"status": "in_progress", "output": []})
    return fake.stream(begun, *map(text, texts), completed(message("".join(texts)), **fields))


def by_path(answers: dict[str, dict[str, Any] | bytes]) -> Script:
    """Answer each `METHOD /path` with its own body; bytes come as a file; anything else is not found."""

    async def script(exchange: Exchange) -> None:
        request = exchange.request
        body = answers.get(f"{request.method} {request.path}")
        if body is None:
            await exchange.reply(404, fake.openai_error(f"no {request.path}"))
        elif isinstance(body, bytes):
            await exchange.reply(200, body, {"Content-Type": "application/octet-stream"})
        else:
            await exchange.reply(200, body)

    return script
