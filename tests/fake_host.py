"""What the daemon lends a provider, made for a test: a home of its own, an environment and a log."""

from collections.abc import Mapping
from pathlib import Path

from isaacd.ai.provider import Host
from isaacd.log import open_log
from isaacd.paths import Paths


def make_host(home: Path, environ: Mapping[str, str] | None = None) -> Host:
    """Return a host whose files are all under `home`; the log is `home/log`."""
    full = {"HOME": str(home), **(environ or {})}
    return Host(environ=full, paths=Paths.from_environ({"HOME": str(home)}, 0), log=open_log(home / "log"))
