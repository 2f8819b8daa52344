"""The runner: a process of the person's own that carries out scheduled lines of the shell, one order at a time.

The daemon decides what is due, and whether it may run; this executes it, in the environment that it was begun in.
"""

import asyncio
import fcntl
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import anyio

from isaacctl.client import AsyncClient, ConnectionLost, DaemonUnavailable, RemoteError
from isaacctl.launch import make_private
from isaacctl.talk import Refused, socket_path

CHUNK_BYTES = 32 * 1024
PATIENCE_S = 5.0
BACKOFF_S = (1.0, 2.0, 5.0, 15.0, 30.0)
EXIT_NOT_FOUND = 127


class Runner:
    """What runs now, by the token of its order."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    async def main(self) -> None:
        """Take orders until the connection ends; what runs then goes on without us."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._client.call, "schedule.attend")
            while True:
                order = await self._client.call("schedule.next")
                if order["stop"] and not order["token"]:
                    sys.exit(0)  # nothing is left to run
                if order["stop"]:
                    group.start_soon(self._stop, order["token"])
                else:
                    group.start_soon(self._run, order)

    async def _run(self, order: dict[str, Any]) -> None:
        token = order["token"]
        try:
            process = await asyncio.create_subprocess_exec(
                *order["argv"],
                cwd=order["cwd"],
                env={**os.environ, **order["env"]},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            await self._client.call(
                "schedule.report", token, 2, f"cannot run it: {error.strerror}\n".encode()
            )
            await self._client.call("schedule.ended", token, EXIT_NOT_FOUND)
            return
        self._processes[token] = process
        try:
            async with anyio.create_task_group() as group:
                for number, stream in ((1, process.stdout), (2, process.stderr)):
                    group.start_soon(self._pass_on, token, number, stream)
            code = await process.wait()
            with suppress(RemoteError):  # it was stopped meanwhile, and nobody waits for its end
                await self._client.call("schedule.ended", token, code if code >= 0 else 128 - code)
        finally:
            self._processes.pop(token, None)

    async def _pass_on(self, token: str, number: int, stream: Any) -> None:
        """Send what a program writes; after it was stopped, let it write to nobody, so that it does not block."""
        heard = True
        while data := await stream.read(CHUNK_BYTES):
            if heard:
                try:
                    await self._client.call("schedule.report", token, number, data)
                except ConnectionLost:
                    raise
                except RemoteError:
                    heard = False

    async def _stop(self, token: str) -> None:
        process = self._processes.get(token)
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with anyio.move_on_after(PATIENCE_S):
                await process.wait()
                return


async def attend() -> None:
    """Serve one daemon after the other, for ever; one that was killed is begun again, one that was stopped is not."""
    failures, start = 0, True
    while True:
        try:
            async with AsyncClient(caller="runner", start=start) as client:
                failures, start = 0, True
                await Runner(client).main()
        except* (ConnectionLost, DaemonUnavailable):
            failures += 1
        except* RemoteError:
            # The daemon said goodbye: somebody has stopped it, and wants that.
            failures, start = failures + 1, False
        await anyio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S)) - 1])


def take_place(directory: str) -> int | None:
    """Return a descriptor that holds the runner's place, or None if another runner has it."""
    descriptor = os.open(
        f"{directory}/runner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def detach() -> None:
    """Begin a runner that is the leader of a session of its own, with no terminal, and leave it alone."""
    null = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (0, 1, 2)]
    argv = [sys.executable, "-P", "-m", "isaacctl.runner"]
    os.posix_spawn(argv[0], argv, os.environ, file_actions=null, setsid=True, setsigmask=())


def main(argv: list[str]) -> int:
    """Be the runner, or begin one; exit at once if there is one."""
    uid = os.getuid()
    try:
        directory = os.path.dirname(socket_path(os.environ, uid))
        make_private(directory, uid)
    except Refused as refused:
        print(f"error: {refused.message}", file=sys.stderr)
        return refused.exit_code
    place = take_place(directory)
    if "--stop" in argv:
        return _end(directory) if place is None else 0
    if place is None:
        if "--detach" not in argv:
            print("a runner is there already", file=sys.stderr)
        return 0
    if "--detach" in argv:
        os.close(place)
        detach()
        return 0
    os.ftruncate(place, 0)
    os.pwrite(place, f"{os.getpid()}\n".encode(), 0)
    with suppress(KeyboardInterrupt, SystemExit):
        anyio.run(attend)
    return 0


def _end(directory: str) -> int:
    """End the runner that holds the place."""
    try:
        with open(f"{directory}/runner.lock", encoding="ascii") as file:
            os.kill(int(file.read(20)), signal.SIGTERM)
    except (OSError, ValueError):
        print("error: the runner cannot be ended; its number is not known", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
