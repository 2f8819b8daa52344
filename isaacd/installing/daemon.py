"""A word with the daemon, as any client has it: one JSON-RPC line over its socket."""

import contextlib
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

ANSWER_TIMEOUT_S = 60.0


class Answer(msgspec.Struct, frozen=True):
    """What the daemon said: a result, or an error with its message."""

    result: Any = None
    error: str = ""


def call(
    address: Path, method: str, params: Mapping[str, object], *, timeout_s: float = ANSWER_TIMEOUT_S
) -> Answer | None:
    """Call a method; None if the daemon cannot be reached, or does not answer in time."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    with contextlib.suppress(OSError, ValueError, TypeError):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(timeout_s)
            sock.connect(str(address))
            sock.sendall(msgspec.json.encode(request) + b"\n")
            with sock.makefile("rb") as answers:
                said: Any = msgspec.json.decode(answers.readline())
        error = said.get("error")
        return Answer(said.get("result"), "" if error is None else str(error.get("message", error)))
    return None
