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
from isaacctl.client.values import CommandCard, Event, Hello, Pong, Server

__all__ = [
    "AsyncClient",
    "AsyncStream",
    "Client",
    "ClientError",
    "CommandCard",
    "ConnectionLost",
    "DaemonUnavailable",
    "Event",
    "Hello",
    "Pong",
    "RemoteError",
    "Server",
    "Stream",
]
