"""A plugin's modules, loaded beside those that were loaded before: each loading sees its own code and no other.

The first loading has the names that everybody knows. A later one has names of its own (`isaac_plugins.notes~2`), and what
its code imports of itself by the known names is its own, too. A function of an older loading that imports a module of
its plugin only now gets it as it was then.
"""

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from isaacd.plugin.places import NAMESPACE, Found
from isaacd.plugin.stamps import Stamp, stamps_of

# Sources of a package are remembered up to here; they are needed only if its files change while it is loaded.
_MOST_KEPT_BYTES = 4 * 1024 * 1024


class Code:
    """One loading of the plugin `found`."""

    def __init__(self, found: Found) -> None:
        self.root = _root_of(found)
        number = _FINDER.count(self.root)
        self.name = self.root if number == 1 else f"{self.root}~{number}"
        self.builtins = None if number == 1 else {**vars(builtins), "__import__": self._import}
        self.origin = found.root
        self._found = found
        self._kept = {} if found.source == "bundled" else _sources(found.root)

    def load(self) -> object:
        """Import the code and return what the plugin is called in it; raises whatever that raises."""
        if self.builtins is not None or self._found.source != "bundled":
            _FINDER.add(self)
        for folder in map(str, self._found.path):
            if folder not in sys.path:
                sys.path.append(folder)
        try:
            module = importlib.import_module(self.name + self._found.module[len(self.root) :])
            found: object = module
            for part in self._found.attribute.split("."):
                found = getattr(found, part, None)
        except BaseException:
            self.drop()
            raise
        if found is not None and not getattr(found, "summary", "x"):
            found.summary = (module.__doc__ or "").strip().partition("\n")[0]  # type: ignore[attr-defined]
        return found

    def drop(self, heir: "Code | None" = None) -> None:
        """Forget the modules; if these had the names that everybody knows, those of `heir` get them."""
        own = sys.modules.get(self.name)
        known = own is not None and sys.modules.get(self.root) is own
        for name in [*_modules(self.name), *(_modules(self.root) if known else ())]:
            sys.modules.pop(name, None)
        _FINDER.remove(self)
        if not known or heir is None:
            return
        for name in _modules(heir.name):
            sys.modules[self.root + name[len(heir.name) :]] = sys.modules[name]
        parent, _, last = self.root.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], last, sys.modules[heir.name])

    def source(self, path: str) -> bytes | None:
        """Return the source that a file had when this was loaded, if it has another one now."""
        kept = self._kept.get(path)
        return kept[1] if kept is not None and stamps_of(Path(path)) != (kept[0],) else None

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - as the function that it stands for has it
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as `__import__` does, but take the plugin's own modules from this loading."""
        root = self.root
        if level or (name != root and not name.startswith(f"{root}.")):
            parent, _, last = root.rpartition(".")
            if not level and parent and name == parent and fromlist and last in fromlist:
                return self._outer()
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        own = self.name + name[len(root) :]
        if fromlist:
            return builtins.__import__(own, globals, locals, fromlist, 0)
        importlib.import_module(own)
        return self._outer() if "." in root else sys.modules[self.name]

    def _outer(self) -> ModuleType:
        """Return what stands for the package around the plugin, so that `import a.b` finds this loading as `a.b`."""
        parent, _, last = self.root.rpartition(".")
        outer = ModuleType(parent)
        outer.__dict__.update(vars(sys.modules[parent]))
        outer.__dict__[last] = importlib.import_module(self.name)
        return outer


class _Loader(SourceFileLoader):
    """Loads one file for one loading of a plugin."""

    def __init__(self, fullname: str, path: str, code: Code) -> None:
        super().__init__(fullname, path)
        self._code = code

    def exec_module(self, module: ModuleType) -> None:
        if self._code.builtins is not None:
            module.__dict__["__builtins__"] = self._code.builtins
        super().exec_module(module)

    def get_code(self, fullname: str) -> CodeType | None:
        kept = self._code.source(str(self.path))
        if kept is not None:
            compiled: CodeType = self.source_to_code(kept, self.path)
            return compiled
        return super().get_code(fullname)

    def get_data(self, path: str) -> bytes:
        """Read a file. Byte code older than its source is none: Python itself compares whole seconds and the size."""
        if path.endswith(".pyc"):
            made, source = stamps_of(Path(path)), stamps_of(Path(self.path))
            if made and source and made[0].mtime_ns <= source[0].mtime_ns:
                raise OSError(f"{path} is older than {self.path}")
        return super().get_data(path)


class _Finder:
    """Finds the modules of plugins for their own loading."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._numbers: dict[str, int] = {}

    def count(self, root: str) -> int:
        """Count one more loading of a plugin; the first is 1."""
        self._numbers[root] = self._numbers.get(root, 0) + 1
        return self._numbers[root]

    def add(self, code: Code) -> None:
        self._codes[code.name] = code
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self, code: Code) -> None:
        if self._codes.get(code.name) is code:
            del self._codes[code.name]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        code = self._codes.get(fullname)
        if code is not None:
            return self._spec_of_root(fullname, code)
        first, *rest = fullname.split(".", 2)
        code = self._codes.get(first) or (self._codes.get(f"{first}.{rest[0]}") if rest else None)
        spec = PathFinder.find_spec(fullname, path, target) if code is not None else None
        if spec is not None and code is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(fullname, spec.loader.path, code)
        return spec

    def _spec_of_root(self, fullname: str, code: Code) -> ModuleSpec | None:
        file = code.origin / "__init__.py" if code.origin.is_dir() else code.origin
        below = [str(code.origin)] if code.origin.is_dir() else None
        loader = _Loader(fullname, str(file), code)
        return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=below)


# One for the process, as sys.modules is.
_FINDER = _Finder()


def _modules(root: str) -> list[str]:
    """Return the names of a module and all below it, as far as they are imported."""
    # A copy, taken at once: others import at the same time, each in a thread.
    return [name for name in tuple(sys.modules) if name == root or name.startswith(f"{root}.")]


def _root_of(found: Found) -> str:
    return found.module if found.module.startswith(f"{NAMESPACE}.") else found.module.partition(".")[0]


def _sources(root: Path) -> dict[str, tuple[Stamp, bytes]]:
    """Read all sources of a package; of a single file there is none that could be imported later."""
    kept: dict[str, tuple[Stamp, bytes]] = {}
    size = 0
    for stamp in stamps_of(root) if root.is_dir() else ():
        size += stamp.size
        if size > _MOST_KEPT_BYTES:
            return {}
        if stamp.path.endswith(".py"):
            kept[stamp.path] = (stamp, Path(stamp.path).read_bytes())
    return kept
