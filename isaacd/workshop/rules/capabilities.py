"""Rules about capabilities: what a plugin uses and what it has said that it uses."""

import ast
from collections.abc import Iterable, Iterator

from isaacd.belongings.capabilities import parse
from isaacd.errors import PluginFailed
from isaacd.workshop.finding import Finding
from isaacd.workshop.modules import Module, imports
from isaacd.workshop.rules.identity import keyword_line
from isaacd.workshop.source import declaration_of

# What an attribute of the context needs; see isaacd.belongings.capabilities.
_OF_CONTEXT = {
    "ai": "ask",
    "answers": "ask",
    "ask": "ask",
    "chats": "ask",
    "batches": "ask",
    "cache": "cache",
    "state": "state",
    "database": "state",
    "publish": "publish",
    "history": "history",
    "plans": "run",
    "jobs": "run",
}
# What `context.call` needs is the scope of the command that is called.
_ANY_SCOPE = "scope"
_SCOPES = frozenset(("ask", "run", "admin"))
_NETWORK = frozenset(
    "socket ssl http.client http.server urllib.request ftplib smtplib imaplib poplib aiohttp httpx httpx2 requests urllib3 "
    "websockets grpc paramiko".split()
)
_NETWORK_CALLS = frozenset(
    "asyncio.open_connection asyncio.start_server anyio.connect_tcp anyio.connect_tcp anyio.create_tcp_listener "
    "isaacd.api.HttpApi".split()
)
# What can be seen in the source without doubt; files and networks are also reached in other ways.
_SEEN = ("ask", "cache", "state", "publish", "run", "secrets")


def check_capabilities(main: Module, modules: Iterable[Module]) -> Iterator[Finding]:
    """Compare what all files of a plugin use with what its main module declares."""
    said = declaration_of(main.tree)
    if not said.line or ("capabilities" in said.given and not said.capabilities and not _is_empty(main)):
        return  # computed: only the plugin itself knows
    line = keyword_line(main, "capabilities")
    known = []
    for text in said.capabilities:
        try:
            known.append(str(parse(text)))
        except PluginFailed as error:
            yield Finding(
                file=main.file, line=line, rule="capability", message=error.message, hint=error.hint or ""
            )
    used: dict[str, tuple[Module, int, str]] = {}
    for module in modules:
        for capability, at, what in _used(module):
            used.setdefault(capability, (module, at, what))
    called = used.pop(_ANY_SCOPE, None)
    if called is not None and not _SCOPES.intersection(known):
        module, at, what = called
        yield Finding(
            file=module.file,
            line=at,
            rule="capability",
            message=f"{what} needs the scope of the command that it calls, and none is declared",
            hint='write "ask", "run:confirm" or "admin" into the capabilities',
        )
    for capability, (module, at, what) in used.items():
        if capability not in known and not (capability == "secrets:*" and _any_secret(known)):
            wanted = capability.replace("*", "NAME")
            yield Finding(
                file=module.file,
                line=at,
                rule="capability",
                message=f"{what} needs the capability {wanted!r}, which is not declared",
                hint=f"write capabilities=({''.join(f'{item!r}, ' for item in [*known, wanted])}) into Plugin(...)".replace(
                    "'", '"'
                ),
            )
    for capability in known:
        kind = capability.partition(":")[0]
        if called is not None and capability in _SCOPES:
            continue  # which command is called, and so which of them it takes, may be computed
        if kind in _SEEN and capability not in used and not (kind == "secrets" and "secrets:*" in used):
            yield Finding(
                file=main.file,
                line=line,
                rule="capability",
                message=f"the capability {capability!r} is declared, but nothing uses it",
                hint="take it out: people decide by it whether to trust the plugin",
                severity="warning",
            )


def _any_secret(known: list[str]) -> bool:
    return any(item.startswith("secrets:") for item in known)


def _is_empty(main: Module) -> bool:
    """Tell whether the capabilities are written, and none."""
    for node in ast.walk(main.tree):
        if isinstance(node, ast.keyword) and node.arg == "capabilities":
            return isinstance(node.value, ast.Tuple | ast.List) and not node.value.elts
    return True


def _used(module: Module) -> Iterator[tuple[str, int, str]]:
    """Find what needs a capability: which, on which line, and what it is."""
    contexts = _contexts(module)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in contexts:
            capability = _OF_CONTEXT.get(node.attr)
            if capability:
                yield capability, node.lineno, f"{node.value.id}.{node.attr}"
            elif node.attr == "call":
                yield _ANY_SCOPE, node.lineno, f"{node.value.id}.call"
            elif node.attr == "secrets":
                yield f"secrets:{_secret_of(module, node)}", node.lineno, f"{node.value.id}.secrets"
        elif isinstance(node, ast.Call):
            name = module.called(node)
            if name.endswith("isaacd.api.Handover"):
                yield "run", node.lineno, "a Handover"
            elif name in _NETWORK_CALLS:
                yield "network", node.lineno, name
    for name, statement in imports(module.tree):
        if name in _NETWORK or name.partition(".")[0] in _NETWORK:
            yield "network", statement.lineno, f"import {name}"


def _contexts(module: Module) -> set[str]:
    """Return the names of parameters that hold a context."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for item in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                kind = item.annotation
                written = kind.value if isinstance(kind, ast.Constant) else ast.unparse(kind) if kind else ""
                if item.arg == "context" or str(written).rpartition(".")[2] == "Context":
                    found.add(item.arg)
    return found


def _secret_of(module: Module, node: ast.Attribute) -> str:
    """Return the name in `context.secrets["NAME"]` or `.get("NAME")`; `*` where it is computed."""
    for outer in ast.walk(module.tree):
        named: ast.expr | None = None
        if isinstance(outer, ast.Subscript) and outer.value is node:
            named = outer.slice
        elif (
            isinstance(outer, ast.Call) and isinstance(outer.func, ast.Attribute) and outer.func.value is node
        ):
            named = outer.args[0] if outer.args else None
        if isinstance(named, ast.Constant) and isinstance(named.value, str):
            return named.value
    return "*"
