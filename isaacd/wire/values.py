"""The values that msgspec does not know by itself, in both directions."""

from pathlib import PurePath


def encode_value(value: object) -> object:
    """Return a path as text; raise TypeError for everything else."""
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def decode_value(wanted: type, value: object) -> object:
    """Return text as the kind of path that is wanted, and anything where `object` is; raise TypeError otherwise."""
    if wanted is object:
        return value
    if not issubclass(wanted, PurePath):
        raise NotImplementedError(f"no value on the wire becomes a {wanted.__name__}")
    if not isinstance(value, str):
        raise TypeError("Expected `str`")
    return wanted(value)
