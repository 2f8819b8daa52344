"""The command `batch` and those below it: what a person types, reads, and gets as exit code."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from isaac_plugins.batch import plugin
from isaacd.ai.chat import ChatRequest, Finish, Piece, TextDelta, Usage
from isaacd.context import TTY
from isaacd.errors import InvalidParams
from tests.fake_caller import TERMINAL, Caller, Shown
from tests.fakes import FakeServices

PIPED = TTY(stdin=False, stdout=False, stderr=False)
CONFIG = '[ai.providers.echo]\nkind = "echo"\nmodel = "echo-1"\n[cache]\nenabled = false\n'


class Echo:
    """Answers every question with itself, in capitals; `fail` in it fails."""

    kind = "echo"

    def __init__(self, name: str, *_: Any) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        text = request.messages[-1].content
        if "fail" in text:
            raise InvalidParams("this cannot be answered")
        yield TextDelta(text.upper())
        yield Finish(reason="stop", model=request.model or "?", usage=Usage(1, 1))

    async def aclose(self) -> None:
        pass


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    caller = Caller(plugin)
    caller.line.run = _closing(caller, caller.line.run)  # type: ignore[method-assign]
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    caller.services = FakeServices(environ)
    caller.services.factories["echo"] = Echo
    file = caller.services.paths.config_file
    file.parent.mkdir(parents=True)
    file.write_text(CONFIG)
    return caller


def _closing(caller: Caller, run: Any) -> Any:
    """Let go of the files at the end of each line: the next one runs in an event loop of its own."""

    async def closing(*given: Any) -> Any:
        try:
            return await run(*given)
        finally:
            await caller.services.batches.aclose()
            await caller.services.ledger.aclose()

    return closing


def rows(shown: Shown) -> list[Any]:
    return [json.loads(line) for line in shown.out.splitlines()]


def test_a_file_beside_the_caller_is_read_and_its_answers_are_lines_of_json(
    caller: Caller, tmp_path: Path
) -> None:
    tmp_path.joinpath("in.txt").write_text("one\ntwo\n")
    shown = caller.type("batch", "in.txt", "--echo", cwd=tmp_path)
    assert shown.exit == 0
    assert [(row["index"], row["prompt"], row["text"]) for row in rows(shown)] == [
        (0, "one", "ONE"),
        (1, "two", "TWO"),
    ]
    assert "2 rows: 2 answered" in shown.err


def test_what_is_piped_in_needs_no_file(caller: Caller) -> None:
    shown = caller.type("batch", "-o", "text", tty=PIPED, piped=[b"one\ntw", b"o\n"])
    assert shown.out == "ONE\nTWO\n"
    assert caller.type("batch", "-", "-o", "text", piped=[b"three"]).out == "THREE\n"


def test_with_json_the_rows_are_followed_by_the_summary(caller: Caller) -> None:
    first, summary = rows(caller.type("batch", "--json", tty=PIPED, piped=[b"one\n"]))
    assert first["text"] == "ONE"
    assert (summary["total"], summary["ok"], summary["failed"]) == (1, 1, 0)


def test_a_row_that_failed_is_the_exit_code_too(caller: Caller) -> None:
    shown = caller.type("batch", tty=PIPED, piped=[b"one\nfail\n"])
    assert shown.exit == 1
    assert rows(shown)[1]["error"]["message"] == "this cannot be answered"
    assert "1 of 2 rows failed" in shown.err
    assert "--retry-failed" in shown.err
    error = rows(caller.type("batch", "--json", tty=PIPED, piped=[b"one\nfail\n"]))[-1]["error"]
    assert (error["name"], error["detail"]["failed"]) == ("incomplete", 1)


def test_the_second_run_says_what_was_answered_already(caller: Caller) -> None:
    caller.type("batch", tty=PIPED, piped=[b"one\n"])
    shown = caller.type("batch", tty=PIPED, piped=[b"one\ntwo\n"])
    assert "resumed: 1 of 2 were already answered" in shown.err


def test_a_template_can_be_in_a_file(caller: Caller, tmp_path: Path) -> None:
    tmp_path.joinpath("t.txt").write_text("say {a}!\n")
    table = [b"a\nhi\n"]
    shown = caller.type(
        "batch", "--format", "csv", "-t", "@t.txt", "-o", "text", cwd=tmp_path, tty=PIPED, piped=list(table)
    )
    assert shown.out == "SAY HI!\n"
    missing = caller.type(
        "batch", "--format", "csv", "-t", "@no.txt", cwd=tmp_path, tty=PIPED, piped=list(table)
    )
    assert (missing.exit, missing.out) == (2, "")
    assert "cannot read the template" in missing.err


def test_batches_are_listed_shown_collected_and_forgotten(caller: Caller, tmp_path: Path) -> None:
    tmp_path.joinpath("in\x1b[2J.txt").write_text("one\n")
    caller.type("batch", "in\x1b[2J.txt", "--model", "echo-2", cwd=tmp_path)
    listed = caller.type("batch", "list", tty=TERMINAL)
    assert "finished" in listed.out
    assert "\x1b[2J" not in listed.out
    (card,) = caller.type("batch", "list", "--json").json
    assert "echo-2" in caller.type("batch", "show", card["id"][:5]).out
    (row,) = rows(caller.type("batch", "collect", card["id"]))
    assert row["text"] == "ONE"
    assert "forgot batch" in caller.type("batch", "forget", card["id"]).out
    assert caller.type("batch", "show", card["id"]).exit == 1
    assert caller.type("batch", "list").out == "no batch is remembered\n"


def test_a_provider_that_runs_no_batches_cannot_be_deferred_to(caller: Caller) -> None:
    shown = caller.type("batch", "--deferred", tty=PIPED, piped=[b"one\n"])
    assert shown.exit == 2
    assert "echo has no batch interface" in shown.err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["no.txt"], "No such file"),
        (["x", "--prompt", "y"], "exclude each other"),
        (["--concurrency", "0"], "from 1 to 10000"),
        (["--resubmit"], "is for --deferred"),
        (["--format", "xml"], "jsonl"),
        ([], "there are no prompts"),
    ],
)
def test_what_cannot_be_is_said(caller: Caller, tmp_path: Path, argv: list[str], says: str) -> None:
    shown = caller.type("batch", *argv, cwd=tmp_path)
    assert shown.exit == 2
    assert says in shown.err
