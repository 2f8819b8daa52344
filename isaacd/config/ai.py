"""The keys of config.toml about AI: providers, prices, budgets, conversations, batches and tools."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from isaacd.config.about import about


class ProviderConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One AI provider, under a name of your choice: `[ai.providers.NAME]`."""

    kind: Annotated[
        str,
        Meta(
            min_length=1,
            description="Which plugin speaks to it; `isaacctl plugins` lists the kinds there are.",
        ),
    ] = "openai-compatible"
    base_url: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^https?://[^\s]+$",
                extra={"expected": "an address that begins with http:// or https://"},
            ),
        ]
        | None,
        about(
            "Where it listens, such as `http://127.0.0.1:11434/v1`. Without it the kind's own default.",
            "http://127.0.0.1:11434/v1",
        ),
    ] = None
    model: Annotated[
        str | None,
        about("The model to ask for when neither the request nor `ai.model` names one.", "llama3.2"),
    ] = None
    api_key_env: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
                extra={"expected": 'the name of a variable, such as "MY_API_KEY"'},
            ),
        ]
        | None,
        about(
            "The NAME of the environment variable that holds the key. The key itself never goes here.",
            "MY_API_KEY",
        ),
    ] = None
    api_key_file: Annotated[
        str | None,
        about(
            "A file that holds the key and nothing else; `~` is your home. Keep it at mode 0600.",
            "~/.config/isaac/key",
        ),
    ] = None
    headers: Annotated[
        dict[str, str],
        about(
            "Further HTTP headers to send. Their values are never shown or logged.",
            {"X-Title": "isaac"},
            secret=True,
            expected="text",
        ),
    ] = {}
    connect_timeout_s: Annotated[
        float,
        Meta(gt=0, le=86_400, description="Seconds to wait for a connection."),
    ] = 10.0
    read_timeout_s: Annotated[
        float,
        Meta(gt=0, le=86_400, description="Seconds to wait for the next piece of an answer."),
    ] = 60.0
    max_concurrency: Annotated[
        Annotated[int, Meta(ge=1, le=10_000)] | None,
        about("The most calls at once. Without it Isaac finds out what the provider takes.", 8),
    ] = None
    requests_per_minute: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        about("The most calls a minute. Without it only the provider's own headers count.", 60),
    ] = None
    tokens_per_minute: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        about("The most tokens a minute. Without it only the provider's own headers count.", 100_000),
    ] = None


Strategy = Literal["single", "fallback", "hedge", "race"]
_Usd = Annotated[float, Meta(ge=0, le=1e9)]


class PriceConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model costs: `[ai.prices."MODEL"]` or `[ai.prices."PROVIDER/MODEL"]`, in USD for a million tokens."""

    input: Annotated[_Usd, about("Input tokens.", 1.0)]
    output: Annotated[_Usd, about("Output tokens, those of reasoning too.", 5.0)]
    cached: Annotated[
        _Usd | None,
        about("Input tokens that the provider had cached; without it they cost as much as `input`.", 0.1),
    ] = None
    cache_write: Annotated[
        _Usd | None,
        about(
            "Input tokens that the provider writes to its cache; without it they cost as much as `input`.",
            1.25,
        ),
    ] = None


class RetryConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """When a call that failed is made again."""

    max_attempts: Annotated[
        int,
        Meta(ge=1, le=20, description="The most calls to one provider for one question; 1 never repeats."),
    ] = 3
    max_wait_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="The longest wait before a repetition. A provider that asks for more is given up, or the next one asked.",
        ),
    ] = 20.0


class BreakerConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """When a provider that keeps failing is left alone for a while."""

    failures: Annotated[
        int, Meta(ge=1, le=1000, description="Failures within the window that open the circuit.")
    ] = 5
    window_s: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds over which failures are counted.")
    ] = 60.0
    open_s: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds until one call may try whether it works again.")
    ] = 30.0


class AIConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Who answers questions, and how."""

    order: Annotated[
        tuple[str, ...],
        Meta(
            description="Names of providers in the order they are asked. Empty: those configured, then `knowledge`."
        ),
    ] = ()
    model: Annotated[
        str | None,
        about(
            "The model to ask for, whatever the provider; a provider's own `model` comes after it.",
            "llama3.2",
        ),
    ] = None
    system: Annotated[
        str | None,
        about(
            "Instructions that precede every conversation, instead of the built-in ones.",
            "Answer in one sentence.",
        ),
    ] = None
    providers: Annotated[
        dict[str, ProviderConfig],
        about("The providers by name.", "local"),
    ] = {}
    aliases: Annotated[
        dict[str, str | tuple[str, ...]],
        about(
            "Names for models, such as `fast`: a model, PROVIDER/MODEL, or a list that is asked in order.",
            {"local": "ollama/llama3.2", "smart": ["anthropic/claude-opus-5-5", "openai/gpt-6-sol"]},
            expected="a model, PROVIDER/MODEL, or a list of such",
        ),
    ] = {}
    strategy: Annotated[
        Strategy,
        Meta(
            description="How several providers are asked: only the first, the next after a failure (fallback), the next "
            "when the first takes longer than usual (hedge), or all at once (race)."
        ),
    ] = "fallback"
    hedge_after_s: Annotated[
        Annotated[float, Meta(ge=0, le=3600)] | None,
        about(
            "Seconds without a first piece before `hedge` asks the next. Without it: what 95 of 100 answers take.",
            2.0,
        ),
    ] = None
    cheap_model: Annotated[
        str | None,
        about(
            "The model or alias for simple questions that name no model; without it they are not set apart.",
            "fast",
        ),
    ] = None
    cheap_max_chars: Annotated[
        int, Meta(ge=1, le=100_000, description="The longest question that can count as simple.")
    ] = 300
    max_tokens: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        about("The most tokens of an answer, when the request says nothing.", 2000),
    ] = None
    prompt_cache: Annotated[
        bool, Meta(description="Whether providers are asked to cache long prompts where that pays.")
    ] = True
    retry: RetryConfig = RetryConfig()
    breaker: BreakerConfig = BreakerConfig()
    prices: Annotated[
        dict[str, PriceConfig],
        about("Prices of your own, over those that come with Isaac.", "my-model"),
    ] = {}


class BudgetConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How much may be spent; a call that could go over a limit is not made."""

    day_usd: Annotated[_Usd | None, about("The most for one day, from midnight to midnight here.", 2.0)] = (
        None
    )
    month_usd: Annotated[_Usd | None, about("The most for one calendar month.", 20.0)] = None
    caller_day_usd: Annotated[
        dict[str, _Usd],
        about(
            "The most for one day by caller, such as `nvim`; `*` is every caller without its own.",
            {"nvim": 0.5, "*": 1.0},
        ),
    ] = {}
    unpriced: Annotated[
        Literal["allow", "refuse"],
        Meta(description="Whether a model whose price is not known may be asked while a budget is set."),
    ] = "refuse"
    max_output_tokens: Annotated[
        int,
        Meta(
            ge=1,
            description="While a budget is set: the most tokens of an answer whose request says nothing, so that its price is bounded.",
        ),
    ] = 4096


class HistoryConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What is remembered of your questions."""

    prompts: Annotated[
        bool, Meta(description="Whether the ledger of calls keeps the questions and answers themselves.")
    ] = False


class ChatConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Conversations."""

    overflow: Annotated[
        Literal["summarise", "truncate", "refuse"],
        Meta(
            description="What happens to the oldest turns of a conversation that is too long for the model."
        ),
    ] = "summarise"
    context_tokens: Annotated[
        int,
        Meta(ge=0, description="How long a conversation may be; 0 is what the model takes, as far as known."),
    ] = 0


class BatchConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Many questions at once."""

    concurrency: Annotated[
        int, Meta(ge=1, le=10_000, description="The most questions under way at once.")
    ] = 256
    keep_days: Annotated[
        float,
        Meta(
            ge=0,
            le=3650,
            description="Days that the answers of a batch are kept, so that an output that was lost can be had again.",
        ),
    ] = 30.0
    poll_s: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds between two looks at a deferred batch.")
    ] = 60.0


class ToolsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Commands that a model may call."""

    max_rounds: Annotated[
        int, Meta(ge=1, le=100, description="How often a model may call tools for one question.")
    ] = 8
