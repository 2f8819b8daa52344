"""Diffs that are made up, as git writes them."""

from collections.abc import Sequence


def changed(
    path: str,
    *,
    old: Sequence[str] = (),
    new: Sequence[str] = (),
    before: Sequence[str] = (),
    about: str = "",
) -> str:
    """A file whose lines `old` became `new`, below the lines `before`."""
    removed, added = len(before) + len(old), len(before) + len(new)
    lines = [f" {line}" for line in before] + [f"-{line}" for line in old] + [f"+{line}" for line in new]
    return (
        f"diff --git a/{path} b/{path}\nindex 1111111..2222222 100644\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -1,{removed} +1,{added} @@ {about}\n" + "\n".join(lines) + "\n"
    )


def added(path: str, *lines: str) -> str:
    """A new file."""
    body = "\n".join(f"+{line}" for line in lines)
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n{body}\n"
    )


def deleted(path: str, *lines: str) -> str:
    """A file that is gone."""
    body = "\n".join(f"-{line}" for line in lines)
    return (
        f"diff --git a/{path} b/{path}\ndeleted file mode 100644\nindex 1111111..0000000\n--- a/{path}\n+++ /dev/null\n"
        f"@@ -1,{len(lines)} +0,0 @@\n{body}\n"
    )


def renamed(before: str, after: str) -> str:
    """A file that has another name."""
    return (
        f"diff --git a/{before} b/{after}\nsimilarity index 100%\nrename from {before}\nrename to {after}\n"
    )
