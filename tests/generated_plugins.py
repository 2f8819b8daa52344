"""Plugins made for tests: texts of modules that differ in a few places."""

ANSWERING = '''"""Answer {name}."""
from isaacd.api import Context, Plugin
plugin = Plugin("{name}", version="{version}"{more})
{code}
@plugin.command
def {name}(context: Context, count: int = 1) -> str:
    """Answer with a version.

    Examples:
        isaacctl {name}
    """
    return "{name} {version}"
'''

WAITING = '''"""Answer when told to."""
import anyio
from isaacd.api import Context, Plugin
plugin = Plugin("{name}", version="{version}")
VERSION = "{version}"
@plugin.command
async def {name}(context: Context, turns: int = 20) -> list[str]:
    """Say the version again and again.

    Examples:
        isaacctl {name}
    """
    said = []
    for _ in range(turns):
        said.append(VERSION)
        await anyio.sleep(0.002)
    return said
'''


def answering(name: str, version: str = "1", *, code: str = "", more: str = "") -> str:
    """Return a plugin with one command, which answers with the plugin's name and version."""
    return ANSWERING.format(name=name, version=version, code=code, more=f", {more}" if more else "")


def waiting(name: str, version: str = "1") -> str:
    """Return a plugin whose command takes a while, and says all the time which version it is."""
    return WAITING.format(name=name, version=version)
