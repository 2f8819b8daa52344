"""The configuration that follows its file: asked at every request, read only when the file has changed."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from isaacd.config.file import Fingerprint, fingerprint
from isaacd.config.layers import PREFIX
from isaacd.config.loaded import Loaded, load, without_file
from isaacd.config.offered import UNKNOWN, Offered
from isaacd.errors import ConfigInvalid

_KEPT_OVERRIDES = 32
_OverridesKey = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]


class ConfigSource:
    """One file with the daemon's own variables and `--set` texts over it.

    Nothing is read before the first `current`. When the file becomes invalid the last good configuration stays
    (before there is one: what holds without the file) and `problem` holds the error until the file is right again.
    `changed` is called when what holds is another than before.
    """

    def __init__(self, path: Path, environ: Mapping[str, str], sets: Sequence[str] = ()) -> None:
        self.problem: ConfigInvalid | None = None
        self.changed: Callable[[], None] = _nobody
        self._path = path
        self._name = str(path)
        self._environ = dict(environ)
        self._sets = tuple(sets)
        self._fingerprint: Fingerprint = ()
        self._offered = UNKNOWN
        self._loaded: Loaded | None = None
        self._overridden: OrderedDict[_OverridesKey, Loaded] = OrderedDict()

    def learn(self, offered: Offered) -> None:
        """Take note of what plugins offer: the file is read anew, and its settings of plugins are checked too."""
        self._offered = offered
        self._fingerprint = ()

    def current(self) -> Loaded:
        """Return what holds now; costs one `stat` unless the file has changed. Never raises."""
        # Taken before the reading: a change in between is then seen the next time.
        now = fingerprint(self._name)
        if self._loaded is None or now != self._fingerprint:
            self._fingerprint = now
            before, self._loaded = self._loaded, self._load()
            if before is not None and before.config != self._loaded.config:
                self.changed()
        return self._loaded

    def with_overrides(self, environ: Mapping[str, str], sets: Sequence[str] = ()) -> Loaded:
        """Return what holds for a caller with these variables and `--set` texts; raises ConfigInvalid for those."""
        base = self.current()
        variables = [(name, value) for name, value in environ.items() if name.startswith(PREFIX)]
        if not variables and not sets:
            return base
        key = (tuple(sorted(variables)), tuple(sets))
        found = self._overridden.get(key)
        if found is None:
            found = self._overridden[key] = base.extended(dict(variables), sets)
            if len(self._overridden) > _KEPT_OVERRIDES:
                self._overridden.popitem(last=False)
        else:
            self._overridden.move_to_end(key)
        return found

    def _load(self) -> Loaded:
        self._overridden.clear()
        try:
            loaded = load(self._path, self._environ, self._sets, self._offered)
        except ConfigInvalid as error:
            self.problem = error
            last = self._loaded
            if last is not None:
                known = last.offered is self._offered
                return last if known else msgspec.structs.replace(last, offered=self._offered)
            return without_file(self._path, self._environ, self._sets, self._offered)
        self.problem = None
        return loaded


def _nobody() -> None:
    """Have nobody to tell."""
