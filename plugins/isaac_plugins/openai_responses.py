"""OpenAI by its responses interface."""

from collections.abc import Mapping

from isaacd.api import OpenAIResponses, Plugin

plugin = Plugin("openai_responses", summary="Ask OpenAI.", capabilities=("network",))


@plugin.provider
class OpenAI(OpenAIResponses):
    """`POST https://api.openai.com/v1/responses`; batches cost half of it."""

    kind = "openai"
    default_url = "https://api.openai.com/v1"
    key_variable = "OPENAI_API_KEY"
    default_model = "gpt-6-luna"
    aliases: Mapping[str, str] = {"fast": "gpt-6-luna", "smart": "gpt-6-sol"}
