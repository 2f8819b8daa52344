"""What stands for a policy of a plugin until that is imported. Apart from the policies, which no start of a daemon needs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isaacd.cache.policy.protocol import PolicyFactory


class LatePolicy:
    """Stands for the factory of a policy whose plugin has not been imported yet."""

    async def ready(self) -> "PolicyFactory":
        """Return the factory; raises PluginFailed."""
        raise NotImplementedError
