"""A backup brought back: laid out and checked first, then put in place in steps that can be done again.

Up to the moment when `restore.json` is written nothing has changed; from then on the new state holds, and whoever comes
next (the daemon before it opens anything, or the next `restore`) finishes what a kill has interrupted.
"""

import shutil
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from isaacd.backup.archive import damaged, make_archive, opened, unpack
from isaacd.backup.disk import free_bytes, make_folder, sync_file, sync_folder, written_whole
from isaacd.backup.inventory import KEPT, MARKER, STAGING, owned, roots
from isaacd.backup.manifest import Manifest, Outcome
from isaacd.backup.snapshot import check, remove_beside
from isaacd.backup.versions import refuse_newer
from isaacd.errors import InvalidParams, StorageUnavailable
from isaacd.paths import Paths

COPIES = 3


class Move(msgspec.Struct, frozen=True):
    """A file that goes to its place; both are relative to the folder `root`."""

    root: str
    staged: str
    target: str
    database: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is left to be done, written down before any of it is: `remove` are names as in an archive."""

    moves: tuple[Move, ...]
    remove: tuple[str, ...]
    kept: str


def restore(paths: Paths, file: Path, *, now: float | None = None) -> Outcome:
    """Bring back what is in `file`; the caller holds the daemon's lock. What was there before is kept as a backup.

    Raises NotFound, InvalidParams for a damaged archive, UnsupportedVersion for a newer one, StorageUnavailable without
    room: in each of these cases nothing has changed.
    """
    finish(paths)
    try:
        try:
            with opened(file) as (manifest, tar):
                refuse_newer(file, manifest)
                _check_places(paths, file, manifest)
                _clear(paths)
                staging = paths.data_dir / STAGING
                make_folder(staging)
                unpack(file, tar, manifest, staging)
            _check_databases(file, manifest, staging)
            kept = keep(
                paths, "restore", with_keys=manifest.with_keys, now=time.time() if now is None else now
            )
            _commit(paths, manifest, staging, kept)
        except BaseException:
            if not (paths.state_dir / MARKER).exists():
                _clear(paths)
            raise
        finish(paths)
    except OSError as error:
        raise StorageUnavailable(
            f"the backup cannot be brought back: {error.strerror or error}",
            hint="look at the room on the disk, then do the same again",
        ) from error
    return outcome(file, manifest, kept=str(kept))


def keep(paths: Paths, why: str, *, with_keys: bool, now: float) -> Path:
    """Keep all that is there now; the newest few of these copies stay."""
    folder = paths.state_dir / KEPT
    make_folder(folder)
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    copy = folder / f"before-{why}-{stamp}.isaac"
    make_archive(paths, copy, with_keys=with_keys, now=now, damaged_too=True)
    for old in sorted(folder.glob(f"before-{why}-*.isaac"))[:-COPIES]:
        old.unlink(missing_ok=True)
    return copy


def outcome(file: Path, manifest: Manifest, *, kept: str = "") -> Outcome:
    """Sum up an archive."""
    return Outcome(
        file=str(file),
        files=len(manifest.files),
        databases=sum(entry.database for entry in manifest.files),
        bytes=sum(entry.bytes for entry in manifest.files),
        with_keys=manifest.with_keys,
        isaac=manifest.isaac,
        made_at=manifest.made_at,
        kept=kept,
        skipped=manifest.skipped,
    )


def finish(paths: Paths) -> bool:
    """Do what is left of a restoration that was begun; say whether there was any. The caller holds the daemon's lock.

    Raises StorageUnavailable where it cannot be done now; it can be tried again.
    """
    marker = paths.state_dir / MARKER
    try:
        plan = msgspec.json.decode(marker.read_bytes(), type=Plan)
        _carry_out(paths, plan)
        marker.unlink()
        sync_folder(marker.parent)
    except FileNotFoundError as error:
        if error.filename == str(marker):
            return False
        raise _unfinished(marker, error) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise _unfinished(marker, error) from error
    _clear(paths)
    return True


def _unfinished(marker: Path, error: Exception) -> StorageUnavailable:
    why = getattr(error, "strerror", None) or error
    return StorageUnavailable(
        f"a restoration was interrupted and cannot be finished: {why}",
        hint=f"look at the room on the disk; what was there before is in {marker.parent / KEPT}",
    )


def _carry_out(paths: Paths, plan: Plan) -> None:
    where = roots(paths)
    touched: set[Path] = set()
    for name in plan.remove:
        root, _, inside = name.partition("/")
        target = where[root] / inside
        target.unlink(missing_ok=True)
        remove_beside(target)
        touched.add(target.parent)
    for move in plan.moves:
        staged, target = where[move.root] / move.staged, where[move.root] / move.target
        if not staged.exists():
            continue  # it is in its place already
        make_folder(target.parent)
        if move.database or move.target.endswith(".sqlite"):
            remove_beside(target)
        staged.replace(target)
        touched.add(target.parent)
    for folder in touched:
        if folder.is_dir():
            sync_folder(folder)


def _check_places(paths: Paths, file: Path, manifest: Manifest) -> None:
    """Refuse what could not be put in its place once all depends on it: from then on there is no way back."""
    where = roots(paths)
    for entry in manifest.files:
        root, _, inside = entry.path.partition("/")
        target = where[root] / inside
        try:
            is_folder = stat.S_ISDIR(target.lstat().st_mode)
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            raise InvalidParams(
                f"{target} cannot be brought back: a file is where its folder would be",
                hint="move that file away, then restore again; nothing was changed",
            ) from None
        except OSError as error:
            raise damaged(file, f"{entry.path[:80]}: {error.strerror}") from None
        if is_folder:
            raise InvalidParams(
                f"{target} cannot be brought back: a folder is there",
                hint="move it away, then restore again; nothing was changed",
            )
    need = sum(entry.bytes for entry in manifest.files)
    free = free_bytes(paths.data_dir)
    if need > free:
        raise StorageUnavailable(
            f"the backup unpacks to {need // 1024**2} MiB, and there are {free // 1024**2} MiB free",
            hint="make room; nothing was changed",
        )


def _check_databases(file: Path, manifest: Manifest, staging: Path) -> None:
    for number, entry in enumerate(manifest.files):
        if entry.database:
            stamp = check(staging / str(number))
            if (stamp.number, stamp.version) != (entry.number, entry.version):
                raise damaged(file, f"{entry.path} is not what it is said to be")


def _commit(paths: Paths, manifest: Manifest, staging: Path, kept: Path) -> None:
    """Bring each file onto the disk where it will be needed, then write down that it counts."""
    where = roots(paths)
    moves = []
    for number, entry in enumerate(manifest.files):
        root, _, inside = entry.path.partition("/")
        beside = where[root] / STAGING
        if beside != staging:  # which may be another disk, where a mere renaming could not go
            make_folder(beside)
            shutil.move(staging / str(number), beside / str(number))
            sync_file(beside / str(number))
        moves.append(Move(root, f"{STAGING}/{number}", inside, entry.database))
    for folder in where.values():
        if (folder / STAGING).is_dir():
            sync_folder(folder / STAGING)
    present, _ = owned(paths, with_keys=manifest.with_keys)
    coming = {entry.path for entry in manifest.files}
    remove = tuple(item.name for item in present if item.name not in coming and not item.path.is_symlink())
    make_folder(paths.state_dir)
    with written_whole(paths.state_dir / MARKER) as out:
        out.write(msgspec.json.encode(Plan(moves=tuple(moves), remove=remove, kept=str(kept))))


def _clear(paths: Paths) -> None:
    for folder in roots(paths).values():
        shutil.rmtree(folder / STAGING, ignore_errors=True)
