"""Stand-ins for the packages that Isaac runs with: pip takes them as given, and installs no second copy of any.

They are empty wheels of the very versions that are in use. Named in pip's constraints by their addresses, they are the
only candidates that it has, so a plugin that needs another version is refused while it is installed, and not when its
import finds what it did not expect.
"""

import shutil
from importlib.metadata import distribution
from pathlib import Path

from isaacd.plugin.receipts import normalized
from isaacd.workshop.project import Project
from isaacd.workshop.provided import provided
from isaacd.workshop.pyproject import ProjectTable
from isaacd.workshop.wheel import write_wheel


def write_standins(folder: Path) -> Path:
    """Write the stand-ins into `folder`, and the constraints that name them; returns the file of constraints."""
    lines = []
    for name in sorted(provided()):
        version = distribution(name).version
        project = Project(
            root=folder, table=ProjectTable(name=name), version=version, plugins=(), files={}, pyproject=None
        )
        lines.append(f"{name} @ {write_wheel(project, folder).as_uri()}")
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(lines) + "\n")
    return constraints


def take_out(site: Path) -> None:
    """Take the stand-ins out of a folder that pip has filled."""
    ours = provided()
    for info in site.glob("*.dist-info"):
        name = normalized(info.name.removesuffix(".dist-info").rpartition("-")[0])
        if name in ours:
            shutil.rmtree(info)
