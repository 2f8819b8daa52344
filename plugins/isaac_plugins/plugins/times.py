"""What plugins have cost so far."""

import msgspec

from isaacd.api import Context, PluginSteps, StepCard, Terminal


class Cost(msgspec.Struct, frozen=True):
    """What one plugin has cost: wall times in milliseconds, and by how much the daemon grew meanwhile.

    `steps` tell when each of it was, in milliseconds since the daemon's start.
    """

    name: str
    state: str
    discovery_ms: float
    import_ms: float
    setup_ms: float
    memory_kib: int
    steps: tuple[StepCard, ...]


class Times(msgspec.Struct, frozen=True):
    """What all plugins have cost, and how they are loaded (`plugins.load`)."""

    load: str
    total_ms: float
    plugins: tuple[Cost, ...]


def timings(context: Context) -> Times:
    """Show what each plugin has cost since the daemon's start, as a table and as a picture.

    Memory is by how much the whole daemon grew meanwhile: what else it did at the time is in it.

    Examples:
        isaacctl plugins timings
        isaacctl plugins timings --json
        isaacd --set plugins.load=concurrent
    """
    found = context.daemon.plugin_times()
    costs = sorted((_cost(item) for item in found.plugins), key=lambda item: -_sum_ms(item))
    return Times(found.load, round(sum(map(_sum_ms, costs)), 3), tuple(costs))


def shown_times(times: Times, terminal: Terminal) -> str:
    """Draw the table and the picture."""
    from isaac_plugins.plugins import timeline

    return timeline.draw(times, terminal)


def _cost(item: PluginSteps) -> Cost:
    def took(*names: str) -> float:
        return round(sum(step.took_ms for step in item.steps if step.name in names), 3)

    return Cost(
        item.name,
        item.state,
        took("discovery"),
        took("import", "load"),
        took("setup"),
        sum(step.memory_kib for step in item.steps),
        item.steps,
    )


def _sum_ms(cost: Cost) -> float:
    return cost.discovery_ms + cost.import_ms + cost.setup_ms
