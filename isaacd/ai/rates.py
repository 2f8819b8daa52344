"""The arithmetic of prices: what tokens cost at the rates of one model, and what they can cost at most."""

import msgspec

from isaacd.ai.chat import Usage

_TOKENS_A_UNIT = 1e6


class Rate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """USD for a million tokens, in requests of more than `above` input tokens.

    `write` and `write_1h` are input tokens that the provider writes to its cache for five minutes and for an hour;
    without a rate of their own the first cost as much as `input`, the second as much as the first.
    """

    above: int
    input: float
    cached: float
    output: float
    write: float | None = None
    write_1h: float | None = None

    @property
    def written(self) -> float:
        """What a token costs that is written to the provider's cache for five minutes."""
        return self.input if self.write is None else self.write

    @property
    def written_1h(self) -> float:
        """What a token costs that is written to the provider's cache for an hour."""
        return self.written if self.write_1h is None else self.write_1h

    @property
    def dearest_input(self) -> float:
        """The most that an input token can cost, whatever the provider's cache does with it."""
        return max(self.input, self.cached, self.written, self.written_1h)


class Rates(msgspec.Struct, frozen=True):
    """What one model costs, from the lowest step up, and whence that is known.

    `batch` is the share of it that the vendor's own batch interface charges; None if that is not known.
    """

    steps: tuple[Rate, ...]
    source: str
    batch: float | None = None

    def cost_usd(self, usage: Usage) -> float:
        """Charge all tokens at the rate of the last step that the input is above; no token is charged twice."""
        rate = self._step(usage.input_tokens)
        left = usage.input_tokens
        cached = min(usage.cached_tokens, left)
        left -= cached
        long_written = min(usage.cache_write_1h_tokens, left)
        left -= long_written
        written = min(usage.cache_write_tokens, left)
        fresh = left - written
        return (
            fresh * rate.input
            + cached * rate.cached
            + written * rate.written
            + long_written * rate.written_1h
            + usage.output_tokens * rate.output
        ) / _TOKENS_A_UNIT

    def saved_usd(self, usage: Usage) -> float:
        """Return what the provider's cache saved: reading costs less, writing more; below 0 if it did not pay yet."""
        plain = Usage(usage.input_tokens, usage.output_tokens)
        return self.cost_usd(plain) - self.cost_usd(usage)

    def bound_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Return the most that so many tokens, or fewer, can cost."""
        steps = [rate for rate in self.steps if rate.above < input_tokens] or [self.steps[0]]
        dearest_input = max(rate.dearest_input for rate in steps)
        dearest_output = max(rate.output for rate in steps)
        return (input_tokens * dearest_input + output_tokens * dearest_output) / _TOKENS_A_UNIT

    def _step(self, input_tokens: int) -> Rate:
        found = self.steps[0]
        for step in self.steps[1:]:
            if input_tokens > step.above:
                found = step
        return found
