"""Law: editors/neovim asks, streams, stops and runs lines as its page says, in a real Neovim."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import DEADLINE_S, Daemon, running
from tests.editor_house import EDITORS, SLOW, home_without_a_daemon
from tests.examples import blocks_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("nvim") is None, reason="nvim is not installed"),
]

PRELUDE = f"""
vim.opt.runtimepath:prepend("{EDITORS}/neovim")
vim.cmd("runtime plugin/isaac.lua")
vim.o.hidden = true
local isaac = require("isaac")
local said, notes, asked, ended = {{}}, {{}}, {{}}, 0
vim.notify = function(text) table.insert(notes, text) end
vim.api.nvim_create_autocmd("User", {{ pattern = "IsaacEnded", callback = function() ended = ended + 1 end }})
local function wait(what) assert(vim.wait(60000, what, 5), "waited in vain") end
local function text(buffer) return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), "\\n") end
local function answers()
  local found = {{}}
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_get_name(buffer):find("isaac://", 1, true) then table.insert(found, buffer) end
  end
  return found
end
local function run(line)
  local done, exit = false, nil
  isaac.run(line, function(job) done, exit = true, job and vim.fn.jobwait({{ job }}, 60000)[1] end)
  wait(function() return done end)
  return exit == nil and "nothing" or exit
end
"""
END = '\nsaid.notes, said.asked = notes, asked\nvim.fn.writefile({ vim.fn.json_encode(said) }, "said.json")\n'


def neovim(environ: Mapping[str, str], folder: Path, script: str) -> Any:
    """Run Lua in a Neovim with nothing but the plugin, and return what the script put into `said`."""
    (folder / "test.lua").write_text(PRELUDE + script + END)
    done = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", "luafile test.lua", "-c", "qa!"],
        env={**environ, "SHELL": "/bin/bash"}, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert (folder / "said.json").exists(), done.stderr
    return json.loads((folder / "said.json").read_text())


def test_the_selection_goes_along_and_the_answer_grows_below(editor_daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        editor_daemon.home.environ,
        tmp_path,
        """
        vim.api.nvim_buf_set_lines(0, 0, -1, true, { "one", "two = 2", "s = '```'", "four" })
        vim.bo.filetype = "python"
        local window = vim.api.nvim_get_current_win()
        vim.cmd("2,3Isaac what is this?")
        said.stays = vim.api.nvim_get_current_win() == window
        wait(function() return ended == 1 end)
        local buffer = answers()[1]
        said.text, said.kind, said.fixed = text(buffer), vim.bo[buffer].filetype, not vim.bo[buffer].modifiable
        said.windows = #vim.fn.win_findbuf(buffer)
        said.mine = text(vim.api.nvim_win_get_buf(window))
        vim.cmd("Isaac and alone?")
        wait(function() return ended == 2 end)
        said.second = text(answers()[2])
        """,
    )
    assert said["text"] == "re: what is this?\n\n````python\ntwo = 2\ns = '```'\n````"
    assert said["second"] == "re: and alone?"
    assert (said["stays"], said["kind"], said["fixed"], said["windows"]) == (True, "markdown", True, 1)
    assert said["mine"] == "one\ntwo = 2\ns = '```'\nfour"


def test_an_answer_is_stopped_by_its_command_its_key_and_the_end_of_its_window(
    editor_daemon: Daemon, tmp_path: Path
) -> None:
    said = neovim(
        editor_daemon.home.environ,
        tmp_path,
        """
        local answer, link = require("isaac.answer"), require("isaac.link")
        local function begin()
          local buffer = answer.show("slow.wait", {}, "wait")
          wait(function() return text(buffer):find("waiting") end)
          vim.api.nvim_set_current_win(vim.fn.win_findbuf(buffer)[1])
          return buffer
        end
        local first = begin()
        local before = link.call("slow.count")
        vim.cmd("IsaacStop")
        wait(function() return ended == 1 end)
        said.first = text(first)
        begin()
        vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes("<C-c>", true, true, true), "xt", true)
        wait(function() return ended == 2 end)
        begin()
        vim.cmd("bwipeout!")
        wait(function() return link.call("slow.count") == before + 3 end)
        said.quiet = pcall(vim.cmd, "IsaacStop")
        """,
    )
    assert said["first"].startswith("waiting\nerror: cancelled")
    assert said["quiet"]


def test_mistakes_are_told_where_the_answer_would_be(editor_daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        editor_daemon.home.environ,
        tmp_path,
        """
        local buffer = require("isaac.answer").show("ask", { qestion = "x" }, "x")
        wait(function() return ended == 1 end)
        said.text = text(buffer)
        """,
    )
    assert "error: invalid_params" in said["text"]
    assert "did you mean" in said["text"]


def test_a_line_is_run_as_its_tier_demands(editor_daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    said = neovim(
        editor_daemon.home.environ,
        tmp_path,
        """
        local yes, phrase = 2, ""
        vim.fn.confirm = function(text) table.insert(asked, text) return yes end
        vim.fn.input = function(text) table.insert(asked, text) return phrase end
        said.reads = run("ls > /dev/null")
        said.no = run("python3 -c 0; echo no > no")
        yes = 1
        said.yes = run("python3 -c 0; echo yes > yes; exit 4")
        vim.cmd("cd tree")
        said.refused = run("rm -rf ../tree")
        phrase = "delete"
        said.wrong = run("rm -rf ../tree")
        phrase = asked[#asked]:match("Type `(.-)` to run it")
        said.phrase = run("rm -rf ../tree")
        vim.cmd("cd ..")
        said.nothing = run("# nothing")
        """,
    )
    assert [said[name] for name in ("reads", "no", "yes")] == [0, "nothing", 4]
    assert (tmp_path / "yes").exists()
    assert not (tmp_path / "no").exists()
    assert [said[name] for name in ("refused", "wrong", "phrase", "nothing")] == [
        "nothing",
        "nothing",
        0,
        "nothing",
    ]
    assert not (tmp_path / "tree").exists()
    assert "python3 -c 0; echo no > no\n\ntier 3\n- " in said["asked"][0]
    assert "Type `delete " in said["asked"][-1]
    assert any("permission_denied" in note for note in said["notes"])


def test_a_task_becomes_a_command_below_the_cursor(editor_daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        editor_daemon.home.environ,
        tmp_path,
        """
        vim.api.nvim_buf_set_lines(0, 0, -1, true, { "first", "last" })
        vim.ui.select = function(items, options, chosen)
          said.shown = options.format_item(items[1])
          said.command = items[1].command
          chosen(items[1])
        end
        vim.cmd("IsaacSuggest undo the last git commit")
        wait(function() return vim.api.nvim_buf_line_count(0) == 3 end)
        said.lines = vim.api.nvim_buf_get_lines(0, 0, -1, true)
        """,
    )
    assert said["lines"] == ["first", said["command"], "last"]
    assert said["shown"].startswith(f"{said['command']}   (tier ")


def test_a_daemon_that_dies_ends_the_answer_and_the_next_question_starts_another(tmp_path: Path) -> None:
    with home_without_a_daemon() as home:
        home.write_plugin("slow", SLOW)
        said = neovim(
            home.environ,
            tmp_path,
            """
            local answer, link = require("isaac.answer"), require("isaac.link")
            local first = answer.show("slow.wait", {}, "wait")
            wait(function() return text(first):find("waiting") end)
            local pid = link.call("ping").pid
            vim.loop.kill(pid, 9)
            wait(function() return ended == 1 end)
            said.first = text(first)
            vim.cmd("Isaac undo the last git commit")
            wait(function() return ended == 2 end)
            said.second = text(answers()[2])
            said.other = link.call("ping").pid ~= pid
            vim.cmd("checkhealth isaac")
            said.health = text(0)
            """,
        )
    assert (
        said["first"]
        == "waiting\nerror: connection lost: the daemon has left; this is not the whole answer\n"
    )
    assert "git reset" in said["second"]
    assert said["other"]
    assert "isaacctl can be run" in said["health"]
    assert "answers at" in said["health"]


def test_without_a_daemon_and_without_isaacctl_it_says_what_to_do(tmp_path: Path) -> None:
    with home_without_a_daemon() as home:
        said = neovim(
            home.environ,
            tmp_path,
            """
            isaac.setup({ program = "no-such-isaacctl" })
            vim.cmd("Isaac x")
            wait(function() return ended == 1 end)
            said.text = text(answers()[1])
            said.run = run("ls")
            """,
        )
    assert (
        said["text"]
        == "error: no-such-isaacctl cannot be run; install Isaac, or name it in setup({ program = ... })\n"
    )
    assert said["run"] == "nothing"
    assert "no-such-isaacctl" in said["notes"][-1]


def test_nothing_is_loaded_before_it_is_used(tmp_path: Path) -> None:
    with running() as daemon:
        (tmp_path / "plain.lua").write_text(
            f'vim.opt.runtimepath:prepend("{EDITORS}/neovim")\nvim.cmd("runtime plugin/isaac.lua")\n'
            'local loaded = {}\nfor name in pairs(package.loaded) do if name:find("^isaac") then loaded[#loaded + 1] = name end end\n'
            'vim.fn.writefile({ vim.fn.exists(":Isaac") .. " " .. #loaded }, "said")\n'
        )
        subprocess.run(
            ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", "luafile plain.lua", "-c", "qa!"],
            env=daemon.home.environ, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S,
            check=False,
        )  # fmt: skip
    assert (tmp_path / "said").read_text() == "2 0\n"


def test_its_page_installs_it(tmp_path: Path) -> None:
    shell, keys = [block.text for block in blocks_of((EDITORS / "neovim/README.md").read_text())]
    with home_without_a_daemon() as home:
        environ = {name: value for name, value in home.environ.items() if not name.startswith("XDG_")}
        (home.directory / ".config/nvim").mkdir(parents=True)
        shutil.copytree(EDITORS, home.directory / "editors")
        (home.directory / ".config/nvim/init.lua").write_text(keys)
        ask = 'lua vim.fn.writefile({ vim.fn.exists(":IsaacRun"), vim.fn.maparg("<leader>r", "n") }, "said")'
        for command in (
            ["bash", "-ec", shell],
            ["nvim", "--headless", "-c", ask, "-c", "help isaac-lua", "-c", "qa!"],
        ):
            done = subprocess.run(
                command, env=environ, cwd=home.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=DEADLINE_S, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert "Error" not in done.stderr
            assert "E149" not in done.stderr
        assert (home.directory / "said").read_text() == "2\n<Cmd>IsaacRun<CR>\n"
