"""A commit message out of the diff alone: what was done to which files and to which names in them."""

import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from isaac_plugins.commit.kinds import is_only_blanks, kind_of, names_in
from isaacd.api import DiffFile

MAX_SUBJECT_CHARS = 72
_MOST_NAMES = 4
_MOST_FILES = 20
_VERSION = re.compile(r"""^\s*["']?version["']?\s*[:=]\s*["']?v?(\d+(?:\.\d+)+[\w.+-]*)""", re.IGNORECASE)
_PINNED = re.compile(
    r"""^\s*["']?(?P<name>[A-Za-z@][\w@/.-]{1,80})["']?\s*(?:[:=]=?|~=|>=|@)\s*["'^~>=v]{0,4}(?P<version>\d+(?:\.\d+)+[\w.+-]*)["',;\s]*$"""
)
_VERBS = {
    "added": "Add",
    "deleted": "Remove",
    "renamed": "Rename",
    "copied": "Copy",
    "mode": "Change the mode of",
}
_TYPES = {"docs": "docs", "tests": "test", "ci": "ci", "build": "build", "lock": "build", "config": "chore"}


class Described(msgspec.Struct, frozen=True):
    """What a diff says of itself: a subject without a type, the type and scope for conventional commits, and a body."""

    subject: str
    kind: str
    scope: str
    body: str

    def written(self, style: str) -> tuple[str, str]:
        """Return subject and body in a style."""
        if style != "conventional":
            return _short(self.subject), self.body
        scope = f"({self.scope})" if self.scope else ""
        subject = self.subject[:1].lower() + self.subject[1:] if self.subject[1:2].islower() else self.subject
        return _short(f"{self.kind}{scope}: {subject}"), self.body


def describe(files: Sequence[DiffFile]) -> Described:
    """Describe what a diff does."""
    kinds = [kind_of(file.path) for file in files]
    subject = _bumped(files) or (_one(files[0]) if len(files) == 1 else _many(files, kinds))
    body = "" if len(files) == 1 and not _details(files[0]) else "\n".join(_rows(files))
    return Described(subject, _type(files, kinds), _scope(files), body)


def _one(file: DiffFile) -> str:
    name = _name(file.path)
    if file.change == "renamed":
        return _renamed(file)
    if file.change == "mode":
        return f"Change the mode of {name}"
    if file.change in ("added", "deleted", "copied"):
        verb = _VERBS[file.change]
        new = names_in(file)[0]
        what = f" with {_listed(new)}" if file.change == "added" and new else ""
        return _fitting(f"{verb} {name}{what}", f"{verb} {name}")
    if file.is_binary:
        return f"Replace {name}"
    if is_only_blanks(file):
        return f"Change the layout of {name}"
    new, gone, changed = names_in(file)
    told = [f"add {_listed(new)}"] if new else []
    told += [f"remove {_listed(gone)}"] if gone else []
    told += [f"change {_listed(changed)}"] if changed and not told else []
    if len(new) == len(gone) == 1:
        told = [f"rename {gone[0]} to {new[0]}"]
    if told:
        text = " and ".join(told)
        return _fitting(f"{text[:1].upper()}{text[1:]} in {name}", f"Update {name}")
    heading = _heading(file)
    added, removed = _counts(file)
    verb = "Extend" if added and not removed else "Shorten" if removed and not added else "Update"
    return _fitting(f"{verb} {name}{f': {heading}' if heading else ''}", f"{verb} {name}")


def _many(files: Sequence[DiffFile], kinds: Sequence[str]) -> str:
    changes = Counter(file.change for file in files)
    place = _common(files)
    where = f" in {place}" if place else ""
    if len(changes) == 1 and "changed" not in changes:
        (change,) = changes
        if change == "renamed":
            moved = {(posixpath.dirname(file.before or ""), posixpath.dirname(file.path)) for file in files}
            if len(moved) == 1 and all(_name(file.before or "") == _name(file.path) for file in files):
                before, after = moved.pop()
                return f"Move {len(files)} files from {before or 'the top'} to {after or 'the top'}"
        return _fitting(
            f"{_VERBS[change]} {_listed([_name(file.path) for file in files])}{where}",
            f"{_VERBS[change]} {len(files)} files{where}",
        )
    if all(is_only_blanks(file) for file in files if file.hunks) and any(file.hunks for file in files):
        return f"Change the layout of {len(files)} files{where}"
    # Tests and papers follow the code: what the code does is the news.
    code = [file for file, kind in zip(files, kinds, strict=True) if kind == "code"] or list(files)
    new = [name for file in code for name in names_in(file)[0] if not name.startswith("_")]
    gone = [name for file in code for name in names_in(file)[1] if not name.startswith("_")]
    fresh = [file for file in code if file.change == "added"]
    if len(code) == 1 and len(files) > 1:
        with_what = sorted(
            {"tests" if kind == "tests" else kind for kind in kinds if kind in ("tests", "docs")}
        )
        subject = _one(code[0])
        longer = f"{subject}, with {' and '.join(with_what)}" if with_what else subject
        return _fitting(longer, subject)
    if len(fresh) > 3 or (fresh and len(fresh) * 2 > len(code)):
        return _fresh(fresh, len(files) - len(fresh))
    if fresh:
        return _fitting(
            f"Add {_listed([_name(file.path) for file in fresh])}{where}", f"Add {len(fresh)} files{where}"
        )
    if (new or gone) and len(set(new + gone)) <= _MOST_NAMES:
        told = f"Add {_listed(new)}" if len(new) >= len(gone) else f"Remove {_listed(gone)}"
        return _fitting(f"{told}{where}", f"Update {len(files)} files{where}")
    if new or gone:
        # There is too much to name it all: the file where most has happened stands for it.
        most = max(code, key=lambda file: sum(_counts(file)))
        others = len(files) - 1
        return _fitting(
            f"{_one(most)}, and change {others} files more",
            f"Update {_name(most.path)} and {others} files more",
        )
    names = _listed([_name(file.path) for file in code])
    return _fitting(f"Update {names}{where}", f"Update {len(files)} files{where}")


def _fresh(fresh: Sequence[DiffFile], others: int) -> str:
    """Name many new files: by their folder if they share one, else by the largest of them."""
    folders = Counter[str]()
    for file in fresh:
        folders[posixpath.dirname(file.path)] += sum(_counts(file))
    folder, lines = folders.most_common(1)[0]
    more = "" if not others else ", and change a file" if others == 1 else f", and change {others} files"
    inside = [file for file in fresh if posixpath.dirname(file.path) == folder]
    if folder and len(inside) > 1 and lines * 2 >= folders.total():
        return _fitting(f"Add {folder} ({len(inside)} files){more}", f"Add {_name(folder)}{more}")
    largest = sorted(fresh, key=lambda file: -sum(_counts(file)))[:3]
    left = len(fresh) - len(largest)
    names = ", ".join(_name(file.path) for file in largest)
    return _fitting(
        f"Add {names}{f' and {left} files more' if left else ''}{more}", f"Add {len(fresh)} files{more}"
    )


def _bumped(files: Sequence[DiffFile]) -> str | None:
    """Say that a version was raised, if that is all that happened."""
    real = [file for file in files if kind_of(file.path) != "lock"]
    if not real:
        return "Update the locked versions of dependencies" if files else None
    found: dict[str, tuple[str, str]] = {}
    for file in real:
        old, new = list(file.removed()), list(file.added())
        if (
            len(old) != len(new)
            or not old
            or len(old) > 20
            or kind_of(file.path) not in ("build", "code", "config")
        ):
            return None
        for before, after in zip(old, new, strict=True):
            first, second = _VERSION.match(before.text), _VERSION.match(after.text)
            if first and second:
                found["version"] = (first[1], second[1])
                continue
            pinned, then = _PINNED.match(before.text), _PINNED.match(after.text)
            if not (pinned and then and pinned["name"] == then["name"]):
                return None
            found[pinned["name"]] = (pinned["version"], then["version"])
    if len(found) == 1:
        ((name, (before_version, after_version)),) = found.items()
        what = "the version" if name == "version" else name
        return f"Raise {what} from {before_version} to {after_version}"
    return f"Raise {_listed(list(found))}" if found else None


def _rows(files: Sequence[DiffFile]) -> list[str]:
    """Write a row for each file, the ones with most lines first where they are many."""
    shown = list(files)
    if len(shown) > _MOST_FILES:
        shown = sorted(files, key=lambda file: -sum(_counts(file)))[:_MOST_FILES]
    rows = []
    for file in shown:
        details = _details(file)
        head = {
            "added": f"add {file.path}",
            "deleted": f"remove {file.path}",
            "renamed": f"rename {file.before} to {file.path}",
            "copied": f"copy {file.before} to {file.path}",
        }.get(file.change, file.path)
        rows.append(f"- {head}: {details}" if details else f"- {head}")
    left = len(files) - len(shown)
    return [*rows, f"- and {left} files more"] if left else rows


def _details(file: DiffFile) -> str:
    if file.is_binary:
        return "binary"
    if file.change == "mode":
        return "mode"
    if file.change == "deleted":
        return ""
    new, gone, changed = names_in(file)
    told = [f"add {_listed(new)}"] if new else []
    told += [f"remove {_listed(gone)}"] if gone else []
    told += [f"change {_listed(changed)}"] if changed else []
    if not told and file.hunks:
        added, removed = _counts(file)
        told = (
            ["layout only"]
            if is_only_blanks(file)
            else [f"+{added} -{removed} lines"]
            if file.change != "added"
            else [f"{added} lines" if added != 1 else "1 line"]
        )
    return "; ".join(told)


def _type(files: Sequence[DiffFile], kinds: Sequence[str]) -> str:
    for kind, type_ in _TYPES.items():
        if all(item == kind for item in kinds):
            return type_
    if _bumped(files) is not None:
        return "chore"
    if any(file.hunks for file in files) and all(is_only_blanks(file) for file in files if file.hunks):
        return "style"
    code = [file for file, kind in zip(files, kinds, strict=True) if kind == "code"]
    if any(file.change == "added" or names_in(file)[0] for file in code) and not all(
        file.change == "renamed" for file in code
    ):
        new = sum(len(names_in(file)[0]) for file in code)
        gone = sum(len(names_in(file)[1]) for file in code)
        return "feat" if new > gone or any(file.change == "added" for file in code) else "refactor"
    return "refactor" if code else "chore"


def _scope(files: Sequence[DiffFile]) -> str:
    place = _common(files)
    name = PurePosixPath(place).name if place else ""
    return (
        name
        if re.fullmatch(r"[a-z][\w-]{1,24}", name) and name not in ("src", "lib", "tests", "test")
        else ""
    )


def _common(files: Sequence[DiffFile]) -> str:
    folders = [posixpath.dirname(file.path) for file in files]
    return posixpath.commonpath(folders) if folders and all(folders) else ""


def _renamed(file: DiffFile) -> str:
    before, after = file.before or "", file.path
    if _name(before) == _name(after):
        return _fitting(
            f"Move {_name(after)} to {posixpath.dirname(after) or 'the top'}", f"Move {_name(after)}"
        )
    return _fitting(f"Rename {_name(before)} to {_name(after)}", f"Rename {_name(after)}")


def _heading(file: DiffFile) -> str:
    """Return the heading of a text below which most has changed, or the first new one."""
    for line in file.added():
        match = re.match(r"#{1,4}\s+(.{2,50})", line.text)
        if match is not None:
            return match[1].strip()
    abouts = [hunk.about.lstrip("# ") for hunk in file.hunks if hunk.about.startswith("#")]
    return abouts[0][:50] if abouts else ""


def _counts(file: DiffFile) -> tuple[int, int]:
    return sum(1 for _ in file.added()), sum(1 for _ in file.removed())


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _listed(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    if len(shown) > _MOST_NAMES:
        return f"{', '.join(shown[: _MOST_NAMES - 1])} and {len(shown) - _MOST_NAMES + 1} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def _fitting(text: str, shorter: str) -> str:
    return text if len(text) <= MAX_SUBJECT_CHARS - 12 else shorter


def _short(subject: str) -> str:
    return (
        subject
        if len(subject) <= MAX_SUBJECT_CHARS
        else subject[: MAX_SUBJECT_CHARS - 1].rsplit(" ", 1)[0].rstrip(",") + "\u2026"
    )
