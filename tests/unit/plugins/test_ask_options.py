"""What `ask` makes of its options: attachments, schemas, tools, and how several providers are asked."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isaac_plugins.ask import ask
from isaacd.ai.chat import Answer, ChatRequest, Finish, Piece, TextDelta, ToolCall
from isaacd.ai.provider import Host
from isaacd.api import Plugin, Tier
from isaacd.command import Catalog
from isaacd.config import ProviderConfig
from isaacd.context import TTY, Context, Meta
from isaacd.errors import InvalidParams, NotFound, ProviderUnavailable
from isaacd.tools.toolbox import Toolbox
from tests.fake_caller import FakeEvents
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio

LOOK = ToolCall("c1", "box_look", '{"what": "cat"}')


class Scripted:
    """A provider that gives the answers it was given, one a request, the last for ever."""

    kind = "scripted"
    requests: list[ChatRequest]
    answers: list[tuple[Piece, ...]]

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        for piece in answer:
            yield piece
        called = any(isinstance(piece, ToolCall) for piece in answer)
        yield Finish(reason="tool_calls" if called else "stop", model="m")

    async def aclose(self) -> None:
        """Nothing to close."""


class Asker:
    """A caller of `ask` with a scripted provider and one tool."""

    def __init__(self, tmp_path: Path, *answers: tuple[Piece, ...]) -> None:
        class Kind(Scripted):
            requests = []

        Kind.answers = list(answers) or [(TextDelta("fine"),)]
        self.requests: list[ChatRequest] = Kind.requests
        self.services = FakeServices({"HOME": str(tmp_path)}, tmp_path / "log")
        self.services.factories = {"scripted": Kind}
        self.looked: list[str] = []
        box = Plugin("box")

        @box.command(tool=Tier.READ)
        def look(context: Context, what: str) -> str:
            """Look."""
            self.looked.append(what)
            return f"a {what}"

        self.services.toolbox = Toolbox(Catalog(box.commands))
        self.events = FakeEvents()
        self.sets = ('ai.providers.one.kind="scripted"', 'ai.providers.two.kind="scripted"')
        meta = Meta(tty=TTY(), cwd=str(tmp_path))
        self.context = Context(self.services, meta, self.events, 1, self.sets)

    async def __call__(self, question: str = "why?", **options: Any) -> list[str | Answer]:
        return [piece async for piece in ask(self.context, question, **options)]


async def test_the_options_reach_the_provider(tmp_path: Path) -> None:
    asker = Asker(tmp_path)
    await asker(effort="low", temperature=0.5, max_tokens=7, stop=["END"])
    (request,) = asker.requests
    assert (request.effort, request.temperature, request.max_tokens) == ("low", 0.5, 7)
    assert request.stop == ("END",)
    assert request.tools == ()


async def test_attached_files_go_along(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    asker = Asker(tmp_path)
    await asker(attach=[tmp_path / "a.txt"])
    (attached,) = asker.requests[0].messages[-1].attachments
    assert (attached.name, attached.data, attached.media_type) == ("a.txt", b"hello", "text/plain")


async def test_a_file_that_is_not_there_asks_nobody(tmp_path: Path) -> None:
    asker = Asker(tmp_path)
    with pytest.raises(InvalidParams, match="No such file"):
        await asker(attach=[tmp_path / "none"])
    assert asker.requests == []


@pytest.mark.parametrize("as_file", [False, True])
async def test_an_answer_that_keeps_the_schema_comes_whole(tmp_path: Path, as_file: bool) -> None:
    schema: Any = {"type": "object", "required": ["a"]}
    asker = Asker(tmp_path, (TextDelta("```json\n"), TextDelta('{"a": 1}'), TextDelta("\n```")))
    if as_file:
        (tmp_path / "s.json").write_bytes(msgspec.json.encode(schema))
        schema = "s.json"
    text, answer = await asker(schema=schema)
    assert text == '{"a": 1}\n'
    assert isinstance(answer, Answer)
    assert answer.text == '{"a": 1}'
    assert asker.requests[0].schema is not None
    assert asker.requests[0].schema.schema == {"type": "object", "required": ["a"]}


@pytest.mark.parametrize("text", ["sorry", "{}", "[1]"])
async def test_an_answer_that_does_not_is_an_error_that_shows_it(tmp_path: Path, text: str) -> None:
    pieces = ask(
        Asker(tmp_path, (TextDelta(text),)).context, "why?", schema={"type": "object", "required": ["a"]}
    )
    with pytest.raises(ProviderUnavailable, match="does not keep the schema") as caught:
        await anext(pieces)
    assert caught.value.detail == {"answer": text}


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), ("{", "is not JSON"), ("[]", "must be a JSON object")]
)
async def test_a_schema_that_is_none_is_told(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "s.json").write_text(content)
    asker = Asker(tmp_path)
    with pytest.raises(InvalidParams, match=said):
        await asker(schema="s.json")
    assert asker.requests == []


@pytest.mark.parametrize("options", [{"tools": True}, {"tool": ["box.*"]}])
async def test_a_model_with_tools_gets_their_results(tmp_path: Path, options: dict[str, Any]) -> None:
    asker = Asker(tmp_path, (TextDelta("Looking."), LOOK), (TextDelta("A cat."),))
    *pieces, answer = await asker(**options)
    assert "".join(map(str, pieces)) == "Looking.\n\nA cat."
    assert isinstance(answer, Answer)
    assert asker.looked == ["cat"]
    assert [tool.name for tool in asker.requests[0].tools] == ["box_look"]
    result = asker.requests[1].messages[-1]
    assert (result.role, msgspec.json.decode(result.content)["result"]) == ("tool", "a cat")
    shown = [data for kind, data in asker.events.sent if kind == "tool"]
    assert shown == [{"call": 'box.look(what="cat")', "tier": "1", "note": ""}]


async def test_without_being_let_a_model_gets_no_tools(tmp_path: Path) -> None:
    asker = Asker(tmp_path, (TextDelta("x"), LOOK))
    await asker()
    assert asker.requests[0].tools == ()
    assert asker.looked == []


async def test_answers_with_tools_are_neither_kept_nor_recalled(tmp_path: Path) -> None:
    asker = Asker(tmp_path, (LOOK,), (TextDelta("A cat."),), (LOOK,), (TextDelta("A dog."),))
    await asker(tools=True)
    *_, answer = await asker(tools=True)
    assert isinstance(answer, Answer)
    assert (answer.text, answer.hit) == ("A dog.", None)
    with pytest.raises(InvalidParams, match="--cache-only"):
        await asker(tools=True, cache_only=True)


async def test_the_last_round_alone_has_to_keep_the_schema(tmp_path: Path) -> None:
    asker = Asker(tmp_path, (TextDelta("Looking."), LOOK), (TextDelta('{"cat": true}'),))
    text, answer = await asker(tools=True, schema={"type": "object"})
    assert text == '{"cat": true}\n'
    assert isinstance(answer, Answer)
    assert answer.text == '{"cat": true}'


async def test_the_limit_of_rounds_is_that_of_the_configuration(tmp_path: Path) -> None:
    asker = Asker(tmp_path, (LOOK,))
    asker.context.sets = (*asker.sets, "tools.max_rounds=2")
    with pytest.raises(ProviderUnavailable, match="wanted more tools than it may have"):
        await asker(tools=True)
    assert [request.tool_choice for request in asker.requests] == ["auto", "auto", "none"]
    assert asker.looked == ["cat", "cat"]


async def test_a_tool_that_does_not_exist_asks_nobody(tmp_path: Path) -> None:
    asker = Asker(tmp_path)
    with pytest.raises(NotFound, match="there is no tool"):
        await asker(tool=["nothing.*"])
    assert asker.requests == []


async def test_a_fallback_is_asked_after_the_first(tmp_path: Path) -> None:
    asker = Asker(tmp_path)
    *_, answer = await asker(provider="two", fallback="one, two")
    assert isinstance(answer, Answer)
    assert answer.provider == "two"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temperature": 3.0}, "--temperature"),
        ({"temperature": float("nan")}, "--temperature"),
        ({"max_tokens": 0}, "--max-tokens"),
        ({"fallback": "a,,b"}, "--fallback"),
        ({"fallback": ""}, "--fallback"),
    ],
)
async def test_options_out_of_bounds_are_told(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    asker = Asker(tmp_path)
    with pytest.raises(InvalidParams, match=said):
        await asker(**options)
    assert asker.requests == []
