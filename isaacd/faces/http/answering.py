"""One request over HTTP answered, whatever happens, and traced."""

import asyncio
from collections.abc import Callable

from isaacd.errors import InternalError, IsaacError
from isaacd.faces.http.exchange import Exchange
from isaacd.faces.http.house import House
from isaacd.faces.http.refused import RefusedError
from isaacd.faces.http.routes import Route
from isaacd.trace import QUICK_FULL, enter


def answer_at_once(house: House, exchange: Exchange, route: Route, arrived: float) -> None:
    """Answer by a `quick` route what came at `arrived`, on the monotonic clock."""
    assert route.quick is not None
    try:
        route.quick(house, exchange)
    except RefusedError as error:
        exchange.refuse(error)
    except IsaacError as error:
        exchange.fail(error)
    traces = house.shared.traces
    traces.quick += route.name, arrived, traces.monotonic() - arrived
    if len(traces.quick) >= QUICK_FULL:
        traces.settle()


async def answer(
    house: House,
    exchange: Exchange,
    route: Route,
    arrived: float,
    why_stopped: Callable[[], IsaacError | None],
) -> None:
    """Answer by a `task` of a route; one that is cancelled is answered too, if `why_stopped` knows a reason."""
    assert route.task is not None
    trace = house.shared.traces.begin(route.name, arrived, exchange.identity)
    enter(trace)
    outcome = "broken"
    try:
        await route.task(house, exchange)
        assert exchange.ended, "a route has to answer"
        outcome = "ok"
    except RefusedError as error:
        outcome = "refused"
        exchange.refuse(error)
    except IsaacError as error:
        outcome = error.name
        exchange.fail(error)
    except asyncio.CancelledError:
        reason = why_stopped()
        outcome = "cancelled"
        if reason is None:
            raise
        exchange.keeps = False
        exchange.fail(reason)
    except Exception:  # it must not reach the listener
        house.log.exception("a request over HTTP failed", path=exchange.head.path)
        exchange.keeps = exchange.keeps and not exchange.answered
        exchange.fail(InternalError("the daemon failed at this request", hint="see the log"))
    finally:
        trace.end(outcome)
