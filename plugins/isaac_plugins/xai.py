"""xAI, by OpenAI's responses: with the prices that it states itself, and with batches of its own."""

from collections.abc import Mapping

from isaacd.api import Batches, ChatRequest, OpenAIResponses, Plugin

plugin = Plugin("xai", summary="Ask xAI.", capabilities=("network",))


@plugin.provider
class XAI(OpenAIResponses):
    """`POST https://api.x.ai/v1/responses`.

    The turns of a conversation go to the same server, which has the earlier ones in its cache.
    """

    kind = "xai"
    default_url = "https://api.x.ai/v1"
    key_variable = "XAI_API_KEY"
    default_model = "grok-4.3"
    aliases: Mapping[str, str] = {"fast": "grok-4.3", "smart": "grok-4.7"}
    states_cost = True
    # It differs by model; this is the least. What a result cost is in the result.
    batch_discount = 0.2

    def _headers(self, request: ChatRequest) -> Mapping[str, str] | None:
        name = request.conversation
        if not name or not request.prompt_cache or not (name.isascii() and name.isprintable()):
            return None
        return {"x-grok-conv-id": name}

    def _batches(self) -> Batches:
        from isaacd.api import XaiBatches

        return XaiBatches(self.api, self._batch_body)
