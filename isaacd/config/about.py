"""What a key of config.toml is for, as far as a type cannot say it."""

from msgspec import Meta


def about(description: str, example: object, *, expected: str = "", secret: bool = False) -> Meta:
    """Describe a key that has no default, or whose names the user chooses, with an example for the template."""
    extra = {"example": example, "secret": secret, **({"expected": expected} if expected else {})}
    return Meta(description=description, extra=extra)
