"""Tasks and schedules put together: who carries a command line out, and who judges a line for the shell that is due."""

from collections.abc import Callable

from isaacd.cli.background import Background
from isaacd.cli.run import CommandLine
from isaacd.config import Config
from isaacd.context import Services
from isaacd.errors import PermissionDenied
from isaacd.jobs.cards import Judged, Work
from isaacd.jobs.jobs import FILE_NAME, Jobs
from isaacd.jobs.ports import House
from isaacd.plans.plan import Caller
from isaacd.server.life import Life


def open_jobs(
    services: Services, life: Life, command_line: Callable[[], CommandLine], config: Callable[[], Config]
) -> Jobs:
    """Return the jobs of one daemon; nothing is read or begun before they are asked."""

    def judge(work: Work) -> Judged:
        """Judge a line as if it were typed in its directory now; raises PermissionDenied if it is none."""
        caller = Caller(
            routing=config().routing,
            environ={**services.environ, **work.env},
            told=work.env,
            cwd=work.cwd,
            owner="schedules",
        )
        # Exactly as it was agreed to: no alias and no correction may make another line of it.
        route, plan = services.desk.prepare(f"!! {work.argv[0]}", caller)
        if plan is None or plan.kind != "shell":
            raise PermissionDenied(f"it is no line that a shell of its own could run: {route.because}")
        reason = plan.verdict.reasons[0].text if plan.verdict.reasons else "it only reads"
        return Judged(plan.tier.label, plan.argv, reason)

    return Jobs(
        services.paths.state_dir / FILE_NAME,
        executor=Background(command_line, services),
        judge=judge,
        config=lambda: config().jobs,
        clock=services.clock,
        log=services.log,
        house=House(
            spawn=life.spawn,
            tell=services.publish,
            began=life.run_started,
            left=life.run_ended,
            draining=lambda: life.draining,
        ),
    )
