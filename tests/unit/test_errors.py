"""Errors that are kept hold nothing but what they say."""

import gc
import weakref

from isaacd.errors import InvalidParams, IsaacError, ProviderUnavailable, untraced


def failed() -> IsaacError:
    """Return an error that another has led to, as its own frame has kept it."""
    try:
        try:
            raise ConnectionResetError("reset")
        except ConnectionResetError as cause:
            raise ProviderUnavailable("it is away") from cause
    except IsaacError as error:
        kept = error
    return untraced(kept)


def test_an_error_that_is_kept_is_in_no_cycle_and_says_what_it_said() -> None:
    gc.disable()
    try:
        error = failed()
        kept = weakref.ref(error)
        assert str(error) == "it is away"
        assert isinstance(error.__cause__, ConnectionResetError)
        assert (error.__traceback__, error.__cause__.__traceback__) == (None, None)
        del error
        assert kept() is None, "only the collector would find it"
    finally:
        gc.enable()


def test_one_that_was_never_raised_is_left_as_it_is() -> None:
    error = InvalidParams("no such thing", hint="ask for another")
    assert untraced(error) is error
    assert (error.message, error.hint) == ("no such thing", "ask for another")
