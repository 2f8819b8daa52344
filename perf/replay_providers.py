"""Whether recorded answers of AI services come out as their own SDKs read them, whatever the split of the bytes.

    python perf/replay_providers.py --data DIR [--kind KIND] [--json]

DIR holds `provider_recordings.jsonl`: one exchange a line with kind, status, stream, request, headers, body, and `expected`,
the body as the vendor's SDK reads it. Every body is served whole and in pieces of 1, 7 and random bytes, once to the decoder
alone and once over HTTP on a real socket. Text, tool calls, reason of the end, tokens, model, and errors have to be equal.
Prints a table, and each difference; the exit code says whether there was one.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import abroad  # noqa: F401  # first: it may run this program elsewhere
from replays import DATA

from isaacd.ai.chat import ChatRequest, Finish, Message, Piece, ReasoningDelta, TextDelta, ToolCall, Usage
from isaacd.ai.provider import Host, Provider
from isaacd.ai.refusal import Peer, judge, read_refusal, refused
from isaacd.ai.sse import SSEDecoder
from isaacd.config import ProviderConfig
from isaacd.errors import IsaacError, ProviderUnavailable
from isaacd.log import open_log
from isaacd.paths import Paths

FILE = "provider_recordings.jsonl"
SIZES = (0, 1, 7, -1)  # 0 is all at once, -1 is random
Row = dict[str, Any]


class Kind(NamedTuple):
    """How one kind of recording is read: by its decoder alone, by its provider, and how its SDK counts input."""

    decode: Callable[[Row, list[bytes]], list[Piece]]
    provider: Callable[[str, Host], Provider]
    input_tokens: Callable[[Usage], int]


class Errors:
    """The errors of a decoder that has no connection."""

    def refused(self, body: bytes) -> IsaacError:
        return judge(Peer("replay", "http://replay"), read_refusal(body), 0, model=None)

    def broke_off(self) -> IsaacError:
        return ProviderUnavailable("broke off")

    def malformed(self, data: bytes) -> IsaacError:
        return ProviderUnavailable(f"malformed: {data[:200]!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    path = arguments.data / FILE
    if not path.is_file():
        print(f"{arguments.data} has no {FILE}; give another folder with --data", file=sys.stderr)
        return 2
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    rows = [row for row in rows if row["kind"] in ([arguments.kind] if arguments.kind else KINDS)]
    good: Counter[tuple[str, str, str]] = Counter()
    bad: list[str] = []
    for name, way, faults in asyncio.run(replay(rows)):
        good[(*name, way)] += not faults
        bad += [f"{'/'.join(name)} {way}: {fault}" for fault in faults]
    if arguments.json:
        table = {"/".join(key): count for key, count in sorted(good.items())}
        print(json.dumps({"equal": table, "different": bad}))
    else:
        for key, count in sorted(good.items()):
            print(f"{' '.join(key):60} {count:4} equal")
        print(*bad, sep="\n") if bad else print("no difference")
    return 1 if bad else 0


async def replay(rows: list[Row]) -> list[tuple[tuple[str, str], str, list[str]]]:
    """Return for each row, way and split: its name, the way, and what is different."""
    results = []
    with tempfile.TemporaryDirectory() as home:
        host = Host({}, Paths.from_environ({"HOME": home}, 0), open_log(Path(home) / "log"))
        for number, row in enumerate(rows):
            name = (row["kind"], "stream" if row["stream"] else "body")
            for size in SIZES:
                pieces = list(split(row["body"].encode(), size, random.Random(number)))
                results.append((name, "decoder", compare(row, decoded(row, pieces))))
                results.append((name, "socket", compare(row, await over_http(row, pieces, host))))
    return results


def split(body: bytes, size: int, dice: random.Random) -> Iterator[bytes]:
    """Cut a body into pieces of `size` bytes."""
    at = 0
    while at < len(body):
        step = size if size > 0 else dice.randint(1, 4000) if size else len(body)
        yield body[at : at + step]
        at += step


def decoded(row: Row, pieces: list[bytes]) -> list[Piece] | IsaacError:
    """Give a body to the decoder of its kind, without any connection."""
    try:
        if row["status"] != 200:
            headers = row["headers"]
            peer = Peer("replay", "http://replay")
            return refused(peer, row["status"], headers, b"".join(pieces), model=None, now=0)
        return KINDS[row["kind"]].decode(row, pieces)
    except IsaacError as error:
        return error


async def over_http(row: Row, pieces: list[bytes], host: Host) -> list[Piece] | IsaacError:
    """Serve a body on a real socket, and ask for it with the provider of its kind."""
    async with served(row, pieces) as url:
        provider = KINDS[row["kind"]].provider(url, host)
        request = ChatRequest(messages=(Message("user", "?"),), stream=bool(row["stream"]))
        try:
            return [piece async for piece in provider.stream(request)]
        except IsaacError as error:
            return error
        finally:
            await provider.aclose()


@asynccontextmanager
async def served(row: Row, pieces: list[bytes]) -> AsyncIterator[str]:
    """Answer one request with the recorded status and body, each piece in a chunk of its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(
                (line[15:] for line in head.splitlines() if line.startswith("content-length:")), "0"
            )
            await reader.readexactly(int(length))
            kind = row["headers"].get("content-type", "application/json")
            writer.write(f"HTTP/1.1 {row['status']} Recorded\r\ncontent-type: {kind}\r\n".encode())
            writer.write(b"transfer-encoding: chunked\r\n\r\n")
            for piece in pieces:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


def compare(row: Row, got: list[Piece] | IsaacError) -> list[str]:
    """Return what is different from what was expected."""
    expected = row["expected"]
    if isinstance(got, IsaacError):
        return _compare_error(expected, got)
    if "error" in expected:
        return [f"an answer, not the error {expected['error']}"]
    finish = got[-1]
    if not isinstance(finish, Finish):
        return ["no Finish at the end"]
    usage = finish.usage or Usage()
    found = {
        "text": "".join(piece.text for piece in got if isinstance(piece, TextDelta)),
        "tool_calls": [_call(piece) for piece in got if isinstance(piece, ToolCall)],
        "thinking": "".join(piece.text for piece in got if isinstance(piece, ReasoningDelta)),
        "finish": finish.raw_reason,
        "input_tokens": KINDS[row["kind"]].input_tokens(usage),
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
        "model": finish.model,
    }
    return [
        f"{key} {found[key]!r}, not {wanted!r} ({row['source']})"
        for key, wanted in ((key, _plain(value)) for key, value in expected.items() if key in found)
        if found[key] != (wanted or type(found[key])())
    ]


def _compare_error(expected: Row, error: IsaacError) -> list[str]:
    if "error" not in expected:
        return [f"{type(error).__name__} ({error.message})"]
    faults = []
    if (error.detail or {}).get("status") != expected.get("status"):
        faults.append(f"status {(error.detail or {}).get('status')}, not {expected.get('status')}")
    words = " ".join(str(expected.get("message", "")).split())[:200]
    if words not in error.message:
        faults.append(f"message {error.message!r} without {words!r}")
    return faults


def _call(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name, "arguments": json.loads(call.arguments)}


def _plain(value: Any) -> Any:
    """Return the text of a content of parts."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "type" in item for item in value):
        return "".join(item.get("text", "") for item in value if item["type"] == "text")
    return value


def _data_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decoder = SSEDecoder()
    for piece in pieces:
        for event in decoder.receive_data(piece):
            yield event.data
    for event in decoder.close():
        yield event.data


def decode_chat(row: Row, pieces: list[bytes]) -> list[Piece]:
    from isaacd.ai.protocol.chat_answer import ChatDecoder

    decoder = ChatDecoder("", Errors())
    found: list[Piece] = []
    for data in _data_of(pieces) if row["stream"] else [b"".join(pieces)]:
        found += decoder.receive(data)
        if decoder.done:
            break
    return [*found, *decoder.finish()]


def chat_provider(url: str, host: Host) -> Provider:
    from isaac_plugins.openai_compatible import OpenAICompatible

    return OpenAICompatible("replay", ProviderConfig(base_url=url, model="m"), host)


def decode_responses(row: Row, pieces: list[bytes]) -> list[Piece]:
    from isaacd.ai.protocol.responses_answer import ResponsesDecoder, read_response

    if not row["stream"]:
        return read_response(b"".join(pieces), Errors())
    decoder = ResponsesDecoder("", Errors())
    found: list[Piece] = []
    for data in _data_of(pieces):
        found += decoder.receive(data)
        if decoder.done:
            break
    return [*found, *decoder.finish()]


def responses_provider(url: str, host: Host) -> Provider:
    from isaac_plugins.openai_responses import OpenAI

    return OpenAI("replay", ProviderConfig(base_url=url, model="m"), host)


def decode_messages(row: Row, pieces: list[bytes]) -> list[Piece]:
    from isaacd.ai.protocol.messages_reply import MessagesReader

    reader = MessagesReader("m")
    found: list[Piece] = []
    for data in _data_of(pieces) if row["stream"] else [b"".join(pieces)]:
        found += reader.receive(data)
        if reader.failed:
            raise Errors().refused(data)
        if reader.ended:
            break
    finish = reader.finish()
    if finish is None:
        raise Errors().broke_off()
    return [*found, finish]


def messages_provider(url: str, host: Host) -> Provider:
    from isaac_plugins.anthropic import Anthropic

    return Anthropic("replay", ProviderConfig(base_url=url, model="m"), host)


KINDS: dict[str, Kind] = {
    # Anthropic's own `input_tokens` are those that its cache had nothing to do with.
    "anthropic": Kind(decode_messages, messages_provider, lambda usage: usage.fresh_tokens),
    "openai-chat": Kind(decode_chat, chat_provider, lambda usage: usage.input_tokens),
    "openai-responses": Kind(decode_responses, responses_provider, lambda usage: usage.input_tokens),
}

if __name__ == "__main__":
    sys.exit(main())
