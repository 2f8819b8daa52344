"""A commit message as people read it; into a pipe the message alone."""

from isaac_plugins.commit.cards import CommitMessage
from isaacd.api import Terminal, plain


def show(found: CommitMessage | str, terminal: Terminal) -> str:
    """Show a message; nothing if a person has been talked to about it already."""
    if isinstance(found, str):
        return ""
    return shown(found, terminal) if terminal.stdout else found.message


def shown(found: CommitMessage, terminal: Terminal) -> str:
    """Show a message with where it comes from."""
    lines = [terminal.style(plain(found.subject), 1)]
    if found.body:
        lines += ["", plain(found.body)]
    added, removed = sum(file.added for file in found.files), sum(file.removed for file in found.files)
    source = "told from the diff, no AI was asked" if found.source == "diff" else f"by {plain(found.source)}"
    count = "1 file" if len(found.files) == 1 else f"{len(found.files)} files"
    lines += ["", terminal.style(f"{count}, +{added} -{removed}; {source}", 2)]
    lines += [
        terminal.style(f"careful: {plain(secret.path)}:{secret.line} seems to hold {secret.kind}", 33)
        for secret in found.secrets[:5]
    ]
    return "\n".join(lines)
