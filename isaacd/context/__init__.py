"""One request's view of the daemon."""

from isaacd.context.caller import NO_META, NOWHERE, TTY, Meta, Origin, Sink, Terminal
from isaacd.context.cards import (
    CommandCard,
    DaemonCard,
    Ending,
    PluginCard,
    PluginChanges,
    PluginDiagnosis,
    PluginFinding,
    PluginSteps,
    PluginTimes,
    PluginTrust,
    StepCard,
    ToolCard,
)
from isaacd.context.context import MAX_INPUT_BYTES, Context
from isaacd.context.event import HOUSE_EVENTS, Event
from isaacd.context.ports import Daemon, Events, PluginDesk, Services, Tools
from isaacd.plans.handover import Handover

__all__ = [
    "HOUSE_EVENTS",
    "MAX_INPUT_BYTES",
    "NOWHERE",
    "NO_META",
    "TTY",
    "CommandCard",
    "Context",
    "Daemon",
    "DaemonCard",
    "Ending",
    "Event",
    "Events",
    "Handover",
    "Meta",
    "Origin",
    "PluginCard",
    "PluginChanges",
    "PluginDesk",
    "PluginDiagnosis",
    "PluginFinding",
    "PluginSteps",
    "PluginTimes",
    "PluginTrust",
    "Services",
    "Sink",
    "StepCard",
    "Terminal",
    "ToolCard",
    "Tools",
]
