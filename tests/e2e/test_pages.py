"""Law: what the tutorials and how-to guides say to type works, offline, in a home where nothing is but what they assume."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.answering import Answering
from tests.examples import Block, blocks_of
from tests.newcomer import ROOT, Newcomer

DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [
    page
    for page in [
        *sorted((DOCS / "tutorial").glob("*.md")),
        *sorted((DOCS / "how-to").glob("*.md")),
        *([README] if "<!-- recorded -->" in README.read_text() else []),
    ]
    if any(block.kind in ("sh", "python") for block in blocks_of(page.read_text()))
    and page.name != "first-plugin.md"  # test_tutorial.py follows it
]
PROVIDERS = ("openai", "anthropic", "local", "xai")
OWN = ".local/share/isaac/plugins/isaac_plugins"
FILES = {
    "README.md": "# Notes\n\nTake the [notes](notes.md).\n",
    "report.md": "# Report\n\nThe harvest was good. The harvest was better than last year. It rained in May.\n",
    "minutes.txt": "Ada opened the meeting. The roof has to be mended. Bob mends the roof until Friday.\n",
    "notes.txt": "the wifi is called isaac-5\n",
    "errors.txt": "make: *** No rule to make target 'al'.  Stop.\n",
    "prompts.jsonl": '{"id": "a", "prompt": "2+2?"}\n{"id": "b", "prompt": "3+3?"}\n',
    "words.csv": "text,lang\ngood,German\nred,French\n",
    "prompt.txt": "Translate {text} to {lang}\n",
    "person.json": '{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}',
    "data.csv": "x,y\n1,2\n",
    "src/tool.py": "def soon_after(x: int) -> int:\n    return x + 1\n",
    "tests/test_tool.py": "def test_it() -> None:\n    assert True\n",
    "docs/index.md": "# Index\n",
    "build/out": "x\n",
    "Makefile": "all test:\n\t@true\n",
    ".bash_history": "git status\nls -la\n",
    ".zsh_history": ": 1700000000:0;git status\n",
    ".local/share/fish/fish_history": "- cmd: git status\n  when: 1700000000\n",
    # What sgpt 1.5 and llm 0.36 keep, and the latter prints.
    "chat_cache/trip": '[{"role": "user", "content": "where to?"}, {"role": "assistant", "content": "to the sea"}]',
    ".config/shell_gpt/roles/Code Generator.json": '{"name": "Code Generator", "role": "Provide only code."}',
    "llm.json": '[\n  {\n    "conversation_id": "01m8", "model": "gpt-4o", "datetime_utc": "2026-12-01T12:46:30.04+00:00",\n'
    '    "conversation_name": "pelicans", "prompt": "name one", "system": null, "response": "Pip"}]\n',
    "bin/llm": '#!/bin/sh\n[ "$1" = keys ] && echo sk-llm || cat "$HOME/llm.json"\n',
}
# What a page takes for granted beyond that.
BEFORE = {
    "backup.md": "isaacctl notes add the tea is in the cupboard",
    "everyday.md": (
        "for number in 1 2 3; do isaacctl notes add $number; done; "
        "for number in 1 2 3 4 5 6 7; do isaacctl tasks run -- notes search $number; done"
    ),
    "shell.md": (
        'mkdir -p .local/share/atuin; python3 -c \'import sqlite3; sqlite3.connect(".local/share/atuin/history.db").execute('
        '"CREATE TABLE history (id, timestamp, duration, exit, command, cwd, session, hostname, deleted_at)")\''
    ),
    "plugins.md": (
        f"mkdir -p src {OWN}; cp {ROOT}/plugins/isaac_plugins/greet.py {OWN}; cd src; isaacctl plugin new weather; "
        "mv weather isaac-weather; cd isaac-weather; grep -rl 0.1.0 . | xargs sed -i s/0.1.0/1.2/; isaacctl plugin pack; "
        "cp dist/*.whl ../../isaac_plugin_weather-1.2-py3-none-any.whl; isaacctl plugins install dist/*.whl"
    ),
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
# A test of a page is one that passes.
CALL_TESTS = """
for name, test in [(name, test) for name, test in globals().items() if name.startswith("test_")]:
    test()
"""
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_PAGER": "cat",
}


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    with Answering() as answering:
        yield answering


@pytest.fixture
def newcomer(answering: Answering) -> Iterator[Newcomer]:
    """Somebody in a folder with a small project, for whom every provider is one that answers on this machine."""
    home = Path(tempfile.mkdtemp(prefix="isaac-", dir="/tmp"))
    made = Newcomer(home)
    made.environ |= {
        "EDITOR": "true",
        "PIP_NO_INDEX": "1",
        "NO_COLOR": "1",
        "ISAAC_SESSION": "one",
        "CHAT_CACHE_PATH": f"{home}/chat_cache",
        **GIT,
    }
    for name, text in FILES.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (home / "bin/llm").chmod(0o755)
    (home / "plot.png").write_bytes(PIXEL)
    config = home / ".config/isaac/config.toml"
    config.parent.mkdir(parents=True)
    config.parent.chmod(0o700)
    config.write_text(
        "".join(
            f'[ai.providers.{name}]\nkind = "openai-compatible"\nbase_url = "{answering.provider.base_url}"\nmodel = "m"\n'
            for name in PROVIDERS
        )
    )
    made.type(
        "git init -q -b main; git add README.md src; git commit -qm 'Begin'; git checkout -qb more; "
        "echo '# more' >> src/tool.py; git commit -qam 'Say more'; echo '# staged' >> src/tool.py; git add src; "
        "tar czf notes.tgz notes.txt; isaacctl start"
    )
    try:
        yield made
    finally:
        made.type("isaacctl schedule runner --stop; isaacctl stop")
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_says_to_type_works(page: Path, newcomer: Newcomer) -> None:
    wrong = []
    newcomer.type(BEFORE.get(page.name, ":"))
    for block in blocks_of(page.read_text()):
        if block.kind == "sh":
            wrong += _typed(block, newcomer)
        elif block.kind == "python" and not block.skipped:
            wrong += _python(block, newcomer)
    assert not wrong, "\n".join([f"{page.name}:", *wrong])


def _typed(block: Block, newcomer: Newcomer) -> list[str]:
    commands = {number: text for number, text in enumerate(block.commands, 1) if block.runs(number)}
    done = newcomer.run(list(commands.values()), newcomer.home, {})
    return [
        f"line {block.line}: $ {command}\n(exit {code})\n{shown}"
        for (number, command), (code, shown) in zip(commands.items(), done, strict=True)
        if code != block.exits.get(number, block.exits.get(0, 0))
    ]


def _python(block: Block, newcomer: Newcomer) -> list[str]:
    script = newcomer.home / "script.py"
    script.write_text(f"{block.text}{CALL_TESTS}")
    done = subprocess.run(
        [sys.executable, "-P", str(script)],
        env=newcomer.environ,
        cwd=newcomer.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return [] if done.returncode == 0 else [f"line {block.line}:\n{done.stderr}"]
