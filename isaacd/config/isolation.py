"""The keys under `[plugins.isolation]`: what a plugin that is not trusted may use."""

from typing import Annotated

from msgspec import Meta, Struct


class IsolationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How much a plugin that is not trusted may use, and how long it may take, in its own process."""

    memory_mib: Annotated[
        int, Meta(ge=64, le=65_536, description="The most memory of its own that such a process may have.")
    ] = 512
    cpu_s: Annotated[
        int,
        Meta(
            ge=5,
            le=86_400,
            description="Seconds of CPU after which such a process is ended; one that has used half of them is"
            " exchanged for a new one when it has nothing to do.",
        ),
    ] = 600
    file_mib: Annotated[
        int, Meta(ge=1, le=65_536, description="How large each file that it writes may become.")
    ] = 64
    open_s: Annotated[
        float, Meta(gt=0, le=600, description="Seconds that its start and the import of the plugin may take.")
    ] = 10.0
    call_s: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds that one call of such a plugin may take.")
    ] = 600.0
    hang_s: Annotated[
        float,
        Meta(
            gt=0,
            le=3600,
            description="Seconds that it may give no sign of life during a call before it is ended.",
        ),
    ] = 10.0
    grace_s: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds that it has to stop what was cancelled before it is ended."),
    ] = 2.0
    idle_s: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds without a call after which its process ends.")
    ] = 300.0
