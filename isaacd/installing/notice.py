"""Tells the daemon that what is installed has changed, as any client does: one JSON-RPC line over its socket."""

import contextlib
import socket
from pathlib import Path
from typing import Any

import msgspec

ANSWER_TIMEOUT_S = 60.0
_METHOD = "plugins.adopt"


def tell(address: Path) -> list[dict[str, Any]] | None:
    """Have the daemon look at its plugins anew; returns those that changed, or None if it cannot be reached.

    Then it does so at its next start.
    """
    request = {"jsonrpc": "2.0", "id": 1, "method": _METHOD, "params": {}}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(ANSWER_TIMEOUT_S)
            sock.connect(str(address))
            sock.sendall(msgspec.json.encode(request) + b"\n")
            with sock.makefile("rb") as answers:
                answer: Any = msgspec.json.decode(answers.readline())
        result = answer["result"]
        return [dict(item) for item in result]
    return None
