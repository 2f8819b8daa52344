"""What the daemon may have this client look up: a fixed list of commands of git that only read, and nothing else."""

import os
import subprocess
import tempfile

from isaacctl.talk import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from isaacctl.talk import Unpacked

MAX_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 512 * 1024
# Nothing that the repository's configuration names is started, no lock is taken, and no pager waits for a key.
_GIT = ("git", "--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false")
_DIFF = (
    *(
        *_GIT,
        "diff",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--find-renames",
        "--ita-visible-in-index",
    ),
    *("--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--submodule=short"),
)
# By name: the command, and whether it takes one argument, which is never an option.
COMMANDS: "Mapping[str, tuple[tuple[str, ...], bool]]" = {
    "git-staged": ((*_DIFF, "--cached"), False),
    "git-changes": (_DIFF, False),
    "git-range": (_DIFF, True),
    "git-subjects": ((*_GIT, "log", "--max-count=30", "--no-merges", "--format=%s"), False),
}
_UNKNOWN, _NOT_RUN = 126, 127


class Gathering:
    """Answers the daemon's questions; what was looked up last is kept until all of its pieces are fetched."""

    def __init__(self) -> None:
        self._asked: object = None
        self._exit = 0
        self._data = b""

    def answer(self, question: "Unpacked") -> bytes:
        """Return the message that answers: exit code, how many bytes there are in all, and a piece of them."""
        if not isinstance(question, dict):
            raise TypeError("a question is no map")
        number, start = question[b"question"], question.get(b"from")
        arguments = question.get(b"arguments")
        asked = (question.get(b"what"), tuple(arguments) if isinstance(arguments, list) else ())
        if asked != self._asked or not start:
            self._asked = asked
            self._exit, self._data = _look_up(asked[0], asked[1])
        start = start if isinstance(start, int) else 0
        piece = self._data[start : start + PIECE_BYTES]
        said = b"%d %d\n" % (self._exit, len(self._data)) + piece
        if start + len(piece) >= len(self._data):
            self._asked, self._data = None, b""
        assert isinstance(number, int)
        return pack([2, "$/input", [1, said, number]])


def _look_up(what: "Unpacked", arguments: "tuple[Unpacked, ...]") -> tuple[int, bytes]:
    name = what.decode() if isinstance(what, bytes) else ""
    command, takes_argument = COMMANDS.get(name, ((), False))
    words = [item for item in arguments if isinstance(item, bytes)]
    if not command or len(words) != takes_argument or any(_is_unfit(word) for word in words):
        return _UNKNOWN, b"this client does not look that up"
    # Outside of a repository, git would take a diff for one of two files.
    code, data = _run([*_GIT, "rev-parse", "--git-dir"])
    if code:
        return code, data
    return _run([*command, *map(os.fsdecode, words), *(["--"] if takes_argument else [])])


def _run(argv: list[str]) -> tuple[int, bytes]:
    """Run a command and return its exit code and output, or its errors where it failed."""
    with tempfile.TemporaryFile() as errors:
        try:
            with subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, close_fds=True
            ) as process:
                assert process.stdout is not None
                data = process.stdout.read(MAX_BYTES)
                process.stdout.close()
        except OSError as error:
            return _NOT_RUN, f"{argv[0]}: {error.strerror}".encode()
        if process.returncode > 0:
            errors.seek(0)
            data = errors.read(4096)
    # Whoever is not heard to the end dies of the closed pipe; what was read counts all the same.
    return max(0, process.returncode), data


def _is_unfit(word: bytes) -> bool:
    return not word or word.startswith(b"-") or any(char < 32 for char in word)
