"""The keys under `[shell]`: what is kept of the commands that are run in shells."""

from typing import Annotated

from msgspec import Meta, Struct


class ShellConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of the commands that you run in your shells, once `isaacctl shell-init` is in them."""

    history: Annotated[bool, Meta(description="Whether commands are kept at all; those that are stay.")] = (
        True
    )
    ignore: Annotated[
        tuple[str, ...],
        Meta(
            description="Commands that are not kept, as patterns for the whole line in which `*` stands for anything. "
            "What begins with a blank never is."
        ),
    ] = ()
