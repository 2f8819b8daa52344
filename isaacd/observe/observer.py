"""A daemon observed: how late its loop is, from when it has settled, and its traces sent to whoever takes them."""

from collections.abc import Callable

import anyio

from isaacd.log import Log
from isaacd.observe.lag import LoopLag
from isaacd.trace import Traces

_LAST_TRACES_S = 1.0


class Observer:
    """Starts its tasks with `spawn`; `endpoint` is where traces go now, None if nobody wants them."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        traces: Traces,
        endpoint: Callable[[], str | None],
        spawn: Callable[..., None],
        log: Log,
    ) -> None:
        self.lag = LoopLag(monotonic)
        self._traces = traces
        self._endpoint = endpoint
        self._spawn = spawn
        self._log = log
        self._is_exporting = False

    def begin(self) -> None:
        """Watch the event loop from now on, and send traces if there is somebody who takes them."""
        self._spawn(self.lag.run)
        self.export_if_wanted()

    def export_if_wanted(self) -> None:
        """Begin to send traces, if that is wanted by now; nobody pays for it before."""
        if not self._is_exporting and self._endpoint():
            self._is_exporting = True
            self._spawn(self._export)

    async def _export(self) -> None:
        from isaacd.observe.otlp import Exporter, HttpPost

        post = HttpPost()
        exporter = Exporter(self._endpoint, post, self._log)
        self._traces.listener = exporter.ended
        try:
            await exporter.run(anyio.sleep)
        finally:
            with anyio.move_on_after(_LAST_TRACES_S, shield=True):
                await exporter.send()
                await post.aclose()
