"""What `plugin check` finds: each rule at the line that it is about, with something to do; and nothing in what is right."""

import os
from pathlib import Path

import pytest

from isaacd.workshop.__main__ import checked_text
from isaacd.workshop.checking import Checked, check
from isaacd.workshop.project import open_project
from isaacd.workshop.template import begin
from tests.unit.workshop.conftest import BOX, PYPROJECT, Write

BUNDLED = frozenset({"ask", "greet"})


def look(root: Path) -> Checked:
    return check(open_project(root), BUNDLED, os.environ)


def with_command(
    body: str, *, head: str = "", decorator: str = "@plugin.command", kind: str = "async def"
) -> str:
    """Write a plugin whose command `box.it` does something."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    start = BOX.replace("from isaacd.api", f"{head}\nfrom isaacd.api") if head else BOX
    return (
        f'{start}\n\n{decorator}\n{kind} it(context: Context) -> str:\n    """Do it.\n\n    Examples:\n'
        f'        isaacctl box it\n    """\n{lines}\n    return ""\n'
    )


def test_a_good_plugin_and_a_new_one_have_nothing_to_complain_about(write: Write, tmp_path: Path) -> None:
    assert look(write()).findings == ()
    begin("weather", tmp_path / "weather", BUNDLED)
    found = look(tmp_path / "weather")
    assert (found.findings, found.plugins) == ((), ("weather",))


@pytest.mark.parametrize(
    ("old", "new", "rule", "says"),
    [
        ('plugin = Plugin("box"', 'thing = Plugin("box"', "no-plugin", "no `plugin = Plugin(...)`"),
        ('Plugin("box"', 'Plugin("fox"', "name", "its file or entry point calls it box"),
        ('Plugin("box"', 'Plugin("Box"', "name", "is no name for a plugin"),
        ('Plugin("box"', 'Plugin("stop"', "name", "means something else already"),
        ('Plugin("box"', 'Plugin("ask"', "name", "would hide this one"),
        ('version="1.2", ', "", "version", "there is no version"),
        ('version="1.2", ', 'version="latest", ', "version", "is no version"),
        ('version="1.2", ', 'version="1.3", ', "version", "pyproject.toml says 1.2"),
        (', api="1"', "", "api", "for which version of the plugin API"),
        (', api="1"', ', api="99"', "import", "99"),
        ('summary="A box for things."', f'summary="{"x" * 200}"', "summary", "does not fit on one line"),
        ("Look into the box.", "", "docstring", "has no docstring"),
        ("isaacctl box\n", "\n", "examples", "has no examples"),
        ("context: Context)", "context: Context, what)", "types", "has no type"),
        ("context: Context)", "context: Context, what: str = '')", "parameter-help", "has no help"),
        ("from isaacd.api", "from isaacd.config import Config\nfrom isaacd.api", "inside", "inside of the daemon"),
        ("from isaacd.api", "import isaacctl.client\nfrom isaacd.api", "inside", "isaacctl is the client"),
        ("from isaacd.api", "import isaac_plugins.ask\nfrom isaacd.api", "other-plugin", "is another plugin"),
        ("from isaacd.api", "import torch_of_nobody\nfrom isaacd.api", "requirement", "nothing installs it"),
        ("from isaacd.api", "1 / 0\nfrom isaacd.api", "import", "ZeroDivisionError"),
        ("from isaacd.api", "def broken(:\nfrom isaacd.api", "syntax", "this is no Python"),
        ("from isaacd.api", "import os\nos._exit(3)\nfrom isaacd.api", "import-time", "os._exit runs while"),
        ("from isaacd.api", "import time\ntime.sleep(0.1)\nfrom isaacd.api", "import-time", "time.sleep runs"),
        (', api="1"', ', api="1", capabilities=("ask",)', "capability", "nothing uses it"),
        (', api="1"', ', api="1", capabilities=("aks",)', "capability", "there is no capability"),
    ],
)  # fmt: skip
def test_each_fault_is_found_with_its_file_and_something_to_do(
    write: Write, old: str, new: str, rule: str, says: str
) -> None:
    source = (
        BOX.replace(old, new, 1)
        if rule != "docstring"
        else BOX.replace(BOX[BOX.index('    """Look') : BOX.index("    return")], "")
    )
    assert source != BOX
    found = look(write(source))
    matching = [item for item in found.findings if item.rule == rule and says in item.message]
    assert matching, found.findings
    assert matching[0].hint
    assert matching[0].file.name == "box.py"
    if rule not in ("no-plugin", "empty", "import"):
        assert matching[0].line > 0


@pytest.mark.parametrize(
    ("source", "rule", "text"),
    [
        (with_command("time.sleep(1)", head="import time"), "blocking", "time.sleep(1)"),
        (with_command("nap(1)", head="from time import sleep as nap"), "blocking", "nap(1)"),
        (with_command("time.sleep(1)", head="import time", kind="def"), "blocking", "time.sleep(1)"),
        (with_command("subprocess.run(['x'])", head="import subprocess"), "blocking", "subprocess.run"),
        (with_command("urllib.request.urlopen('x')", head="import urllib.request"), "blocking", "urlopen"),
        (with_command("input('?')"), "blocking", "input("),
        (with_command("sys.exit(1)", head="import sys"), "process", "sys.exit"),
        (with_command("os.chdir('/')", head="import os"), "process", "os.chdir"),
        (with_command("print(1)"), "print", "print(1)"),
        (with_command("await context.ai.query('x')"), "capability", "context.ai"),
        (with_command("await context.state.get('x')"), "capability", "context.state"),
        (with_command("await context.call('status')"), "capability", "context.call"),
        (with_command("await context.secrets.get('TOKEN')"), "capability", "context.secrets"),
        (with_command("", head="import socket"), "capability", "import socket"),
        (
            with_command(
                "Path('x').unlink()",
                head="from pathlib import Path\nfrom isaacd.api import Tier",
                decorator="@plugin.command(tool=Tier.READ)",
            ),
            "tier",
            "unlink",
        ),
        (
            with_command("open('x', 'w')", head="from isaacd.api import Tier", decorator="@plugin.command(tool=Tier.READ)"),
            "tier",
            "open(",
        ),
    ],
)  # fmt: skip
def test_what_a_function_does_is_found_on_its_line(write: Write, source: str, rule: str, text: str) -> None:
    found = [item for item in look(write(source)).findings if item.rule == rule]
    assert found, look(write(source)).findings
    assert text in source.splitlines()[found[0].line - 1]


@pytest.mark.parametrize(
    "source",
    [
        with_command("def wait():\n    time.sleep(1)\nawait run_sync(wait)", head="import time\nfrom anyio.to_thread import run_sync"),
        with_command("open('x').read()", head="from isaacd.api import Tier", decorator="@plugin.command(tool=Tier.READ)"),
        with_command("'a'.replace('b', 'c')", head="from isaacd.api import Tier", decorator="@plugin.command(tool=Tier.READ)"),
        with_command("import msgspec, anyio, aiohttp", head="").replace('api="1"', 'api="1", capabilities=("network",)'),
        with_command("await context.state.get('x')").replace('api="1"', 'api="1", capabilities=("state",)'),
        with_command("await context.call('status')").replace('api="1"', 'api="1", capabilities=("ask",)'),
        with_command("await context.call('env')").replace('api="1"', 'api="1", capabilities=("run:confirm", "admin")'),
        with_command("await context.secrets.get('T')").replace('api="1"', 'api="1", capabilities=("secrets:T",)'),
        BOX.replace("context: Context)", "context: Context, where: Where = None)").replace("\n\n\n@", "\nfrom typing import Annotated\nWhere = Annotated[str | None, 'Where.']\n\n\n@"),
        BOX + "\n\nif __name__ == '__main__':\n    import time\n    time.sleep(1)\n",
    ],
)  # fmt: skip
def test_what_is_right_is_not_complained_about(write: Write, source: str) -> None:
    assert look(write(source)).findings == ()


def test_a_plugin_that_ends_its_process_or_prints_is_described_all_the_same(write: Write) -> None:
    ending = look(write(BOX + "\nimport os\ngetattr(os, '_exit')(7)\n"))
    assert any("ends the process (exit code 7)" in item.message for item in ending.findings)
    printing = look(write(BOX + "\nimport sys\nsys.stdout.write('noise')\n"))
    assert printing.errors == 0


def test_a_project_without_what_users_need_is_told_so(write: Write) -> None:
    root = write(
        pyproject=PYPROJECT.replace('readme = "README.md"', "").replace('requires-python = ">=3.11"', "")
    )
    (root / "tests/test_box.py").unlink()
    assert {item.rule for item in look(root).findings} == {"readme", "python", "tests"}


def test_a_file_that_would_take_the_namespace_is_told(write: Write) -> None:
    found = look(write(**{"src/isaac_plugins/__init__.py": ""}))
    assert [(item.rule, item.file.name) for item in found.findings] == [("namespace", "__init__.py")]


def test_files_of_any_bytes_are_told_and_not_a_defect(write: Write) -> None:
    root = write()
    for data in (b"\xff\xfe\x00", b"\0", b"x = '" + b"(" * 5000, b"(" * 100_000):
        (root / "src/isaac_plugins/box.py").write_bytes(data)
        assert look(root).errors >= 1


@pytest.mark.parametrize("module", ["tomli_w_not_here", "of_another_name.inner"])
def test_what_a_dependency_would_bring_is_no_fault_of_the_plugin(write: Write, module: str) -> None:
    found = look(write(f"import {module}\n{BOX}", dependencies='"tomli-w-not-here>=1"'))
    assert found.findings == ()
    assert found.not_loaded == {"box": module.partition(".")[0]}
    assert "isaacctl plugin test" in checked_text(found)


def test_what_nothing_would_bring_is_a_fault_beside_dependencies_too(write: Write) -> None:
    found = look(write(f"import isaac_plugins.box_inner\n{BOX}", dependencies='"tomli-w-not-here>=1"'))
    assert found.errors
    assert found.not_loaded == {}
    assert look(write(f"import nowhere_to_be_found\n{BOX}")).errors
