"""Entry points: plugins that other distributions bring, found by what their installers wrote down."""

import importlib.util
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from isaacd.plugin.index import EntryPoint
from isaacd.plugin.places import NAMESPACE, Found
from isaacd.plugin.stamps import Stamps, folder_stamps

GROUP = "isaac.plugins"


def sites(path: Sequence[str]) -> Stamps:
    """Stamp the folders in which distributions may lie; installing or removing one changes its folder's time."""
    return folder_stamps(dict.fromkeys(item for item in path if item and not item.endswith(".zip")))


def scan(path: Sequence[str]) -> tuple[EntryPoint, ...]:
    """Look for entry points in all distributions; takes some 50 ms, most of it the import of importlib.metadata."""
    from importlib.metadata import distributions

    found: dict[tuple[str, str], EntryPoint] = {}
    for distribution in distributions(path=list(path)):
        for point in distribution.entry_points:
            if point.group != GROUP:
                continue
            module, _, attribute = point.value.partition("[")[0].partition(":")
            origin = _origin_of(module.strip(), path)
            made = EntryPoint(
                point.name,
                origin or "",
                module.strip(),
                attribute.strip() or "plugin",
                f"{distribution.metadata['Name']} {distribution.version}",
            )
            # The first on the path is the one that an import would take.
            found.setdefault((point.name, made.distribution.partition(" ")[0]), made)
    return tuple(found.values())


def found_of(entries: Iterable[EntryPoint]) -> list[Found]:
    """Turn entry points into plugins that were found."""
    return [
        Found(
            name=item.name,
            origin=Path(item.origin or item.module),
            source="entry",
            module=item.module,
            attribute=item.attribute,
            distribution=item.distribution,
            refused=None
            if item.origin
            else f"{item.distribution} names the module {item.module}, which is not there",
        )
        for item in entries
        # One that lies in the namespace is found there.
        if not item.module.startswith(f"{NAMESPACE}.")
    ]


def _origin_of(module: str, path: Sequence[str]) -> str | None:
    """Return the file or folder of a module; imports nothing."""
    top, *below = module.split(".")
    if not all(part.isidentifier() for part in (top, *below)):
        return None
    for item in path:
        if Path(item, top, "__init__.py").is_file() or Path(item, f"{top}.py").is_file():
            return _file_of(Path(item, *module.split(".")))
    if list(path) != sys.path:
        return None
    try:
        spec = importlib.util.find_spec(top)  # an editable install may have a finder of its own
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    return _file_of(Path(spec.origin).parent.joinpath(*below) if below else _stem(Path(spec.origin)))


def _stem(file: Path) -> Path:
    return file.parent if file.name == "__init__.py" else file.with_suffix("")


def _file_of(stem: Path) -> str | None:
    if (stem / "__init__.py").is_file():
        return str(stem)
    file = stem.with_name(f"{stem.name}.py")
    return str(file) if file.is_file() else None
