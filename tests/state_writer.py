"""A process that changes a plugin's state and says after each change that it is done, until it is killed."""

import sys
from pathlib import Path

import anyio

from isaacd.belongings.state import State, Transaction
from isaacd.belongings.state_file import StateFile
from isaacd.clock import SystemClock
from isaacd.log import open_log


async def main(file: Path) -> None:
    keeper = StateFile("p", file, clock=SystemClock(), log=open_log(file.with_name("log")))
    state = State(keeper)
    for number in range(10_000):

        async def both(transaction: Transaction, number: int = number) -> None:
            transaction.set(f"a:{number}", number)
            transaction.set(f"b:{number}", -number)
            transaction.set("last", number)

        await state.transaction(both)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
