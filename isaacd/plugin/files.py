"""The files of one plugin, compared with those that its code was made of."""

from collections.abc import Callable, Collection
from pathlib import Path

from isaacd.clock import Clock
from isaacd.plugin.stamps import Stamps, folders_of, is_as_before, stamps_of
from isaacd.plugin.vigil import Vigil

# Where nothing rings (`isaacd.plugin.vigil`), requests in quick succession do not repeat the look: a file's own time is
# no finer than a few of these. At many files it is taken less often.
FEW_FILES = 4
LOOK_SOON_S = 0.001
LOOK_AGAIN_S = 0.005


class Files:
    """`stamps` say what they were like; `stale` that they are others by now. `fixed` ones change with Isaac itself.

    `asleep` is called when no request has to look until something rings, `awake` when the next one has to.
    """

    __slots__ = (
        "_asleep", "_awake", "_clock", "_fixed", "_folders", "_look_again", "_root", "_sleeps", "_vigil", "stale",
        "stamps",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        *,
        fixed: bool,
        vigil: Vigil,
        clock: Clock,
        asleep: Callable[[], None],
        awake: Callable[[], None],
    ) -> None:
        self.stamps: Stamps = ()
        self.stale = False
        self._root = root
        self._fixed = fixed
        self._vigil = vigil
        self._clock = clock
        self._asleep = asleep
        self._awake = awake
        self._look_again = 0.0
        self._sleeps = False
        self._folders: Collection[str] = ()

    def are(self, stamps: Stamps) -> None:
        """Take it that what is known of the plugin holds for files that are as `stamps` say."""
        self.stamps, self.stale = stamps, False

    def have_changed(self) -> bool:
        """Look whether they are others than those that the code was made of."""
        if self.stale:
            return True
        if len(self.stamps) == 1 and is_as_before(self.stamps[0], self._root):
            return False  # one file, for one system call: this is on the way of every request
        return stamps_of(self._root) != self.stamps

    def changed(self) -> bool:
        """Look too, but not at every request, and never at fixed ones."""
        if self.stale or self._sleeps or self._fixed:
            return self.stale
        now = self._clock.monotonic()
        if now >= self._look_again:
            self._look_again = now + (LOOK_SOON_S if len(self.stamps) <= FEW_FILES else LOOK_AGAIN_S)
            rings = self._vigil.rings
            self._fall_asleep()
            self.stale = self.have_changed()
            if self.stale:
                self._vigil.forget(self._folders)
                self._folders = ()
            if self.stale or self._vigil.rings != rings:
                self.wake()
        return self.stale

    def _fall_asleep(self) -> None:
        """Have no request look until something rings, if that can be; whoever looks does so after this."""
        if len(self.stamps) > FEW_FILES:
            return
        self._folders = self._folders or folders_of(self.stamps)
        if self._folders and self._vigil.watches(self._folders, self.wake):
            self._sleeps = True
            self._asleep()

    def wake(self) -> None:
        """Have the next request look, however short ago the last look was."""
        self._sleeps, self._look_again = False, 0.0
        self._awake()

    def begin_anew(self) -> None:
        """Look at the next request, and find out anew where to hear a ring: there is other code now."""
        self._folders = ()
        self.wake()
