"""The talk about a message: use it, edit it in one's own editor, or cancel."""

from isaac_plugins.commit.cards import CommitMessage
from isaac_plugins.commit.view import shown
from isaacd.api import Context, Handover


async def offer(context: Context, found: CommitMessage) -> Handover | None:
    """Have the person use, edit or leave the message; None if nothing is to be committed."""
    said = await context.choose(f"{shown(found, context.terminal)}\n[u]se [e]dit [c]ancel: ")
    key = (said or "").strip().lower()
    paragraphs = ["-m", found.subject, *(["-m", found.body] if found.body else [])]
    # What begins with # would be a comment for git; whoever edits it sees that.
    cleanup = "--cleanup=whitespace"
    if key in ("u", "use", "y", "yes"):
        return Handover(argv=("git", "commit", cleanup, *paragraphs))
    if key in ("e", "edit"):
        return Handover(argv=("git", "commit", "--edit", *paragraphs))
    return None
