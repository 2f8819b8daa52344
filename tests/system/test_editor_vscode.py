"""Law: editors/vscode asks, streams, stops and runs lines as its page says, in Node with a stand-in for VS Code's API."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import DEADLINE_S, Daemon
from tests.editor_house import EDITORS, SLOW, home_without_a_daemon
from tests.examples import blocks_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
]

FAKE = Path(__file__).with_name("fake_vscode.js")
BEGIN = f"""
const vscode = require("vscode");
const extension = require("{EDITORS}/vscode/extension.js");
const {{ Client }} = require("{EDITORS}/vscode/client.js");
const context = {{ subscriptions: [] }};
const out = {{}};
vscode.folder = process.cwd();
extension.activate(context);
const client = context.subscriptions[0];
const command = (name, ...given) => vscode.commands.run(`isaac.${{name}}`, ...given);
const until = async (what) => {{ while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 5)); }};
async function main() {{
"""
END = """
  out.said = { ...vscode.said, shown: vscode.said.shown.map((document) => document.text) };
  extension.deactivate();
}
main().then(() => require("node:fs").writeFileSync("said.json", JSON.stringify(out)),
  (error) => { console.error(error); process.exit(1); });
"""


def node(environ: Mapping[str, str], folder: Path, script: str) -> Any:
    """Run a script in which the extension is active, and return what it has put into `out`."""
    module = folder / "modules/vscode"
    module.mkdir(parents=True)
    shutil.copy(FAKE, module / "index.js")
    (folder / "test.js").write_text(BEGIN + script + END)
    done = subprocess.run(
        ["node", "test.js"],
        env={**environ, "NODE_PATH": str(folder / "modules")}, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "said.json").read_text())


def test_the_selection_goes_along_and_the_answer_grows_beside(editor_daemon: Daemon, tmp_path: Path) -> None:
    out = node(
        editor_daemon.home.environ,
        tmp_path,
        """
        const document = new vscode.Document("x", "python");
        vscode.window.activeTextEditor = { document, selection: { text: "grün = 2\\ns = '```'\\n" } };
        await command("ask", "what is this?");
        vscode.window.activeTextEditor = undefined;
        vscode.answers.input.push("and alone?");
        await command("ask");
        await command("ask");
        """,
    )
    first, second = out["said"]["shown"]
    assert first == "re: what is this?\n\n````python\ngrün = 2\ns = '```'\n````"
    assert second == "re: and alone?"
    assert out["said"]["errors"] == []


def test_what_is_stopped_ends_in_the_daemon_too(editor_daemon: Daemon, tmp_path: Path) -> None:
    out = node(
        editor_daemon.home.environ,
        tmp_path,
        """
        const before = await client.request("slow.count", {});
        const stop = new AbortController();
        const waiting = client.request("slow.wait", {}, { signal: stop.signal, onEvent: () => stop.abort() });
        out.ended = await waiting.then(() => "whole", (error) => error.message);
        await until(async () => (await client.request("slow.count", {})) === before + 1);
        """,
    )
    assert "cancelled" in out["ended"]


def test_a_line_is_run_as_its_tier_demands(editor_daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    out = node(
        editor_daemon.home.environ,
        tmp_path,
        """
        out.reads = await command("run", "ls > /dev/null");
        vscode.answers.warning.push(undefined, "Run");
        out.no = (await command("run", "python3 -c 0; echo no > no")) ?? "nothing";
        out.yes = await command("run", "python3 -c 0; echo yes > yes; exit 4");
        vscode.folder += "/tree";
        vscode.answers.input.push("", "delete");
        out.refused = (await command("run", "rm -rf ../tree")) ?? "nothing";
        out.wrong = (await command("run", "rm -rf ../tree")) ?? "nothing";
        vscode.answers.input.push(vscode.said.asked.at(-1).match(/Type `(.*)` to run it/)[1]);
        out.phrase = await command("run", "rm -rf ../tree");
        vscode.folder = process.cwd();
        out.nothing = (await command("run", "# nothing")) ?? "nothing";
        """,
    )
    assert [out[name]["exit"] for name in ("reads", "yes", "phrase")] == [0, 4, 0]
    assert [out[name] for name in ("no", "refused", "wrong", "nothing")] == ["nothing"] * 4
    assert (tmp_path / "yes").exists()
    assert not (tmp_path / "no").exists()
    assert not (tmp_path / "tree").exists()
    assert out["said"]["asked"][0].startswith("python3 -c 0; echo no > no\ntier 3\n- ")
    assert len(out["said"]["errors"]) == 1


def test_a_task_becomes_a_command_at_the_cursor(editor_daemon: Daemon, tmp_path: Path) -> None:
    out = node(
        editor_daemon.home.environ,
        tmp_path,
        """
        const edit = (make) => make({ insert: (_, text) => { out.inserted = text; } });
        vscode.window.activeTextEditor = { document: new vscode.Document("", "sh"), selection: { active: 0 }, edit };
        await command("suggest", "undo the last git commit");
        """,
    )
    assert out["inserted"]


def test_a_daemon_that_dies_ends_the_answer_and_the_next_question_starts_another(tmp_path: Path) -> None:
    with home_without_a_daemon() as home:
        home.write_plugin("slow", SLOW)
        out = node(
            home.environ,
            tmp_path,
            """
            const { pid } = await client.request("ping", {});
            const waiting = client.request("slow.wait", {}, { onEvent: () => process.kill(pid, 9) });
            out.ended = await waiting.catch((error) => error.message);
            await command("ask", "undo the last git commit");
            out.other = (await client.request("ping", {})).pid !== pid;
            """,
        )
    assert out["ended"] == "the daemon has left; this is not the whole answer"
    assert "git reset" in out["said"]["shown"][0]
    assert out["other"]


def test_without_isaacctl_it_says_what_to_do(tmp_path: Path) -> None:
    with home_without_a_daemon() as home:
        out = node(
            home.environ,
            tmp_path,
            'vscode.config.program = "no-such-isaacctl";\nawait command("ask", "x");\nawait command("run", "ls");',
        )
    told = "no-such-isaacctl cannot be run; install Isaac, or set isaac.program"
    assert out["said"]["shown"] == [f"\nerror: {told}\n"]
    assert out["said"]["errors"] == [f"Isaac: {told}"]


def test_its_page_installs_it_and_its_manifest_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "editors").symlink_to(EDITORS)
    (block,) = blocks_of((EDITORS / "vscode/README.md").read_text())
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run(["bash", "-ec", block.text], cwd=tmp_path, env=environ, check=True)
    (linked,) = (tmp_path / ".vscode/extensions").iterdir()
    manifest = json.loads((linked / "package.json").read_text())
    assert linked.name == f"{manifest['publisher']}.{manifest['name']}-{manifest['version']}"
    extension = (linked / manifest["main"]).read_text()
    for item in manifest["contributes"]["commands"]:
        assert f'["{item["command"]}", ' in extension
