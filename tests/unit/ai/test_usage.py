"""What providers count is believed only as far as it can be."""

from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import Usage

COUNTS = [name for name in Usage.__struct_fields__ if name.endswith("_tokens")]
WRITTEN = st.integers(min_value=-(10**40), max_value=10**40) | st.integers(min_value=-3, max_value=20)
PRICES = st.none() | st.floats() | st.integers(-3, 3)
ANY = st.builds(Usage, **dict.fromkeys(COUNTS, WRITTEN), cost_usd=PRICES)


@given(ANY)
def test_whatever_is_told_no_part_is_above_its_whole_and_nothing_below_nought(usage: Usage) -> None:
    sound = usage.sound()
    assert all(0 <= getattr(sound, name) <= 10**9 for name in COUNTS)
    parts = sound.cached_tokens + sound.cache_write_tokens + sound.cache_write_1h_tokens
    assert parts + sound.fresh_tokens == sound.input_tokens
    assert sound.reasoning_tokens <= sound.output_tokens
    assert sound.cost_usd is None or 0 <= sound.cost_usd < 1e6


@given(ANY)
def test_what_is_sound_stays_as_it_is(usage: Usage) -> None:
    sound = usage.sound()
    assert sound.sound() is sound


def test_what_can_be_is_believed() -> None:
    usage = Usage(100, 50, cached_tokens=30, reasoning_tokens=20, cache_write_tokens=50, cost_usd=0.5)
    assert usage.sound() is usage
