"""What is written behind callers' backs ends with its loop."""

import asyncio
from typing import Any

from isaacd.cache.backlog import Backlog
from isaacd.cache.behind import WriteBehind


class Target:
    """Takes for ever to write."""

    writable = True
    retry_delay_s = 1.0

    async def write(self, write: Any) -> None:
        await asyncio.Event().wait()

    async def suffer(self, error: Exception) -> bool:
        return False


def test_a_loop_that_ends_in_the_middle_of_a_write_is_asked_for_nothing_more() -> None:
    behind = WriteBehind(Backlog(1 << 20, 100), Target(), 0.0)

    async def main() -> None:
        behind.begin()
        behind.due = True
        behind.now()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert behind.off
    assert behind._timer is None
    assert not behind._tasks
