"""What plugins have cost so far."""

from isaac_plugins.plugins.costs import Cost, Times
from isaacd.api import Context, PluginSteps, Terminal


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
