"""Rules about the event loop, which everybody shares: nothing in it may block, and nothing may end or change the process."""

import ast
from collections.abc import Iterator

from isaacd.workshop.finding import Finding
from isaacd.workshop.modules import Module, own_calls

_IN_THREAD = "await anyio.to_thread.run_sync(...)"
_BLOCKING = {
    "time.sleep": "await anyio.sleep(...)",
    "input": "await context.ask_line(...)",
    "os.system": "return a Handover, so that the user's terminal runs it",
    "os.popen": "return a Handover, so that the user's terminal runs it",
    "os.waitpid": _IN_THREAD,
    "subprocess.run": "return a Handover, so that the user's terminal runs it",
    "subprocess.call": "return a Handover, so that the user's terminal runs it",
    "subprocess.check_call": "return a Handover, so that the user's terminal runs it",
    "subprocess.check_output": "return a Handover, so that the user's terminal runs it",
    "urllib.request.urlopen": f"{_IN_THREAD}, or an HTTP client that can be awaited",
    "urllib.request.urlretrieve": f"{_IN_THREAD}, or an HTTP client that can be awaited",
    "socket.create_connection": "await anyio.connect_tcp(...)",
    "socket.getaddrinfo": "await anyio.getaddrinfo(...)",
    "socket.gethostbyname": "await anyio.getaddrinfo(...)",
    "socket.gethostbyaddr": "await anyio.getnameinfo(...)",
    "select.select": "await anyio.wait_readable(...)",
    "shutil.copytree": _IN_THREAD,
    "shutil.rmtree": _IN_THREAD,
    "shutil.make_archive": _IN_THREAD,
    "asyncio.run": "await it",
    "anyio.run": "await it",
}
_BLOCKING_LIBRARIES = (
    "requests.",
    "httpx.get",
    "httpx.post",
    "httpx.request",
    "httpx.stream",
    "urllib3.",
    "http.client.",
)
_ENDING = frozenset(
    "sys.exit os._exit os.abort exit quit os.execv os.execvp os.execve os.fork os.kill".split()
)
_PROCESS_WIDE = frozenset(
    "os.chdir os.umask os.setuid os.setgid signal.signal signal.alarm locale.setlocale".split()
)
# Plain functions that the daemon calls inside its event loop; those of events and jobs run in a thread.
_INLINE = frozenset(["command", "route"])


def check_waiting(module: Module) -> Iterator[Finding]:
    """Check what functions do that run inside the daemon's event loop."""
    inline = {id(item.function) for item in module.handlers() if item.role in _INLINE}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        is_async = isinstance(node, ast.AsyncFunctionDef)
        for call in own_calls(node):
            yield from _process(module, call, node.name)
            if is_async or id(node) in inline:
                yield from _blocking(module, call, node.name, is_async=is_async)
    for statement in module.tree.body:
        yield from _at_import(module, statement)


def _blocking(module: Module, call: ast.Call, function: str, *, is_async: bool) -> Iterator[Finding]:
    name = module.called(call)
    instead = _BLOCKING.get(name) or (_IN_THREAD if name.startswith(_BLOCKING_LIBRARIES) else None)
    if instead is None:
        return
    where = "waits in" if is_async else "waits in the plain function"
    more = "" if is_async else f"; make {function} an `async def` first"
    yield Finding(
        file=module.file,
        line=call.lineno,
        rule="blocking",
        message=f"{name} {where} {function}: meanwhile the daemon answers nobody",
        hint=f"{instead}{more}",
    )


def _process(module: Module, call: ast.Call, function: str) -> Iterator[Finding]:
    name = module.called(call)
    if name in _ENDING:
        yield Finding(
            file=module.file,
            line=call.lineno,
            rule="process",
            message=f"{name} in {function} acts on the daemon itself",
            hint="raise an error of isaacd.api, such as InvalidParams or NotFound",
        )
    elif name in _PROCESS_WIDE:
        yield Finding(
            file=module.file,
            line=call.lineno,
            rule="process",
            message=f"{name} in {function} changes the whole process, and with it every other plugin",
            hint="use context.cwd and context.environ, which are the caller's own",
        )
    elif name == "print":
        yield Finding(
            file=module.file,
            line=call.lineno,
            rule="print",
            message=f"print in {function} goes to the daemon's log, where nobody looks",
            hint="return the text, yield it piece by piece, or use context.log",
            severity="warning",
        )


def _at_import(module: Module, statement: ast.stmt) -> Iterator[Finding]:
    """Check what runs when the module is imported."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    if isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test):
        return
    for call in own_calls(statement):
        name = module.called(call)
        if name in _BLOCKING or name.startswith(_BLOCKING_LIBRARIES) or name in _ENDING:
            yield Finding(
                file=module.file,
                line=call.lineno,
                rule="import-time",
                message=f"{name} runs while the plugin is imported, and whoever uses it first waits for it",
                hint="do it in a function marked with @plugin.setup, or in the command that needs it",
            )
