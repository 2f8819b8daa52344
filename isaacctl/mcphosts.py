"""What well-known hosts want to be told of an MCP server, ready to be pasted."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence

import click

from isaacctl.local import Command, Group, Line
from isaacctl.mcp import TOKEN_VARIABLE, serve
from isaacctl.talk import EXIT_CONFIG, Refused

NAME = "isaac"
_ABOUT = """Be the MCP server of a host, such as an editor or an agent, on standard input and output.

Hosts start this by themselves: `isaacctl mcp config HOST` prints what to tell them. Isaac's commands are their tools.
Nothing is executed for a host, and what is dangerous needs your yes.

\b
Examples:
    isaacctl mcp config claude-code
    isaacctl mcp --scope ask --scope run:confirm config vscode
"""
# Hosts hand on little of their environment, and are not started from a shell.
_PLACES = (
    "ISAACD_SOCKET",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
)
# Host -> where its snippet belongs, and the key of the servers in it.
HOSTS: Mapping[str, tuple[str, str]] = {
    "claude-desktop": (
        "~/.config/Claude/claude_desktop_config.json (macOS: ~/Library/Application Support/Claude/)",
        "mcpServers",
    ),
    "claude-code": (".mcp.json in the project, or run: {command}", "mcpServers"),
    "cursor": ("~/.cursor/mcp.json, or .cursor/mcp.json in the project", "mcpServers"),
    "vscode": (".vscode/mcp.json in the project, or run: MCP: Open User Configuration", "servers"),
    "zed": ("settings.json, by `zed: open settings file`", "context_servers"),
}


class HostGroup(Group):
    """The commands below `mcp`."""

    command_class = Command


@click.group(
    "mcp",
    cls=HostGroup,
    invoke_without_command=True,
    help=_ABOUT,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "scopes",
    "--scope",
    multiple=True,
    metavar="SCOPE",
    help="What the host may: ask (the default), run:confirm, admin; may be given several times.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    help=f"A private file with a token that says what the host may; else the variable {TOKEN_VARIABLE}.",
)
@click.option("as_json", "--json", is_flag=True, help="Print what is to be pasted on one line.")
@click.pass_context
def mcp(context: click.Context, scopes: tuple[str, ...], token_file: str | None, as_json: bool) -> None:
    """Serve a host, unless it is to be configured."""
    context.obj.as_json = context.obj.as_json or as_json
    words = tuple(item for scope in scopes for item in scope.replace(",", " ").split())
    if context.invoked_subcommand is None:
        from isaacctl.__main__ import told

        context.exit(serve(words, token_file, told(os.environ)))
    context.obj = (context.obj, words, token_file)


@mcp.command("config")
@click.argument("host", type=click.Choice(sorted(HOSTS)))
@click.pass_obj
def config(given: tuple[Line, tuple[str, ...], str | None], host: str, as_json: bool) -> None:
    """Print what a host has to be told, ready to be pasted: claude-desktop, claude-code, cursor, vscode or zed.

    What stands before `config` is handed on to the host: its scopes and its token.

    Examples:
        isaacctl mcp config claude-desktop
        isaacctl mcp --scope ask --scope run:confirm config vscode
    """
    line, scopes, token_file = given
    server = server_of(host, scopes, token_file, os.environ)
    where, key = HOSTS[host]
    command = shlex.join(
        ["claude", "mcp", "add", NAME, "--", str(server["command"]), *_words(server["args"])]
    )
    click.echo(f"# {where.format(command=command)}", err=True)
    snippet: dict[str, object] = {key: {NAME: server}}
    line.say(json.dumps(snippet, indent=2), snippet, as_json=as_json)


def server_of(
    host: str, scopes: Sequence[str], token_file: str | None, environ: Mapping[str, str]
) -> dict[str, object]:
    """Return how a host starts Isaac's server; a place that is not the usual one is told to it."""
    args = ["mcp", *(word for scope in scopes for word in ("--scope", scope))]
    if token_file is not None:
        args += ["--token-file", os.path.abspath(token_file)]
    server: dict[str, object] = {"command": _program(), "args": args}
    if host == "vscode":
        server = {"type": "stdio", **server}
    env = {
        name: environ[name] for name in _PLACES if environ.get(name) and not _is_usual(name, environ[name])
    }
    return {**server, "env": env} if env else server


def _is_usual(name: str, value: str) -> bool:
    return name == "XDG_RUNTIME_DIR" and value == f"/run/user/{os.getuid()}"


def _program() -> str:
    """Return the path of isaacctl; raises Refused if it has none that will be there later."""
    program = sys.argv[0]
    if os.path.basename(program) == "isaacctl" and os.access(program, os.X_OK):
        return os.path.abspath(program)
    beside = os.path.join(os.path.dirname(sys.executable), "isaacctl")
    found = beside if os.access(beside, os.X_OK) else shutil.which("isaacctl")
    if found is None:
        raise Refused("isaacctl is not installed as a program, so no host could start it", EXIT_CONFIG)
    return os.path.abspath(found)


def _words(args: object) -> list[str]:
    return [str(word) for word in args] if isinstance(args, list) else []
