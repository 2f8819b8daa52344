"""The Python client library: ask Isaac's daemon from a program or an editor.

Example:
    from isaacctl.client import Client

    with Client() as client:
        print(client.call("greet", name="ada"))
        with client.stream("ask", question="list open ports") as answer:
            for text in answer.deltas():
                print(text, end="", flush=True)
"""

from isaacctl.client.asynchronous import AsyncClient
from isaacctl.client.blocking import Client
from isaacctl.client.streams import AsyncStream, Stream
from isaacctl.client.trouble import ClientError, ConnectionLost, DaemonUnavailable, RemoteError
from isaacctl.client.values import (
    Answer,
    Attempt,
    CommandCard,
    Event,
    Hello,
    Hit,
    Pong,
    Server,
    ToolCall,
    Usage,
)

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncStream",
    "Attempt",
    "Client",
    "ClientError",
    "CommandCard",
    "ConnectionLost",
    "DaemonUnavailable",
    "Event",
    "Hello",
    "Hit",
    "Pong",
    "RemoteError",
    "Server",
    "Stream",
    "ToolCall",
    "Usage",
]
