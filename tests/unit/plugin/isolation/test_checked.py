"""Manifests of isolated plugins: what claims another's name, or could steer a terminal, does not pass."""

import pytest
from msgspec import structs

from isaacd.command.outline import Outline, ParameterOutline
from isaacd.errors import PluginFailed
from isaacd.plugin.isolation.checked import checked
from isaacd.plugin.manifest import HandlerOutline, JobOutline, Manifest

OUTLINE = Outline(
    name="dice.roll",
    plugin="dice",
    doc="Roll.\x1b[2J",
    mode="task",
    parameters=(ParameterOutline(field="sides", name="sides", kind="int", help="How\x07 many\nlines"),),
    schema=b'{"type": "object"}',
)
GOOD = Manifest(name="dice", summary="Dice.\x1b]0;x\x07", commands=(OUTLINE,))


def test_texts_are_made_harmless_and_the_rest_stays() -> None:
    found = checked("dice", GOOD)
    assert "\x1b" not in found.summary
    assert "\x1b" not in found.commands[0].doc
    assert found.commands[0].parameters[0].help == "How␇ many lines"
    assert found.commands[0].schema == b'{"type":"object"}'


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "config"},
        {"api": "99"},
        {"capabilities": ("everything",)},
        {"requires": ("???",)},
        {"commands": (structs.replace(OUTLINE, name="config.set"),)},
        {"commands": (structs.replace(OUTLINE, name="dice.\x1b[2J"),)},
        {"commands": (structs.replace(OUTLINE, plugin="config"),)},
        {"commands": (structs.replace(OUTLINE, schema=b"{"),)},
        {"commands": (structs.replace(OUTLINE, schema=b"[" * 5000),)},
        {"commands": (structs.replace(OUTLINE, parameters=(ParameterOutline("a b", "x", "int"),)),)},
        {"commands": (structs.replace(OUTLINE, parameters=(ParameterOutline("a", "--x", "int"),)),)},
        {"commands": (OUTLINE,) * 201},
        {"jobs": (JobOutline(name="x", every_s=0.001),)},
        {"jobs": (JobOutline(name="x", every_s=float("nan")),)},
        {"events": ("a.b",)},
        {"handlers": (HandlerOutline(name="x", event="history.added"),)},
    ],
)
def test_what_no_honest_plugin_could_say_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(PluginFailed):
        checked("dice", structs.replace(GOOD, **changes))
