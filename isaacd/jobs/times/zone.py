"""A zone of the world: which moment a wall clock means there, and what it shows at a moment."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path

from isaacd.errors import InvalidParams

LOCALTIME = Path("/etc/localtime")
TIMEZONE = Path("/etc/timezone")
_FOLDER = "zoneinfo/"
_SYSTEM = "local"


class Zone:
    """A zone by its IANA name, such as Europe/Berlin; `local` is that of this machine where it has no name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tz = _load(name)

    def local(self, at: float) -> datetime:
        """Return what the clock shows at a moment (seconds since the epoch)."""
        return datetime.fromtimestamp(at, UTC).astimezone(self._tz)

    def moment(self, day: date, clock: time) -> float:
        """Return the moment when the clock shows this.

        Of a time that comes twice it is the first. One that is skipped is as much later as the clock skips, so that
        02:30 becomes 03:30 on the day on which 02:00 is followed by 03:00.
        """
        return datetime.combine(day, clock, self._tz).timestamp()


def _load(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        if name == _SYSTEM:
            with LOCALTIME.open("rb") as file:
                return ZoneInfo.from_file(file, key=_SYSTEM)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidParams(
            f"there is no time zone {name[:60]!r} here",
            hint="zones have names such as Europe/Berlin; if all are missing, install the system's tzdata",
        ) from None


def local_zone(environ: Mapping[str, str], *, localtime: Path = LOCALTIME, timezone: Path = TIMEZONE) -> str:
    """Return the name of the zone that the caller lives in: TZ, else what the system is set to, else UTC."""
    wanted = environ.get("TZ", "").removeprefix(":")
    if wanted and not wanted.startswith("/"):
        Zone(wanted)
        return wanted
    try:
        _, found, name = str(localtime.resolve(strict=True)).partition(_FOLDER)
        if found:
            Zone(name)
            return name
        return _SYSTEM if localtime == LOCALTIME else "UTC"
    except (OSError, InvalidParams):
        pass
    try:
        name = timezone.read_text(encoding="ascii", errors="replace").strip()
        Zone(name)
    except (OSError, InvalidParams):
        return "UTC"
    return name
