"""The tutorial about editors, followed to the letter in a real Neovim and in Node."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import DEADLINE_S, Daemon, running
from tests.examples import blocks_of

pytestmark = pytest.mark.system

PAGES = Path(__file__).parents[2] / "docs"
TUTORIAL = list(blocks_of((PAGES / "tutorial/first-editor.md").read_text()))


def of(kind: str) -> list[str]:
    return [block.text for block in TUTORIAL if block.kind == kind]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running() as made:
        yield made


@pytest.mark.skipif(shutil.which("nvim") is None, reason="nvim is not installed")
def test_neovim_does_what_the_tutorial_shows(daemon: Daemon, tmp_path: Path) -> None:
    script = tmp_path / "isaac.lua"
    first, mistake, stream, key = of("lua")
    ends = """
vim.wait(60000, function() return _G.isaac_done end, 5)
local said = { ok = ok, wrong = wrong, shown = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\\n") }
said.key = vim.fn.maparg("<leader>i", "n") ~= nil
vim.fn.writefile({ vim.fn.json_encode(said) }, "said")
"""
    script.write_text(f"{first}\n{mistake}\n{stream}\n{key}\n{ends}")
    done = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}", "-c", "qall!"],
        env=daemon.home.environ, cwd=tmp_path, timeout=DEADLINE_S, check=False, capture_output=True, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (tmp_path / "said").exists(), done.stderr
    said = json.loads((tmp_path / "said").read_text())
    assert "hello ada" in done.stderr
    assert said["ok"] is False
    assert "did you mean name" in said["wrong"] or "nam" in said["wrong"]
    assert "git reset" in said["shown"]


@pytest.mark.skipif(shutil.which("nvim") is None, reason="nvim is not installed")
def test_neovim_does_what_the_guide_and_the_readme_show(daemon: Daemon, tmp_path: Path) -> None:
    guide = [
        block.text for block in blocks_of((PAGES / "how-to/editors.md").read_text()) if block.kind == "lua"
    ]
    readme = [
        block.text for block in blocks_of((PAGES.parent / "README.md").read_text()) if block.kind == "lua"
    ]
    ends = """
local function whole() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\\n") end
vim.wait(20000, function() return whole():find("offline answer") end, 5)
vim.fn.writefile({ whole() }, "said")
print(vim.rpcrequest(isaac, "greet", { name = "grace" }))
"""
    (tmp_path / "isaac.lua").write_text("\n".join([*guide[:2], *readme, ends]))
    done = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", "luafile isaac.lua", "-c", "qall!"],
        env=daemon.home.environ, cwd=tmp_path, timeout=DEADLINE_S, check=False, capture_output=True, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "hello ada" in done.stderr
    assert "hello grace" in done.stderr
    assert "git reset" in (tmp_path / "said").read_text()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_does_what_the_tutorial_shows(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "isaac.js").write_text(of("js")[0])
    done = subprocess.run(
        ["node", "isaac.js"],
        env=daemon.home.environ, cwd=tmp_path, timeout=DEADLINE_S, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("hello ada\n")
    assert "nam" in done.stdout.splitlines()[1]
    assert "git reset" in done.stdout
    assert done.stdout.endswith("answered by knowledge\n")
