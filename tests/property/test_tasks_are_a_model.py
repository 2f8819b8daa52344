"""Tasks against a model of them: begun, ended, cancelled, and daemons killed or stopped, in any order."""

import tempfile
from pathlib import Path

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.config import JobsConfig
from tests.fake_jobs import FakeHouse, settled, work

CONCURRENCY = 2
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.booleans()),
        st.tuples(st.just("end"), st.integers(0, 5)),
        st.tuples(st.just("fail"), st.integers(0, 5)),
        st.tuples(st.just("cancel"), st.integers(0, 8)),
        st.tuples(st.just("kill"), st.none()),
        st.tuples(st.just("stop"), st.none()),
    ),
    max_size=14,
)


class Model:
    """What should be so: the state of every task, whether it can be resumed, and how often it was begun."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.resumable: list[bool] = []
        self.attempts: list[int] = []

    def fill(self) -> None:
        for task, state in enumerate(self.states):
            if state == "queued" and self.states.count("running") < CONCURRENCY:
                self.states[task] = "running"
                self.attempts[task] += 1

    def daemon_ends(self, *, killed: bool) -> None:
        for task, state in enumerate(self.states):
            if state == "running":
                again = self.resumable[task] and (not killed or self.attempts[task] < 3)
                self.states[task] = "queued" if again else "interrupted"


async def _play(steps: list[tuple[str, object]], file: Path) -> None:
    model = Model()
    async with anyio.create_task_group() as group:
        house = FakeHouse(file, group, JobsConfig(concurrency=CONCURRENCY))
        for kind, value in steps:
            running = [task for task, state in enumerate(model.states) if state == "running"]
            if kind == "start":
                await house.jobs.workshop.start(work(str(len(model.states)), resumable=bool(value)))
                model.states.append("queued")
                model.resumable.append(bool(value))
                model.attempts.append(0)
            elif kind in ("end", "fail") and running:
                assert isinstance(value, int)
                task = running[value % len(running)]
                house.executor.end(str(task), 0 if kind == "end" else 1)
                await house.jobs.workshop.wait(task + 1)
                model.states[task] = "done" if kind == "end" else "failed"
            elif kind == "cancel" and model.states:
                assert isinstance(value, int)
                task = value % len(model.states)
                await house.jobs.workshop.cancel(task + 1)
                if model.states[task] in ("queued", "running"):
                    model.states[task] = "cancelled"
            elif kind in ("kill", "stop"):
                await (house.kill() if kind == "kill" else house.stop())
                model.daemon_ends(killed=kind == "kill")
                await house.jobs.wake()
            model.fill()
            await settled(lambda: len(house.executor.begun) >= model.states.count("running"))

            async def states() -> list[str]:
                return [card.state for card in reversed(await house.jobs.workshop.cards(every=True))]

            with anyio.fail_after(90):
                while await states() != model.states:  # noqa: ASYNC110 - what is looked at has no event
                    await anyio.sleep(0.001)
        await house.stop()
        await house.jobs.aclose()
        group.cancel_scope.cancel()


@settings(max_examples=40)
@given(STEPS)
def test_tasks_do_as_the_model_says(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(_play, steps, Path(folder) / "jobs.sqlite")
