"""Between the end of the other side and the reason for it, nothing is written, and whoever asks waits for the reason."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from isaacd.errors import PluginFailed
from isaacd.plugin.isolation.link import Link

pytestmark = pytest.mark.anyio


class Nobody:
    """Answers nothing."""

    async def answer(self, method: str, params: msgspec.Raw) -> object:
        return None

    def told(self, method: str, params: msgspec.Raw) -> None:
        pass

    def lost(self, error: Exception | None) -> None:
        pass

    def ended(self, reason: str) -> None:
        pass


class Gone(asyncio.Transport):
    """A transport as uvloop leaves it once the other end has hung up."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return True

    def abort(self) -> None:
        pass

    def write(self, data: object) -> None:
        raise RuntimeError("the handler is closed")

    def pause_reading(self) -> None:
        raise RuntimeError("the handler is closed")

    def resume_reading(self) -> None:
        raise RuntimeError("the handler is closed")


@pytest.mark.parametrize("ask", [lambda link: link.call("x"), lambda link: link.ask(int, "x")])
async def test_who_asks_a_link_that_is_gone_is_told_the_reason_once_it_is_known(
    ask: Callable[[Link], Any],
) -> None:
    link = Link(Nobody())
    link.connection_made(Gone())
    link.tell("cancel", 1)
    asked = asyncio.ensure_future(ask(link))
    await asyncio.sleep(0)
    link.close("exit code 7")
    with pytest.raises(PluginFailed, match="exit code 7"):
        await asked


async def test_a_call_that_is_cancelled_when_the_link_is_gone_is_cancelled_and_no_more() -> None:
    link = Link(Nobody())
    link.connection_made(Gone())
    asked = asyncio.ensure_future(link.call("x"))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
