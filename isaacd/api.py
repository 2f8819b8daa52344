"""The plugin author's only door: everything a plugin may import from Isaac."""

from isaacd.ai.chat import (
    Answer,
    Candidate,
    ChatRequest,
    Finish,
    Hit,
    Message,
    Piece,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from isaacd.ai.http import HttpApi, HttpReply
from isaacd.ai.provider import Host, Provider
from isaacd.answers.asking import Asking, Use
from isaacd.answers.figures import Collected as CacheCollected
from isaacd.answers.figures import Finding as CacheFinding
from isaacd.answers.figures import Item as CacheItem
from isaacd.answers.figures import Moved as CacheMoved
from isaacd.answers.figures import Report as CacheReport
from isaacd.command import Argument, Input, Option, Words
from isaacd.config import ConfigRow, ProviderConfig
from isaacd.context import CommandCard, Context, DaemonCard, Handover, PluginCard, Terminal
from isaacd.errors import (
    Cancelled,
    ConfigInvalid,
    DeadlineExceeded,
    InvalidParams,
    IsaacError,
    NotFound,
    Overloaded,
    PermissionDenied,
    PluginFailed,
    ProviderUnavailable,
    RateLimited,
)
from isaacd.plugin import Plugin

__all__ = [
    "Answer",
    "Argument",
    "Asking",
    "CacheCollected",
    "CacheFinding",
    "CacheItem",
    "CacheMoved",
    "CacheReport",
    "Cancelled",
    "Candidate",
    "ChatRequest",
    "CommandCard",
    "ConfigInvalid",
    "ConfigRow",
    "Context",
    "DaemonCard",
    "DeadlineExceeded",
    "Finish",
    "Handover",
    "Hit",
    "Host",
    "HttpApi",
    "HttpReply",
    "Input",
    "InvalidParams",
    "IsaacError",
    "Message",
    "NotFound",
    "Option",
    "Overloaded",
    "PermissionDenied",
    "Piece",
    "Plugin",
    "PluginCard",
    "PluginFailed",
    "Provider",
    "ProviderConfig",
    "ProviderUnavailable",
    "RateLimited",
    "ReasoningDelta",
    "Terminal",
    "TextDelta",
    "Usage",
    "Use",
    "Words",
]
