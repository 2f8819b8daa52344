"""A hand-written client of HTTP/1.1 on a blocking socket, for tests that look at every byte."""

import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any, Self

import msgspec

from tests.daemon import DEADLINE_S


class Reply(msgspec.Struct):
    """One answer; names of fields are in small letters."""

    status: int
    fields: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.json["error"])

    @property
    def events(self) -> list[Any]:
        """The data of all events; `[DONE]` is text."""
        found = [
            event.removeprefix("data: ") for event in self.body.decode().split("\n\n") if event[:1] == "d"
        ]
        return [item if item == "[DONE]" else json.loads(item) for item in found]


class HttpClient:
    """One connection."""

    def __init__(self, sock: socket.socket, token: str | None = None) -> None:
        self.sock = sock
        self.sock.settimeout(DEADLINE_S)
        self.token = token
        self._data = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        self.sock.sendall(self.request(method, path, body, fields))

    def request(
        self, method: str, path: str, body: object = None, fields: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the bytes of a request; a body that is no bytes goes as JSON."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"Host": "localhost"}
        if self.token is not None:
            said["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            said |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
        said |= fields or {}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + data

    def ask(
        self, method: str, path: str, body: object = None, fields: Mapping[str, str] | None = None
    ) -> Reply:
        self.send(method, path, body, fields)
        return self.reply(bodiless=method == "HEAD")

    def chat(self, question: str, **more: object) -> Reply:
        messages = [{"role": "user", "content": question}]
        return self.ask("POST", "/v1/chat/completions", {"model": "m", "messages": messages, **more})

    def head(self) -> Reply:
        """Read the head of an answer."""
        status, *lines = self._until(b"\r\n\r\n").decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Reply(int(status.split()[1]), fields)

    def reply(self, *, bodiless: bool = False) -> Reply:
        """Read a whole answer."""
        reply = self.head()
        if bodiless or reply.status < 200 or reply.status == 204:
            return reply
        if reply.fields.get("transfer-encoding") == "chunked":
            reply.body = b"".join(self.chunks())
        elif "content-length" in reply.fields:
            reply.body = self._take(int(reply.fields["content-length"]))
        else:
            reply.body = self.rest()
        return reply

    def chunks(self) -> Iterator[bytes]:
        """Read chunks up to the last."""
        while size := int(self._until(b"\r\n"), 16):
            yield self._take(size)
            assert self._take(2) == b"\r\n"
        assert self._until(b"\r\n") == b""

    def rest(self) -> bytes:
        """Read to the end of the connection."""
        while self._more():
            pass
        data, self._data = self._data, b""
        return data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._data:
            assert self._more(), f"the connection ended after {self._data[:200]!r}"
        found, _, self._data = self._data.partition(mark)
        return found

    def _take(self, count: int) -> bytes:
        while len(self._data) < count:
            assert self._more(), "the connection ended within a body"
        found, self._data = self._data[:count], self._data[count:]
        return found

    def _more(self) -> bool:
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionResetError:
            return False
        self._data += data
        return bool(data)
