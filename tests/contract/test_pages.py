"""Law: every example of every page is one that is understood; tests/e2e/test_pages.py runs those that can be run."""

import ast
import contextlib
import importlib
import re
import tomllib
from pathlib import Path

import click
import msgspec
import pytest

from isaacctl.local import cli as local
from isaacd.cli.help import Help
from isaacd.cli.local import LOCAL_COMMANDS
from isaacd.cli.tree import Parsed
from isaacd.clock import SystemClock
from isaacd.config import load
from isaacd.context import Terminal
from isaacd.judge.overrides import read_overrides
from isaacd.plugin import BootLoader
from tests.examples import Block, blocks_of, calls_of, inline_calls, typed_in
from tests.fake_caller import Caller
from tests.fakes import FakeServices

ROOT = Path(__file__).parents[2]
GENERATED = {"commands.md", "config.md", "api.md", "errors.md"}
PAGES = [
    page
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "editors").rglob("*.md")),
    )
    # The one is made from the code, the other has a plugin of its own; tests/e2e/test_tutorial.py follows it.
    if page.name not in {*GENERATED, "first-plugin.md"}
]
SHELLS = ("sh", "bash")
IN_HERE = re.compile(r"(isaacd|isaacctl|plugins|tests|perf|docs|systemd|editors)/[\w./*-]*")
# Files of yours, and what `make bench` writes.
MADE = {"perf/bench_ROOM.py", "tests/contract/test_provider_KIND.py", "perf/results/report/index.html"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(*kinds: str) -> list[object]:
    return [
        pytest.param(block, id=f"{name_of(page)}:{block.line}")
        for page in PAGES
        for block in blocks_of(page.read_text())
        if block.kind in kinds
    ]


@pytest.fixture(scope="module")
def caller() -> Caller:
    services = FakeServices()
    loader = BootLoader(
        user_dir=services.paths.data_dir / "plugins", disabled=(), clock=SystemClock(), log=services.log
    )
    return Caller(*(item.plugin for item in loader.load_all() if item.plugin is not None))


def understood(words: list[str], caller: Caller) -> bool:
    """Say whether the one that answers a line understands it: the daemon, or the client by itself."""
    own = {name for name, _ in LOCAL_COMMANDS} - {"status"}
    try:
        if words and words[0] in own:
            return _locally(words)
        return isinstance(caller.line.tree().parse(words, Terminal()), Parsed)
    except Help:
        return True


def _locally(words: list[str]) -> bool:
    group: click.Command = local
    context = click.Context(local)
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        assert found is not None, words
        group, words = found, words[1:]
    group.make_context("x", [word for word in words if word not in ("-h", "--help")])
    return True


@pytest.mark.parametrize("block", blocks(*SHELLS))
def test_a_block_of_shell_is_whole_and_its_lines_for_isaac_are_understood(
    block: Block, caller: Caller
) -> None:
    for command in block.commands:
        for words in calls_of(command):
            if "$@" not in words and "LINE" not in words:
                assert understood(words, caller), command


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_lines_for_isaac_within_the_text_are_understood(page: Path, caller: Caller) -> None:
    for words in [words for line in inline_calls(page.read_text()) for words in calls_of(line)]:
        # The name of a command, or of an option, without what belongs behind it.
        with contextlib.suppress(click.MissingParameter, click.BadOptionUsage):
            assert understood(words, caller), words


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_is_typed_in_a_console_is_understood_unless_a_mistake_is_shown(
    page: Path, caller: Caller
) -> None:
    typed = [
        step
        for block in blocks_of(page.read_text())
        if block.kind == "console"
        for step in typed_in(block.text)
    ]
    for step in typed:
        if not "".join(step.shown).startswith("error: "):
            for words in calls_of(step.line):
                assert understood(words, caller), step.line


@pytest.mark.parametrize("block", blocks("toml"))
def test_a_block_of_toml_holds_as_what_it_is(block: Block, tmp_path: Path) -> None:
    table = tomllib.loads(block.text)
    assert table
    file = tmp_path / "x.toml"
    file.write_text(block.text)
    file.chmod(0o600)
    if "rule" not in table and "project" not in table:
        load(file, {}, ())
    elif "command" in table.get("rule", [{}])[0]:
        assert not read_overrides(file, only_raises=False).problems


@pytest.mark.parametrize("block", blocks("json"))
def test_a_block_of_json_is_json_as_a_whole_or_line_by_line(block: Block) -> None:
    try:
        msgspec.json.decode(block.text)
    except msgspec.DecodeError:
        for line in block.text.splitlines():
            msgspec.json.decode(line)


@pytest.mark.parametrize("block", blocks("hex"))
def test_a_block_of_bytes_is_whole_messages(block: Block) -> None:
    for line in block.text.splitlines():
        assert isinstance(msgspec.msgpack.decode(bytes.fromhex(line)), list)


@pytest.mark.parametrize("block", blocks("python"))
def test_a_block_of_python_is_whole_and_what_it_imports_is_there(block: Block) -> None:
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not block.skipped:
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    spans = [span for span in code_in(page.read_text()) if IN_HERE.fullmatch(span)]
    assert [span for span in spans if not list(ROOT.glob(span.rstrip("/"))) and span not in MADE] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_targets_programs_and_options_of_measuring_that_a_page_names_are_there(page: Path) -> None:
    """These take minutes, so nobody runs them here; what they are called, and what they take, is known."""
    text = page.read_text()
    lines = code_in(text) + [
        line for block in blocks_of(text) if block.kind in SHELLS for line in block.text.splitlines()
    ]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = []
    for line in lines:
        words = line.partition("#")[0].split()
        if words[:1] == ["make"]:
            wrong += [line for word in words[1:] if "=" not in word and word not in targets]
        program = next((word for word in words[:2] if word.startswith("perf/") and word not in MADE), "")
        if (ROOT / program).is_file() or program.endswith(".py"):
            source = "".join(file.read_text() for file in expanded(program))
            options = [word for word in words if word.startswith("--")]
            wrong += [line for option in options if f'"{option}"' not in source]
    assert wrong == []


def expanded(program: str) -> list[Path]:
    """Return the files that bash makes of a word with one pair of braces."""
    before, _, rest = program.partition("{")
    inside, _, after = rest.partition("}")
    return [ROOT / f"{before}{part}{after}" for part in inside.split(",")]


def code_in(page: str) -> list[str]:
    """Return what stands in the text as code."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_has_two_versions_of_the_same(page: Path) -> None:
    assert [line for line in page.read_text().splitlines() if line.startswith(("<<<<<<< ", ">>>>>>> "))] == []


def test_marks_are_read_and_commands_are_told_apart() -> None:
    page = (
        "text\n<!-- not run, lines 2: why -->\n<!-- exit 1, lines 1 3: why -->\n```sh\nfalse  # x\n\n# no command\n"
        'isaacctl ask "a b" | isaacctl grep x > y\nfor i in 1; do\n  false\ndone\n```\n'
    )
    (block,) = blocks_of(page)
    assert [block.runs(number) for number in (1, 2, 3)] == [True, False, True]
    assert block.exits == {1: 1, 3: 1}
    assert [len(command.splitlines()) for command in block.commands] == [1, 1, 3]
    assert calls_of(block.commands[1]) == [["ask", "a b"], ["grep", "x"]]
