"""`isaacctl shell-complete -- WORDS`: what may come next on a command line, for the completion of a shell; no daemon is started."""

import os

from isaacctl.talk import CHUNK_BYTES, Unpacker, connect, pack, socket_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from isaacctl.talk import Unpacked

PATIENCE_S = 2.0
# Stands for the names of files, which the shell knows best.
FILE = b"\x1efile"


def complete(words: "list[str]", local: "Iterable[tuple[str, str]]") -> bytes:
    """Return one line for each word that fits: the word, a tabulator, and what it means.

    Without a daemon only the commands of the client itself are known.
    """
    try:
        found = _asked(words)
    except (OSError, ValueError):
        found = None
    if not isinstance(found, list):
        start = words[-1] if len(words) == 1 else None
        names = [(name, text) for name, text in local if start is not None and name.startswith(start)]
        return b"".join(f"{name}\t{text}\n".encode() for name, text in names)
    rows = []
    for item in found:
        if not isinstance(item, dict):
            continue
        value, text = item.get(b"value"), item.get(b"help")
        if item.get(b"kind") == b"file":
            text = FILE
        if isinstance(value, bytes) and isinstance(text, bytes):
            rows.append(value + b"\t" + text.partition(b"\n")[0].replace(b"\t", b" ") + b"\n")
    return b"".join(rows)


def _asked(words: "list[str]") -> "Unpacked":
    uid = os.getuid()
    sock = connect(socket_path(os.environ, uid), uid)
    try:
        sock.settimeout(PATIENCE_S)
        unpacker = Unpacker()
        sock.sendall(pack([0, 1, "cli.complete", [{"words": words}]]))
        while True:
            message = unpacker.next_array()
            if message is None:
                data = sock.recv(CHUNK_BYTES)
                if not data:
                    return None
                unpacker.feed(data)
            elif message[:2] == [1, 1]:
                return message[3]
    finally:
        sock.close()
