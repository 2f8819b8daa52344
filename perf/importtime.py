"""Where the daemon's start goes: its imports, by what each module costs itself and by package."""

import os
import signal
import socket
import subprocess
import tempfile
from collections import defaultdict

from place import PING, Place

_RUNS = 7
_STARTS = 3
_SHOWN = 25


def summary(place: Place) -> str:
    """Start the daemon some times with `-X importtime`, until its first answer; each module's least time counts."""
    best_us: dict[str, int] = {}
    for run in range(_RUNS):
        for module, own_us in _own_times(_report(place, run)).items():
            best_us[module] = min(own_us, best_us.get(module, own_us))
    packages_us: dict[str, int] = defaultdict(int)
    for module, own_us in best_us.items():
        packages_us[module.partition(".")[0]] += own_us
    lines = [f"{len(best_us)} modules, {sum(best_us.values()) / 1000:.1f} ms until the first answer", ""]
    for title, costs in (("package", packages_us), ("module", best_us)):
        lines.append(f"own ms  {title}")
        dearest = sorted(costs.items(), key=lambda item: -item[1])[:_SHOWN]
        lines += [f"{cost / 1000:6.2f}  {name}" for name, cost in dearest]
        lines.append("")
    return "\n".join(lines)


def waterfall(place: Place) -> list[tuple[str, int, int, int]]:
    """Return each import of a start in the order of their ends: (module, depth, own us, us with all it imported).

    Of some starts it is the quickest: what others did to the machine meanwhile belongs to none of the modules.
    """
    starts = (_imports(_report(place, _RUNS + number)) for number in range(_STARTS))
    return min(starts, key=lambda found: sum(own_us for _, _, own_us, _ in found))


def _imports(report: str) -> list[tuple[str, int, int, int]]:
    found = []
    for line in report.splitlines():
        own, bar, rest = line.removeprefix("import time:").partition("|")
        if bar and own.strip().isdecimal():
            whole, _, name = rest.partition("|")
            depth = (len(name) - len(name.lstrip()) - 1) // 2
            found.append((name.strip(), depth, int(own), int(whole)))
    return found


def _report(place: Place, run: int) -> str:
    """Start, ask once, take what Python has written until then, and stop."""
    path = place.socket.with_name(f"profile-{run}.sock")
    with tempfile.TemporaryFile("w+") as out, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        lock = os.open(os.devnull, os.O_RDWR)
        fds = (listening.fileno(), lock)
        handed = ("--socket-fd", str(fds[0]), "--lock-fd", str(lock))
        argv = (place.python, "-X", "importtime", "-m", "isaacd", *handed)
        with subprocess.Popen(
            argv, env=place.environ, pass_fds=fds, stdin=subprocess.DEVNULL, stderr=out
        ) as daemon:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                connection.sendall(PING)
                connection.recv(4096)
            out.seek(0)
            until_ready = out.read()
            daemon.send_signal(signal.SIGTERM)
        os.close(lock)
    return until_ready


def _own_times(report: str) -> dict[str, int]:
    own_us: dict[str, int] = {}
    for line in report.splitlines():
        own, bar, rest = line.removeprefix("import time:").partition("|")
        if bar and own.strip().isdecimal():
            own_us[rest.partition("|")[2].strip()] = int(own)
    return own_us
