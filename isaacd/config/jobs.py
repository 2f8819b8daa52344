"""The keys under `[jobs]`: background work, and how much of it is kept."""

from typing import Annotated

from msgspec import Meta, Struct


class JobsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Tasks that go on in the background, and schedules that make them."""

    concurrency: Annotated[
        int, Meta(ge=1, le=64, description="The most tasks that run at once; others wait.")
    ] = 4
    max_open: Annotated[
        int, Meta(ge=1, le=100_000, description="The most tasks that wait or run; more are refused.")
    ] = 1000
    max_output_bytes: Annotated[
        int, Meta(ge=1024, le=1 << 30, description="The most bytes of one task's output that are kept.")
    ] = 16 * 1024 * 1024
    keep_tasks: Annotated[
        int, Meta(ge=1, le=1_000_000, description="How many ended tasks are kept; the oldest go first.")
    ] = 1000
    keep_days: Annotated[
        float, Meta(gt=0, le=3650, description="Days that a task is kept after its end.")
    ] = 90.0
    grace_s: Annotated[
        float,
        Meta(
            ge=1,
            le=86_400,
            description="Seconds that something scheduled may begin late; after that the run counts as missed.",
        ),
    ] = 120.0
    max_schedules: Annotated[
        int, Meta(ge=1, le=100_000, description="The most schedules that are kept; more are refused.")
    ] = 500
