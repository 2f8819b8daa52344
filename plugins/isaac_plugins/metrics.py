"""The daemon's figures for a monitoring system."""

from isaacd.api import Context, Plugin

plugin = Plugin("metrics", summary="The daemon's figures for Prometheus.", version="1")


@plugin.command
def metrics(context: Context) -> str:
    """Print the daemon's figures in the text format of Prometheus.

    docs/reference/metrics.md names them all. For the textfile collector of the node exporter, write them to a file now
    and then; on the socket it is the method `metrics`.

    Examples:
        isaacctl metrics
        isaacctl metrics > /var/lib/node_exporter/isaac.prom
    """
    return context.daemon.metrics().rstrip("\n")
