"""The errors of an answer that came over no connection."""

from isaacd.ai.refusal import Peer, judge, read_refusal
from isaacd.errors import IsaacError, ProviderUnavailable


class FakeFaults:
    """Makes the errors of a decoder, as a reply over HTTP does."""

    def refused(self, body: bytes) -> IsaacError:
        return judge(Peer("p", "http://p"), read_refusal(body), 0, model="m")

    def broke_off(self) -> IsaacError:
        return ProviderUnavailable("broke off")

    def malformed(self, data: bytes) -> IsaacError:
        return ProviderUnavailable(f"malformed {data!r}")
