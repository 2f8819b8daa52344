"""`plugins install`: from what the person names to a receipt, or nothing at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from isaacd.clock import Clock
from isaacd.errors import InvalidParams, NotFound, PermissionDenied
from isaacd.installing import pip
from isaacd.installing.laidout import LaidOut, look
from isaacd.installing.place import Place
from isaacd.installing.standins import take_out, write_standins
from isaacd.plugin.receipts import Receipt, normalized, python_version, read_receipts, write_receipt
from isaacd.workshop.packing import pack
from isaacd.workshop.project import open_project
from isaacd.workshop.pyproject import requirement_name
from isaacd.workshop.wheelfile import check_wheel


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants: a name on PyPI with or without a version, a wheel, or a folder; and how.

    `build` lets pip build what is there as source only, which runs its code. `quiet` shows no progress.
    """

    wanted: str
    find_links: tuple[str, ...] = ()
    offline: bool = False
    build: bool = False
    pre: bool = False
    quiet: bool = False


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """What was installed; `before` is the version that was there, if any."""

    distribution: str
    version: str
    before: str | None
    plugins: tuple[str, ...]
    needs: dict[str, str]
    folder: str


def install(
    wishes: Wishes, plugins_dir: Path, *, environ: Mapping[str, str], clock: Clock, say: Callable[[str], None]
) -> Installed:
    """Install a plugin and what it needs into a private folder; a former version is in force until the new one is.

    Raises IsaacError; then everything is as it was.
    """
    place = Place(plugins_dir)
    os.umask(0o077)  # what others can write to is never loaded
    with place.held(), tempfile.TemporaryDirectory(prefix="isaac-install-") as scratch:
        place.clean()
        source, name = _source(wishes, Path(scratch), environ)
        former = {normalized(item.distribution): item for item in read_receipts(plugins_dir)}
        stage = place.stage()
        try:
            if not wishes.quiet:
                say(f"installing {wishes.wanted}")
            standins = Path(scratch, "standins")
            standins.mkdir()
            pip.install(
                source,
                stage,
                wanted=wishes.wanted,
                constraints=write_standins(standins),
                environ=environ,
                find_links=wishes.find_links,
                offline=wishes.offline,
                build=wishes.build,
                pre=wishes.pre,
                quiet=wishes.quiet,
            )
            take_out(stage)
            shutil.rmtree(stage / "bin", ignore_errors=True)
            found = look(stage, name)
            _check_names(found, former)
            receipt = _commit(place, stage, found, wishes, clock)
        except OSError as error:
            raise PermissionDenied(f"cannot write into {place.folder}: {error.strerror or error}") from None
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    before = former.get(normalized(found.distribution))
    return Installed(
        distribution=found.distribution,
        version=found.version,
        before=before.version if before else None,
        plugins=tuple(found.plugins),
        needs=found.needs,
        folder=str(place.folder / receipt.folder),
    )


def _source(wishes: Wishes, scratch: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return what pip is told, and the name of the distribution that comes of it."""
    wanted = wishes.wanted
    if "@" in wanted or "://" in wanted or wanted.startswith("-"):
        raise InvalidParams(
            f"{wanted[:80]!r} is neither a name on PyPI, nor a wheel, nor a folder",
            hint="such as isaac-plugin-hello, isaac-plugin-hello==1.2, ./hello-1.0-py3-none-any.whl or ./hello",
        )
    path = Path(wanted).expanduser()
    if wanted.endswith(".whl"):
        if not path.is_file():
            raise NotFound(f"there is no file {wanted}")
        return str(path.absolute()), check_wheel(path).distribution
    # A folder that is here goes before a name that somebody else may have given to something on PyPI.
    if (
        wanted.startswith((".", "~"))
        or os.sep in wanted
        or wanted.endswith(".py")
        or (wanted and path.is_dir())
    ):
        project = open_project(path)
        made = pack(project, scratch, environ, own=not wishes.build)
        return made.wheel, made.distribution
    name = requirement_name(wanted)
    if not name or not name[0].isalnum():
        raise InvalidParams(
            f"{wanted[:80]!r} is no name of a distribution", hint="such as isaac-plugin-hello"
        )
    return wanted, name


def _check_names(found: LaidOut, former: Mapping[str, Receipt]) -> None:
    """Refuse a plugin whose name another installed distribution has given to one of its own."""
    for other, receipt in former.items():
        if other == normalized(found.distribution):
            continue
        taken = sorted(set(receipt.plugins) & set(found.plugins))
        if taken:
            raise InvalidParams(
                f"{found.distribution} and {receipt.distribution}, which is installed, both have a plugin {taken[0]}",
                hint=f"choose one: isaacctl plugins remove {receipt.distribution}, and install this one again",
            )


def _commit(place: Place, stage: Path, found: LaidOut, wishes: Wishes, clock: Clock) -> Receipt:
    """Give the staged folder its name, and put its receipt in force."""
    name = normalized(found.distribution)
    folder = f"{name}-{found.version}-{stage.name.rpartition('-')[2]}"
    receipt = Receipt(
        distribution=found.distribution,
        version=found.version,
        folder=folder,
        asked=wishes.wanted,
        plugins=found.plugins,
        needs=found.needs,
        python=python_version() if found.compiled else "",
        at=clock.now(),
    )
    final = place.folder / folder
    stage.rename(final)
    try:
        write_receipt(place.plugins_dir, name, receipt)
    except OSError:
        shutil.rmtree(final, ignore_errors=True)
        raise
    return receipt


def find_receipt(name: str, receipts: Sequence[Receipt]) -> Receipt:
    """Find what was installed by the name of the distribution or of one of its plugins; raises NotFound."""
    for receipt in receipts:
        if normalized(receipt.distribution) == normalized(name) or name in receipt.plugins:
            return receipt
    from isaacd.command.explain import nearest

    known = [item for receipt in receipts for item in (receipt.distribution, *receipt.plugins)]
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else f"installed are: {', '.join(known) or 'none'}"
    raise NotFound(f"no plugin {name[:80]!r} was installed", hint=hint)
