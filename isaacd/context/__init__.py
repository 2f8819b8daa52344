"""One request's view of the daemon."""

from isaacd.context.caller import KEPT, NO_META, NOWHERE, TTY, Meta, Origin, Sink, Terminal
from isaacd.context.cards import (
    CommandCard,
    CommandTimes,
    DaemonCard,
    Ending,
    HouseCard,
    MemoryCard,
    MemoryRow,
    PluginCard,
    PluginChanges,
    PluginDiagnosis,
    PluginFinding,
    PluginSteps,
    PluginTimes,
    PluginTrust,
    Sent,
    StepCard,
    ToolCard,
)
from isaacd.context.context import Context
from isaacd.context.event import HOUSE_EVENTS, Event
from isaacd.context.one_request import MAX_INPUT_BYTES, Unattended
from isaacd.context.ports import Daemon, Events, PluginDesk, Services, Tools
from isaacd.context.traced import SpanCard, TraceCard
from isaacd.plans.handover import Handover

__all__ = [
    "HOUSE_EVENTS",
    "KEPT",
    "MAX_INPUT_BYTES",
    "NOWHERE",
    "NO_META",
    "TTY",
    "CommandCard",
    "CommandTimes",
    "Context",
    "Daemon",
    "DaemonCard",
    "Ending",
    "Event",
    "Events",
    "Handover",
    "HouseCard",
    "MemoryCard",
    "MemoryRow",
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
    "Sent",
    "Services",
    "Sink",
    "SpanCard",
    "StepCard",
    "Terminal",
    "ToolCard",
    "Tools",
    "TraceCard",
    "Unattended",
]
