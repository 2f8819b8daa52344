"""The smallest complete plugin, as an example to copy."""

from typing import Annotated

from isaacd.api import Context, Plugin

plugin = Plugin("greet", summary="Greet people: the example plugin.", version="1")


@plugin.command(scope="ask")
async def greet(context: Context, name: Annotated[str, "Who is greeted."] = "world") -> str:
    """Greet someone by name.

    Examples:
        isaacctl greet
        isaacctl greet --name ada
    """
    return f"hello {name}"
