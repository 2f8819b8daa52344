"""Every module of the daemon and of its plugins can be imported, those too that only name types for others."""

import subprocess
import sys

from tests.architecture.sources import ROOT

ALL = """
import importlib, pkgutil
import isaacd, isaac_plugins
for package in (isaacd, isaac_plugins):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
            print(found.name)
"""


def test_every_module_can_be_imported_by_whoever_wants_to_look_at_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALL], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {"isaacd.server.ports", "isaacd.plugin.ports", "isaac_plugins.notes"} <= set(done.stdout.split())
