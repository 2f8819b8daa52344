"""How many tokens a request can be at most, and how many a text probably is, without the vendors' tokenizers."""

from isaacd.ai.chat import Attachment, ChatRequest, Message

# Vendors' tokenizers work on bytes: a token stands for at least one, whatever the script or the noise in it. English
# has about four bytes a token, so this is some four times too much; but three would be too little for base64, and two
# for emoji, and a budget that holds only for English does not hold. What is set aside too much is free again as soon
# as the call has ended.
_TOKENS_A_BYTE = 1
# Marks of turns and roles around a message.
_TOKENS_A_MESSAGE = 16
# What a vendor writes before a conversation at its customer's expense; xAI's is the longest, at some 700.
_TOKENS_A_REQUEST = 1024
# Instructions on how to call tools, or to answer by a schema; Anthropic's are the longest, at some 700.
_TOKENS_OF_INSTRUCTIONS = 1024
# gpt-4o-mini counts 48 169 for the largest picture; the others stay below 5 000.
_TOKENS_A_PICTURE = 49_152
# A page of a PDF is seldom below 2 kB, and at most 8 000 tokens: its text, and a picture of it.
_TOKENS_A_DOCUMENT_BYTE = 4
# What nobody can know beforehand, such as a document at an address, fills the longest context that is sold.
_MOST_TOKENS = 2_000_000

_BYTES_A_TOKEN_PROBABLY = 3


def most_input_tokens(request: ChatRequest) -> int:
    """Return a number of tokens that the input of `request` cannot exceed."""
    found = _TOKENS_A_REQUEST
    if request.tools or request.schema is not None:
        found += _TOKENS_OF_INSTRUCTIONS
    found += _TOKENS_A_BYTE * _bytes_beside(request)
    for message in request.messages:
        found += _TOKENS_A_MESSAGE + _TOKENS_A_BYTE * _bytes_of(message)
        found += sum(_most_of(item) for item in message.attachments)
    return min(found, _MOST_TOKENS)


def probable_input_tokens(request: ChatRequest) -> int:
    """Return about as many tokens as the input of `request` has, for a call whose provider did not count them."""
    sent = sum(_bytes_of(message) for message in request.messages) + _bytes_beside(request)
    return -(-sent // _BYTES_A_TOKEN_PROBABLY) + 4 * len(request.messages)


def probable_tokens(text: str) -> int:
    """Return about as many tokens as `text` has."""
    return -(-_size(text) // _BYTES_A_TOKEN_PROBABLY)


def _bytes_of(message: Message) -> int:
    size = _size(message.content) + _size(message.tool_call_id or "")
    for call in message.tool_calls:
        size += _size(call.id) + _size(call.name) + _size(call.arguments) + _TOKENS_A_MESSAGE
    for block in message.reasoning:
        size += _size(block.text) + _size(block.signature)
    return size


def _bytes_beside(request: ChatRequest) -> int:
    """Return how many bytes of tools and schemas go along with the messages."""
    if not request.tools and request.schema is None:
        return 0
    import msgspec

    size = sum(len(msgspec.json.encode(tool)) + 4 * _TOKENS_A_MESSAGE for tool in request.tools)
    return size + (len(msgspec.json.encode(request.schema)) if request.schema is not None else 0)


def _most_of(item: Attachment) -> int:
    if item.media_type.startswith("image/"):
        return _TOKENS_A_PICTURE
    if not item.data:
        return _MOST_TOKENS
    if item.media_type.startswith("text/"):
        return _TOKENS_A_MESSAGE + len(item.data) + _size(item.name or "")
    return _TOKENS_A_DOCUMENT_BYTE * len(item.data) + _TOKENS_A_PICTURE


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
