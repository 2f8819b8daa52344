"""`isaacctl mcp`: what a host may, where its person is, and then the bridge between the two."""

import os

from isaacctl.bridge import OPEN_ID, Bridge
from isaacctl.jsontext import quoted
from isaacctl.talk import EXIT_CONFIG, EXIT_FAILED, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TOKEN_BYTES = 4096
TOKEN_VARIABLE = "ISAAC_TOKEN"  # noqa: S105 - its name


def serve(scopes: "Sequence[str]", token_file: str | None, told: "Mapping[str, str]") -> int:
    """Be the server of one host until it is done; `told` are the variables that the daemon may know."""
    if os.isatty(0):
        os.write(
            2,
            b"hosts start this by themselves, and speak MCP here; isaacctl mcp config HOST says how to tell them\n",
        )
    uid = os.getuid()
    environ = with_runtime(os.environ, uid)
    env = {name: value for name, value in told.items() if name != TOKEN_VARIABLE}
    members = [
        f'"scope":[{",".join(map(quoted, scopes))}]',
        f'"token":{quoted(_token(token_file, environ))}',
        f'"env":{{{",".join(f"{quoted(name)}:{quoted(value)}" for name, value in env.items())}}}',
    ]
    try:
        members.append(f'"cwd":{quoted(os.getcwd())}')
    except OSError:
        pass  # the directory is gone; what needs none still works
    opening = f'{{"jsonrpc":"2.0","id":"{OPEN_ID}","method":"mcp.open","params":{{{",".join(members)}}}}}\n'
    try:
        return Bridge(0, 1, opening.encode("utf-8", "replace"), environ, uid).run()
    except OSError as error:
        raise Refused(f"a pipe of the host is broken: {error.strerror}", EXIT_FAILED) from None


def parse(argv: "list[str]") -> "tuple[list[str], str | None] | None":
    """Read the words behind `mcp`; None for what needs the whole command line to be understood."""
    scopes: list[str] = []
    token_file: str | None = None
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if name not in ("--scope", "--token-file"):
            return None
        if not equals:
            following = next(words, None)
            if following is None:
                return None
            value = following
        if name == "--scope":
            scopes += [item for item in value.replace(",", " ").split() if item]
        else:
            token_file = value
    return scopes, token_file


def _token(file: str | None, environ: "Mapping[str, str]") -> str:
    """Return the token that was named, "" if none was; raises Refused for a file that others can read."""
    if file is None:
        return environ.get(TOKEN_VARIABLE, "").strip()
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_mode & 0o077:
                raise Refused(f"others can read {file}; close it with: chmod 600 {file}", EXIT_CONFIG)
            token = os.read(descriptor, MAX_TOKEN_BYTES).decode("ascii", "replace").strip()
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Refused(f"cannot read the token in {file}: {error.strerror}", EXIT_CONFIG) from None
    if not token:
        raise Refused(f"{file} holds no token; make one with: isaacctl token new", EXIT_CONFIG)
    return token


def with_runtime(environ: "Mapping[str, str]", uid: int) -> "dict[str, str]":
    """Return the environment with the runtime directory that many hosts do not hand on: the daemon listens there."""
    found = dict(environ)
    base = f"/run/user/{uid}"
    if "XDG_RUNTIME_DIR" not in found and "ISAACD_SOCKET" not in found:
        try:
            if os.stat(base).st_uid == uid:
                found["XDG_RUNTIME_DIR"] = base
        except OSError:
            pass
    return found
