"""The plugin author's only door: everything a plugin may import from Isaac."""

from typing import TYPE_CHECKING

from isaacd.ai.chat import (
    Answer,
    Attachment,
    Candidate,
    ChatRequest,
    Effort,
    Finish,
    Hit,
    Message,
    Opened,
    OutputSchema,
    Piece,
    RateLimits,
    Reasoning,
    ReasoningDelta,
    Sampling,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
)
from isaacd.ai.health import ProviderHealth
from isaacd.ai.http import HttpApi
from isaacd.ai.keys import KEY_FOLDER, store_key
from isaacd.ai.keys import Key as Secret
from isaacd.ai.protocol.openai_chat import OpenAIChat
from isaacd.ai.protocol.openai_responses import OpenAIResponses
from isaacd.ai.protocol.openai_service import Batches
from isaacd.ai.provider import BatchItem, BatchMark, BatchResult, BatchStatus, Host, ModelCard, Provider
from isaacd.ai.reply import HttpReply
from isaacd.answers.asking import Asking, Use
from isaacd.answers.figures import Collected as CacheCollected
from isaacd.answers.figures import Finding as CacheFinding
from isaacd.answers.figures import Item as CacheItem
from isaacd.answers.figures import Moved as CacheMoved
from isaacd.answers.figures import Report as CacheReport
from isaacd.batch.cards import BatchCard, BatchSummary, JobCard
from isaacd.batch.cards import Form as BatchForm
from isaacd.batch.cards import Layout as BatchLayout
from isaacd.batch.cards import Running as BatchRunning
from isaacd.batch.cards import Wishes as BatchWishes
from isaacd.chats.cards import Found as ChatFound
from isaacd.chats.cards import Listed as ChatListed
from isaacd.chats.cards import RoleCard, TurnCard
from isaacd.command import Argument, Input, Later, Option, Words
from isaacd.config import ConfigRow, ProviderConfig, Strategy
from isaacd.context import (
    CommandCard,
    CommandTimes,
    Context,
    DaemonCard,
    Ending,
    Event,
    Handover,
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
    SpanCard,
    StepCard,
    Terminal,
    ToolCard,
    TraceCard,
)
from isaacd.errors import (
    Cancelled,
    ConfigInvalid,
    DeadlineExceeded,
    Incomplete,
    InvalidParams,
    IsaacError,
    NotFound,
    Overloaded,
    PermissionDenied,
    PluginFailed,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    StorageUnavailable,
)
from isaacd.history.cards import Added as HistoryAdded
from isaacd.history.cards import Forgotten as HistoryForgotten
from isaacd.history.cards import Query as HistoryQuery
from isaacd.history.cards import RunCard as HistoryRun
from isaacd.history.cards import Stats as HistoryStats
from isaacd.jobs.cards import Approved, Firing, ScheduleCard, TaskCard, TaskOutput
from isaacd.jobs.cards import Order as ShellOrder
from isaacd.ledger.figures import BudgetState, Gone, Overview, PastCall, PriceRow
from isaacd.ledger.figures import By as UsageBy
from isaacd.ledger.figures import Report as UsageReport
from isaacd.ledger.figures import Sums as UsageSums
from isaacd.ledger.figures import Updated as PricesUpdated
from isaacd.plans.handover import LineCard, PlanCard, ReasonCard, Released
from isaacd.plugin import API_VERSION, Plugin
from isaacd.safety.tier import Tier

if TYPE_CHECKING:
    from isaacd.ai.attachments import read_attachments, read_json
    from isaacd.ai.conforms import complaint, unfenced
    from isaacd.ai.protocol.chat_answer import ChatDecoder
    from isaacd.ai.protocol.chat_request import ChatDialect, chat_body
    from isaacd.ai.protocol.file_batches import FileBatches
    from isaacd.ai.protocol.messages_batch import batch_body, read_batch, read_batches, read_result
    from isaacd.ai.protocol.messages_models import read_models
    from isaacd.ai.protocol.messages_reply import MessagesReader
    from isaacd.ai.protocol.messages_request import messages_body
    from isaacd.ai.protocol.ollama_address import ollama_url
    from isaacd.ai.protocol.ollama_chat import OllamaReader, ollama_body
    from isaacd.ai.protocol.ollama_models import read_context_tokens, read_tags
    from isaacd.ai.protocol.responses_answer import ResponsesDecoder
    from isaacd.ai.protocol.responses_request import responses_body
    from isaacd.ai.protocol.xai_batches import XaiBatches
    from isaacd.ai.router import PieceStream
    from isaacd.ai.toolloop import ToolLoop
    from isaacd.assist.consult import (
        IS_DATA,
        Consulted,
        consult,
        consult_if_any,
        consult_many,
        has_ai,
        material,
    )
    from isaacd.assist.diff import DiffFile, DiffHunk, DiffLine, read_diff
    from isaacd.assist.made_up import (
        LookedThrough,
        WhyCard,
        look_through,
        missing_programs,
        source_note,
        why_cards,
    )
    from isaacd.assist.parts import packed
    from isaacd.assist.placeholders import placeholders
    from isaacd.assist.secrets import Cleaned, FoundSecret, without_secrets
    from isaacd.belongings.cache import PluginCache
    from isaacd.belongings.secrets import Secrets
    from isaacd.belongings.state import State, Transaction
    from isaacd.cache.policy.protocol import Policy
    from isaacd.chats.dialogue import Dialogue
    from isaacd.command.options import (
        CacheOption,
        ModelOption,
        OfflineOption,
        ProviderOption,
        RefreshOption,
        asking_of,
    )
    from isaacd.context.gather import Gathered
    from isaacd.database import Database, Schema
    from isaacd.history.importing.sources import history_file
    from isaacd.history.masking.mask import mask_secrets
    from isaacd.history.moments import moment
    from isaacd.judge.verdict import Verdict
    from isaacd.manual.line import explain_line
    from isaacd.manual.page import Page
    from isaacd.manual.part import Explained, Part
    from isaacd.manual.shelf import find_page
    from isaacd.manual.shown import explained_text
    from isaacd.routing.own_aliases import check_alias
    from isaacd.safety.visible import plain
    from isaacd.tokens.cards import NewToken, TokenCard
    from isaacd.tokens.scope import Scope
else:
    # Loaded when they are first asked for: a daemon that asks nobody need not know how.
    _LATER = {
        "isaacd.ai.attachments": "read_attachments read_json",
        "isaacd.ai.conforms": "complaint unfenced",
        "isaacd.ai.protocol.chat_answer": "ChatDecoder",
        "isaacd.ai.protocol.chat_request": "ChatDialect chat_body",
        "isaacd.ai.protocol.file_batches": "FileBatches",
        "isaacd.ai.protocol.messages_batch": "batch_body read_batch read_batches read_result",
        "isaacd.ai.protocol.messages_models": "read_models",
        "isaacd.ai.protocol.messages_reply": "MessagesReader",
        "isaacd.ai.protocol.messages_request": "messages_body",
        "isaacd.ai.protocol.ollama_address": "ollama_url",
        "isaacd.ai.protocol.ollama_chat": "OllamaReader ollama_body",
        "isaacd.ai.protocol.ollama_models": "read_context_tokens read_tags",
        "isaacd.ai.protocol.responses_answer": "ResponsesDecoder",
        "isaacd.ai.protocol.responses_request": "responses_body",
        "isaacd.ai.protocol.xai_batches": "XaiBatches",
        "isaacd.ai.router": "PieceStream",
        "isaacd.ai.toolloop": "ToolLoop",
        "isaacd.assist.consult": "Consulted IS_DATA consult consult_if_any consult_many has_ai material",
        "isaacd.assist.diff": "DiffFile DiffHunk DiffLine read_diff",
        "isaacd.assist.made_up": "LookedThrough WhyCard look_through missing_programs source_note why_cards",
        "isaacd.assist.parts": "packed",
        "isaacd.assist.placeholders": "placeholders",
        "isaacd.assist.secrets": "Cleaned FoundSecret without_secrets",
        "isaacd.belongings.cache": "PluginCache",
        "isaacd.belongings.secrets": "Secrets",
        "isaacd.belongings.state": "State Transaction",
        "isaacd.cache.policy.protocol": "Policy",
        "isaacd.chats.dialogue": "Dialogue",
        "isaacd.command.options": "CacheOption ModelOption OfflineOption ProviderOption RefreshOption asking_of",
        "isaacd.context.gather": "Gathered",
        "isaacd.database": "Database Schema",
        "isaacd.history.importing.sources": "history_file",
        "isaacd.history.masking.mask": "mask_secrets",
        "isaacd.history.moments": "moment",
        "isaacd.judge.verdict": "Verdict",
        "isaacd.manual.line": "explain_line",
        "isaacd.manual.page": "Page",
        "isaacd.manual.part": "Explained Part",
        "isaacd.manual.shelf": "find_page",
        "isaacd.manual.shown": "explained_text",
        "isaacd.routing.own_aliases": "check_alias",
        "isaacd.safety.visible": "plain",
        "isaacd.tokens.cards": "NewToken TokenCard",
        "isaacd.tokens.scope": "Scope",
    }

    def __getattr__(name: str) -> object:
        room = next((room for room, names in _LATER.items() if name in names.split()), None)
        if room is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(room), name)
        globals()[name] = value
        return value


__all__ = [
    "API_VERSION",
    "IS_DATA",
    "KEY_FOLDER",
    "Answer",
    "Approved",
    "Argument",
    "Asking",
    "Attachment",
    "BatchCard",
    "BatchForm",
    "BatchItem",
    "BatchLayout",
    "BatchMark",
    "BatchResult",
    "BatchRunning",
    "BatchStatus",
    "BatchSummary",
    "BatchWishes",
    "Batches",
    "BudgetState",
    "CacheCollected",
    "CacheFinding",
    "CacheItem",
    "CacheMoved",
    "CacheOption",
    "CacheReport",
    "Cancelled",
    "Candidate",
    "ChatDecoder",
    "ChatDialect",
    "ChatFound",
    "ChatListed",
    "ChatRequest",
    "Cleaned",
    "CommandCard",
    "CommandTimes",
    "ConfigInvalid",
    "ConfigRow",
    "Consulted",
    "Context",
    "DaemonCard",
    "Database",
    "DeadlineExceeded",
    "Dialogue",
    "DiffFile",
    "DiffHunk",
    "DiffLine",
    "Effort",
    "Ending",
    "Event",
    "Explained",
    "FileBatches",
    "Finish",
    "Firing",
    "FoundSecret",
    "Gathered",
    "Gone",
    "Handover",
    "HistoryAdded",
    "HistoryForgotten",
    "HistoryQuery",
    "HistoryRun",
    "HistoryStats",
    "Hit",
    "Host",
    "HouseCard",
    "HttpApi",
    "HttpReply",
    "Incomplete",
    "Input",
    "InvalidParams",
    "IsaacError",
    "JobCard",
    "Later",
    "LineCard",
    "LookedThrough",
    "MemoryCard",
    "MemoryRow",
    "Message",
    "MessagesReader",
    "ModelCard",
    "ModelOption",
    "NewToken",
    "NotFound",
    "OfflineOption",
    "OllamaReader",
    "OpenAIChat",
    "OpenAIResponses",
    "Opened",
    "Option",
    "OutputSchema",
    "Overloaded",
    "Overview",
    "Page",
    "Part",
    "PastCall",
    "PermissionDenied",
    "Piece",
    "PieceStream",
    "PlanCard",
    "Plugin",
    "PluginCache",
    "PluginCard",
    "PluginChanges",
    "PluginDiagnosis",
    "PluginFailed",
    "PluginFinding",
    "PluginSteps",
    "PluginTimes",
    "PluginTrust",
    "Policy",
    "PriceRow",
    "PricesUpdated",
    "Provider",
    "ProviderConfig",
    "ProviderHealth",
    "ProviderOption",
    "ProviderUnavailable",
    "QuotaExceeded",
    "RateLimited",
    "RateLimits",
    "ReasonCard",
    "Reasoning",
    "ReasoningDelta",
    "RefreshOption",
    "Released",
    "ResponsesDecoder",
    "RoleCard",
    "Sampling",
    "ScheduleCard",
    "Schema",
    "Scope",
    "Secret",
    "Secrets",
    "Sent",
    "ShellOrder",
    "SpanCard",
    "State",
    "StepCard",
    "StorageUnavailable",
    "Strategy",
    "TaskCard",
    "TaskOutput",
    "Terminal",
    "TextDelta",
    "Tier",
    "TokenCard",
    "Tool",
    "ToolCall",
    "ToolCard",
    "ToolLoop",
    "TraceCard",
    "Transaction",
    "TurnCard",
    "Usage",
    "UsageBy",
    "UsageReport",
    "UsageSums",
    "Use",
    "Verdict",
    "WhyCard",
    "Words",
    "XaiBatches",
    "asking_of",
    "batch_body",
    "chat_body",
    "check_alias",
    "complaint",
    "consult",
    "consult_if_any",
    "consult_many",
    "explain_line",
    "explained_text",
    "find_page",
    "has_ai",
    "history_file",
    "look_through",
    "mask_secrets",
    "material",
    "messages_body",
    "missing_programs",
    "moment",
    "ollama_body",
    "ollama_url",
    "packed",
    "placeholders",
    "plain",
    "read_attachments",
    "read_batch",
    "read_batches",
    "read_context_tokens",
    "read_diff",
    "read_json",
    "read_models",
    "read_result",
    "read_tags",
    "responses_body",
    "source_note",
    "store_key",
    "unfenced",
    "why_cards",
    "without_secrets",
]
