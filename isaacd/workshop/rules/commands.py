"""Rules about commands: what people read of them, and what a model may do with them."""

import ast
import builtins
import re
import sys
from collections.abc import Iterator

from isaacd.workshop.finding import Finding
from isaacd.workshop.modules import Handler, Module, own_calls

_EXAMPLES = re.compile(r"^\s*Examples?:\s*$", re.MULTILINE)
# What changes something outside of the process, by the full name or by the last part of it.
_CHANGES = frozenset(
    "os.remove os.unlink os.rename os.replace os.rmdir os.mkdir os.makedirs os.truncate os.chmod os.chown os.symlink "
    "os.system os.kill shutil.rmtree shutil.move shutil.copy shutil.copy2 shutil.copyfile shutil.copytree "
    "subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen "
    "asyncio.create_subprocess_exec asyncio.create_subprocess_shell anyio.run_process anyio.open_process".split()
)
_CHANGING_METHODS = frozenset(
    "write_text write_bytes unlink rmdir mkdir rename replace touch chmod symlink_to hardlink_to".split()
)
# Methods that texts and times have too.
_AMBIGUOUS = frozenset(["replace", "rename"])


def check_commands(module: Module) -> Iterator[Finding]:
    """Check every function that is marked as a command."""
    for handler in module.handlers():
        if handler.role == "command":
            yield from _docstring(module, handler)
            yield from _parameters(module, handler)
            yield from _tier(module, handler)


def _docstring(module: Module, handler: Handler) -> Iterator[Finding]:
    name, text = handler.function.name, ast.get_docstring(handler.function) or ""
    hidden = handler.options.get("hidden")
    if isinstance(hidden, ast.Constant) and hidden.value is True:
        return
    if not text.strip():
        yield Finding(
            file=module.file,
            line=handler.line,
            rule="docstring",
            message=f"the command {name} has no docstring, so its help is empty",
            hint='begin the function with """What it does, in a line."""',
        )
        return
    found = _EXAMPLES.search(text)
    examples = [line.strip() for line in text[found.end() :].splitlines() if line.strip()] if found else []
    first = next((line for line in examples if line.startswith("isaacctl ")), None)
    if first is None:
        yield Finding(
            file=module.file,
            line=handler.line,
            rule="examples",
            message=f"the help of the command {name} has no examples",
            hint="end the docstring with a line `Examples:` and below it, indented, lines such as `isaacctl ...`",
        )


def _parameters(module: Module, handler: Handler) -> Iterator[Finding]:
    arguments = handler.function.args
    for item in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs][1:]:
        if item.annotation is None:
            yield Finding(
                file=module.file,
                line=item.lineno,
                rule="types",
                message=f"the parameter {item.arg} of {handler.function.name} has no type",
                hint=f"such as `{item.arg}: str`",
            )
        elif not _explains(module, item.annotation):
            yield Finding(
                file=module.file,
                line=item.lineno,
                rule="parameter-help",
                message=f"the parameter {item.arg} of {handler.function.name} has no help",
                hint=f'write {item.arg}: Annotated[{ast.unparse(item.annotation)}, "What it is."]',
            )


def _explains(module: Module, annotation: ast.expr) -> bool:
    """Tell whether a type comes with help, as far as this file can tell; a name for such a type may be imported."""
    if "Annotated" in ast.unparse(annotation):
        return True
    assigned = {
        target.id: ast.unparse(statement.value)
        for statement in module.tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    names = [node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    defined = {node.name for node in module.tree.body if isinstance(node, ast.ClassDef)}
    for name in names:
        origin = module.aliases.get(name, "")
        top = origin.partition(".")[0]
        if "Annotated" in assigned.get(name, ""):
            return True
        elsewhere = top not in ("", *sys.stdlib_module_names)
        if elsewhere or not (origin or name in assigned or name in defined or hasattr(builtins, name)):
            return True
    return False


def _tier(module: Module, handler: Handler) -> Iterator[Finding]:
    tool = handler.options.get("tool")
    if tool is None or (isinstance(tool, ast.Constant) and tool.value is None):
        return
    tier = module.dotted(tool)
    if isinstance(tool, ast.Constant):
        yield Finding(
            file=module.file,
            line=tool.lineno,
            rule="tier",
            message=f"the tool {handler.function.name} has the tier {tool.value!r}, which is none",
            hint="from isaacd.api import Tier, then tool=Tier.READ or a higher one",
        )
    if not tier.endswith("Tier.READ"):
        return
    changing = next((call for call in own_calls(handler.function) if _changes(module, call)), None)
    if changing is not None:
        what = ast.unparse(changing.func)
        yield Finding(
            file=module.file,
            line=changing.lineno,
            rule="tier",
            message=f"{handler.function.name} is a tool of the tier READ, which runs unasked, but calls {what}",
            hint="give it the tier of the worst that it can do, such as tool=Tier.WORKING_TREE",
        )


def _changes(module: Module, call: ast.Call) -> bool:
    if module.called(call) in _CHANGES:
        return True
    if isinstance(call.func, ast.Attribute) and call.func.attr in _CHANGING_METHODS:
        return call.func.attr not in _AMBIGUOUS or len(call.args) == 1
    return _opens_for_writing(module, call)


def _opens_for_writing(module: Module, call: ast.Call) -> bool:
    method = isinstance(call.func, ast.Attribute) and call.func.attr == "open"
    if not method and module.called(call) != "open":
        return False
    places = call.args[0 if method and module.called(call) != "io.open" else 1 :][:1]
    modes = [*places, *(item.value for item in call.keywords if item.arg == "mode")]
    return any(
        isinstance(mode, ast.Constant) and isinstance(mode.value, str) and set(mode.value) & set("wax+")
        for mode in modes
    )
