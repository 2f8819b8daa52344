"""All checks in their order; one that fails itself is told, and hides no other."""

from collections.abc import Callable, Iterator

from isaacd.checkup.finding import Finding, Report, error
from isaacd.checkup.keys import configuration, keys
from isaacd.checkup.life import daemon, index, log
from isaacd.checkup.machine import Machine
from isaacd.checkup.network import network
from isaacd.checkup.places import places, room
from isaacd.checkup.records import records
from isaacd.checkup.system import clock, isolation, libraries

CHECKS: tuple[Callable[[Machine], Iterator[Finding]], ...] = (
    places,
    room,
    daemon,
    log,
    configuration,
    keys,
    network,
    records,
    index,
    clock,
    libraries,
    isolation,
)


def examine(machine: Machine) -> Report:
    """Look at everything, the worst first."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += check(machine)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong here, the other checks may say what
            found.append(
                error(
                    check.__name__,
                    f"this could not be looked at: {type(problem).__name__}: {problem}",
                    "see above",
                )
            )
    return Report(
        looked_at=len(CHECKS), findings=tuple(sorted(found, key=lambda item: item.severity != "error"))
    )
