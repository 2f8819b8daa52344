"""An isolated plugin has the same context as any other: each thing in it is had of the daemon, or refused by name."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from isaacd.ai.chat import ChatRequest, Finish, Message, TextDelta
from isaacd.ai.provider import Host
from isaacd.config import ProviderConfig
from isaacd.context import TTY, Context, Event, Handover, Meta
from isaacd.errors import InvalidParams, PermissionDenied, ProviderUnavailable
from tests.fake_kind import Kind
from tests.isolated import Isolated, Recorder, isolated

pytestmark = pytest.mark.anyio

PLUGIN = '''
"""Uses all that there is."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from isaacd.api import Context, Finish, Handover, InvalidParams, Plugin, TextDelta, Words


class Settings(msgspec.Struct, frozen=True):
    greeting: str = "hello"


plugin = Plugin(
    "guest",
    capabilities=("ask", "cache", "history", "publish", "run", "state", "secrets:TOKEN", "read:."),
    settings=Settings,
    events=("greeted",),
)
seen = []


@plugin.setup
async def begin(context: Context) -> None:
    seen.append("setup")
    await context.state.set("begun", True)


@plugin.teardown
async def finish(context: Context) -> None:
    await context.state.set("ended", True)


@plugin.command
async def kept(context: Context, value: int) -> Any:
    """Keep a value in three places."""
    from isaacd.api import Schema

    await context.state.set("value", value)
    await context.cache.set("value", value, 60)
    database = context.database(Schema(what="things", number=1, versions=(("CREATE TABLE thing (value INTEGER)",),)))

    async def put(connection):
        await connection.execute("INSERT INTO thing VALUES (?)", (value,))

    await database.write(put)
    rows = await database.read("SELECT value FROM thing")
    items = [item async for item in context.state.items("v")]
    return [await context.state.get("value"), await context.cache.get("value"), rows, items]


@plugin.command
async def token(context: Context) -> str:
    """Read a secret."""
    return (await context.secrets.require("TOKEN")).reveal()


@plugin.command
def settings(context: Context) -> str:
    """Read the settings."""
    return context.settings(Settings).greeting


@plugin.command
async def talk(context: Context) -> Any:
    """Talk with a person."""
    await context.progress(1, 2, "half")
    return [await context.ask_line("name? "), await context.confirm("sure?"), await context.ask_line("word? ", hidden=True)]


@plugin.command
async def piped(context: Context) -> Any:
    """Read standard input."""
    return await context.read_input()


@plugin.command
async def asked(context: Context, question: Annotated[str, Words("What?")]) -> Any:
    """Ask in four ways."""
    pieces = []
    async with context.ai.stream(question) as stream:
        async for piece in stream:
            pieces.append(type(piece).__name__)
    return [
        (await context.ai.chat_async(question)).text,
        (await context.answers.chat(question)).text,
        stream.answer.text,
        pieces,
        [item.text for item in await context.ai.batch_query([question] * 3)],
    ]


@plugin.command
def greeted(context: Context) -> None:
    """Publish an event."""
    context.publish("greeted", {"who": "ada"})


@plugin.command
def shapes(
    context: Context, path: Path, kind: Literal["a", "b"] = "a", many: list[int] | None = None, data: bytes = b""
) -> Any:
    """Take arguments of many kinds."""
    return [str(path), kind, many, data]


@plugin.command
def here(context: Context) -> Any:
    """Read a file of the caller's directory."""
    return (context.cwd / "note.txt").read_text()


@plugin.command
def edited(context: Context) -> Handover:
    """Have a program run."""
    return Handover(argv=("vi", "a b"), always=True, json=("rm", "x"))


@plugin.command
def wrong(context: Context) -> None:
    """Refuse."""
    raise InvalidParams("not like this", hint="like that")


@plugin.on("history.added")
async def added(context: Context, event) -> None:
    await context.state.set("added", event.data["line"])


@plugin.on("history.added")
def counted(context: Context, event) -> None:
    seen.append(event.name)


@plugin.every(3600)
async def hourly(context: Context) -> None:
    await context.state.set("hourly", len(seen))


@plugin.provider
class Echo:
    kind = "guest-echo"
    default_model = "echo"

    def __init__(self, name, config, host) -> None:
        self.name = name
        self.keys = dict(host.environ)

    async def stream(self, request):
        for word in request.messages[-1].content.split():
            if word == "leave":
                import os

                os._exit(9)
            yield TextDelta(word + " ")
        yield TextDelta(str(sorted(self.keys)))
        yield Finish(reason="stop", model="echo")

    async def aclose(self) -> None:
        pass
'''


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Isolated]:
    secrets = {"TOKEN": "s3cret", "OTHER": "hidden"}
    async with isolated(tmp_path, "guest", PLUGIN, environ=secrets) as one:
        yield one


async def test_values_are_kept_in_its_state_its_cache_and_its_database(guest: Isolated) -> None:
    assert await guest.run("kept", value=7) == [7, 7, [[7]], [["value", 7]]]
    own = guest.services.belongings("guest")
    assert await own.state.get("value") == 7
    assert await own.cache.get("value") == 7
    assert (own.folder / "data.sqlite").exists()


async def test_a_secret_comes_by_its_name_only(guest: Isolated) -> None:
    assert await guest.run("token") == "s3cret"


async def test_settings_are_those_of_the_configuration(guest: Isolated) -> None:
    assert await guest.run("settings") == "hello"
    file = guest.services.paths.config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('[plugins.settings.guest]\ngreeting = "good day"\n')
    assert await guest.run("settings") == "good day"


async def test_a_person_is_asked_and_told_and_a_hidden_question_says_who_asks(guest: Isolated) -> None:
    events = Recorder(answers=[b"pass\n", b"y\n", b"ada\n"])
    assert await guest.run("talk", events=events) == ["ada", True, "pass"]
    assert events.events == [("progress", {"done": 1, "total": 2, "label": "half"})]
    assert [kind for kind, _ in events.questions] == ["line", "confirm", "line"]
    assert str(events.questions[2][1]["prompt"]).startswith("[guest] ")


async def test_piped_input_is_read_to_its_end(guest: Isolated) -> None:
    events = Recorder(piped=[b"one ", b"two"])
    meta = Meta(cwd="/", tty=TTY(stdin=False))
    assert await guest.run("piped", meta=meta, events=events) == "one two"


async def test_providers_are_asked_by_the_daemon(guest: Isolated) -> None:
    guest.services.factories["scripted"] = Kind()
    file = guest.services.paths.config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('[ai]\nmodel = "s/m"\n[ai.providers.s]\nkind = "scripted"\nmodel = "m"\n')
    try:
        chat, kept, streamed, pieces, many = await guest.run("asked", question="what is it?")
    finally:
        await guest.services.shelf.aclose()
    assert [chat, kept, streamed, *many] == ["from s"] * 6
    assert pieces[-1] == "Finish"


async def test_it_publishes_its_own_events(guest: Isolated) -> None:
    await guest.run("greeted")
    assert guest.services.published == [("guest.greeted", {"who": "ada"})]


async def test_arguments_arrive_as_they_would_in_the_daemon(guest: Isolated) -> None:
    meta = Meta(cwd="/work", tty=TTY(), env={"HOME": "/home/ada"})
    assert await guest.run("shapes", meta=meta, path=Path("x"), many=[1, 2]) == ["/work/x", "a", [1, 2], b""]
    assert await guest.run("shapes", meta=meta, path=Path("~/x"), kind="b") == ["/home/ada/x", "b", None, b""]
    with pytest.raises(InvalidParams, match="kind"):
        await guest.run("shapes", path=Path("x"), kind="c")


async def test_errors_are_the_same_errors(guest: Isolated) -> None:
    with pytest.raises(InvalidParams) as raised:
        await guest.run("wrong")
    assert (raised.value.message, raised.value.hint) == ("not like this", "like that")


async def test_the_callers_directory_is_read_if_declared_and_no_other(
    guest: Isolated, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "note.txt").write_text(name)
        assert await guest.run("here", meta=Meta(cwd=str(tmp_path / name))) == name


@pytest.mark.parametrize(("answers", "agreed"), [([b"y\n"], True), ([b"n\n"], False), ([], False)])
async def test_a_program_is_handed_over_only_if_a_person_agrees(
    guest: Isolated, answers: list[bytes], agreed: bool
) -> None:
    events = Recorder(answers=answers)
    if agreed:
        assert await guest.run("edited", events=events) == Handover(argv=("vi", "a b"))
    else:
        with pytest.raises(PermissionDenied, match="nobody agreed"):
            await guest.run("edited", events=events)
    assert "vi 'a b'" in str(events.questions[0][1]["prompt"])


async def test_setup_handlers_jobs_and_teardown_run_over_there(guest: Isolated) -> None:
    state = guest.services.belongings("guest").state
    context = Context(guest.services, plugin="guest")
    for handler in guest.plugin.handlers:
        await handler.function(context, Event("history.added", {"line": "ls"}, 1.0))
    assert await state.get("begun")
    assert await state.get("added") == "ls"
    (job,) = guest.plugin.jobs
    await job.function(context)
    assert await state.get("hourly") == 2
    await guest.importer.drop(guest.plugin)
    assert await state.get("ended")


async def test_a_provider_of_its_own_answers_without_keys_that_it_has_not_declared(guest: Isolated) -> None:
    (kind,) = guest.plugin.providers
    assert kind.kind == "guest-echo"
    pieces = await _stream(guest, kind, "one two", {"TOKEN": "s3cret", "OTHER": "x"}, api_key_env="TOKEN")
    assert pieces == [
        TextDelta("one "),
        TextDelta("two "),
        TextDelta("['TOKEN']"),
        Finish(reason="stop", model="echo"),
    ]
    assert (await _stream(guest, kind, "x", {"OTHER": "x"}, api_key_env="OTHER"))[1] == TextDelta("[]")


async def test_a_provider_whose_process_ends_cannot_be_reached(guest: Isolated) -> None:
    (kind,) = guest.plugin.providers
    with pytest.raises(ProviderUnavailable, match="exit code 9"):
        await _stream(guest, kind, "one leave", {})
    assert await _stream(guest, kind, "one", {})


async def _stream(
    guest: Isolated, kind: Any, text: str, environ: Mapping[str, str], **config: str
) -> list[Any]:
    host = Host(environ, guest.services.paths, guest.services.log)
    provider = kind("mine", ProviderConfig(kind="guest-echo", **config), host)
    return [piece async for piece in provider.stream(ChatRequest(messages=(Message("user", text),)))]
