"""Repositories other than the one where a person works: git runs what their settings name, even to tell a status."""

from isaacd.judge.arguments import Arguments
from isaacd.judge.places import Whereabouts, shown, starts_with_tilde
from isaacd.shell.syntax import Word

_NAMING = ("-C", "--git-dir", "--work-tree")


def foreign(arguments: Arguments, where: Whereabouts) -> str | None:
    """Say why git may run what nobody has seen; None if it is here, or if the settings there are known to be plain.

    What is not known of settings counts only where the line itself names a folder outside of where it is typed.
    """
    around = where.around
    named = [option for option in _NAMING if option in arguments.options]
    folder = where.folders[-1] or ""
    for option in named:
        for value in arguments.value(option):
            text = value.value if isinstance(value, Word) else value
            if text is None:
                return "which repository it is cannot be seen"
            is_tilde = isinstance(value, Word) and starts_with_tilde(value)
            folder = where.path(text, folder, is_tilde=is_tilde) or folder
    if not named and folder in ("", where.folders[0]):
        return None
    runs = around.facts.git_runs(folder)
    here = around.facts.repository(around.cwd)
    top = where.folders[0] if here is None else here.root
    inside = f"{folder}/".startswith(f"{top}/")
    if runs:
        return f"settings of the repository {shown(folder, around.home)} name programs that git runs"
    if runs is None and named and not inside:
        return f"settings of the repository {shown(folder, around.home)} may name programs that git runs"
    return None
