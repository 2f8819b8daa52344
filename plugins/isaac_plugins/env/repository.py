"""The git repository around a folder, as its files describe it; git is not run."""

from pathlib import Path

from isaac_plugins.env.cards import Repository

_MOST_ABOVE = 64
_UNDER_WAY = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)


def repository(folder: Path) -> Repository | None:
    """Describe the repository that a folder is in; None if it is in none."""
    for place in (folder, *list(folder.parents)[:_MOST_ABOVE]):
        git = place / ".git"
        try:
            if git.is_file():
                told = git.read_text("utf-8", "replace")[:4096].strip()
                git = (place / told.removeprefix("gitdir:").strip()).resolve()
            if (git / "HEAD").is_file():
                return _described(place, git)
        except OSError:
            return None
    return None


def _described(root: Path, git: Path) -> Repository:
    common = _common(git)
    head = _line(git / "HEAD") or ""
    branch = head.removeprefix("ref: refs/heads/") if head.startswith("ref: ") else None
    commit = _resolve(git, common, head.removeprefix("ref: ")) if branch is not None else head
    state = next((name for file, name in _UNDER_WAY if (git / file).exists()), None)
    try:
        stashes = len((common / "logs/refs/stash").read_bytes().splitlines())
    except OSError:
        stashes = 0
    return Repository(root=str(root), branch=branch, commit=commit or None, state=state, stashes=stashes)


def _common(git: Path) -> Path:
    """Return where a worktree shares its references with others."""
    told = _line(git / "commondir")
    return (git / told).resolve() if told else git


def _resolve(git: Path, common: Path, name: str) -> str | None:
    for folder in (git, common):
        found = _line(folder / name)
        if found:
            return found
    try:
        packed = (common / "packed-refs").read_text("utf-8", "replace")
    except OSError:
        return None
    return next((line.split(" ", 1)[0] for line in packed.splitlines() if line.endswith(f" {name}")), None)


def _line(file: Path) -> str | None:
    try:
        return file.read_text("utf-8", "replace")[:4096].strip() or None
    except OSError:
        return None
