"""Where the daemon's memory is: measured when somebody asks, in a copy of the process, so that nobody waits for it."""

from isaacd.observe.memory.account import measure

__all__ = ["measure"]
