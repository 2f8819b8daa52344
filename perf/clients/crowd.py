"""Be so many clients: `crowd.py SOCKET CLIENTS PAUSE`, until the standard input ends.

Each asks again PAUSE seconds after it was answered (0: at once). Prints a line once every one of them has been answered, and at
the end how many answers there were, and how often the busiest and the least lucky were answered.
"""

import select
import socket
import sys
import time
from collections import Counter, deque

GREET = b"\x94\x00\x01\xa5greet\x91\x81\xa4name\xa3ada"
ANSWER = b"hello ada"


def main() -> None:
    """Ask, and ask again."""
    path, count, pause_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    poll = select.epoll()
    clients: dict[int, socket.socket] = {}
    due: deque[tuple[float, socket.socket]] = deque()
    for number in range(count):
        one = socket.socket(socket.AF_UNIX)
        one.connect(path)
        clients[one.fileno()] = one
        due.append((time.monotonic() + pause_s * number / count, one))  # not all in the same moment
        poll.register(one, select.EPOLLIN)
    poll.register(sys.stdin, select.EPOLLIN)
    answers: Counter[int] = Counter()
    told = False
    while True:
        wait_s = max(0.0, due[0][0] - time.monotonic()) if due else -1.0
        for number, _ in poll.poll(wait_s):
            if number not in clients:
                print(answers.total(), max(answers.values()), min(answers.values()), flush=True)
                return
            if ANSWER not in clients[number].recv(4096):
                raise RuntimeError("an unexpected answer")
            answers[number] += 1
            due.append((time.monotonic() + pause_s, clients[number]))
        now_s = time.monotonic()
        while due and due[0][0] <= now_s:
            due.popleft()[1].sendall(GREET)
        if not told and len(answers) == count:
            told = True
            print("all of them", flush=True)


main()
