"""Providers that speak OpenAI's chat completions: OpenAI, Ollama, llama.cpp, vLLM, gateways and many more."""

from isaacd.api import Host, OpenAIChat, Plugin, ProviderConfig

plugin = Plugin(
    "openai_compatible",
    summary="Ask any service that speaks OpenAI's chat completions.",
    capabilities=("network",),
)


@plugin.provider
class OpenAICompatible(OpenAIChat):
    """`POST {base_url}/chat/completions`.

    Without a base URL it is OpenAI's own service; its key is in OPENAI_API_KEY unless another place is configured.
    """

    kind = "openai-compatible"

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        super().__init__(name, config, host)
        # Others may have batches too, but nobody says what they cost there.
        self.batch_discount = 0.5 if config.base_url is None or self.is_openai else 0.0
