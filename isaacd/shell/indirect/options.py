"""Options, of many programs, whose value is a line that a shell is given."""

from collections.abc import Iterator

from isaacd.shell.indirect.found import SHELLS, Found
from isaacd.shell.invocation import Invocation

# The options of each; a `=` at the end means that the value may only stand in the same word.
LINES_BEHIND: dict[str, tuple[str, ...]] = {
    "script": ("-c", "--command"),
    "flock": ("-c", "--command"),
    "su": ("-c", "--command", "--session-command"),
    "bat": ("--pager",),
    "batcat": ("--pager",),
    "delta": ("--pager",),
    "runuser": ("-c", "--command", "--session-command"),
    "sg": ("-c",),
    "npx": ("-c", "--call"),
    "npm": ("-c", "--call"),
    "pnpm": ("-c",),
    "rsync": ("-e", "--rsh", "--rsync-path"),
    "scp": ("-S",),
    "sftp": ("-S",),
    "tar": ("--to-command", "-I", "--use-compress-program", "-F", "--info-script", "--new-volume-script", "--rsh-command", "--rmt-command", "--checkpoint-action"),
    "bsdtar": ("--use-compress-program",),
    "zip": ("-TT", "--unzip-command"),
    "man": ("-P", "--pager", "-H", "--html"),
    "git": ("-x", "--exec", "--tree-filter", "--index-filter", "--msg-filter", "--env-filter", "--commit-filter", "--parent-filter", "--tag-name-filter", "--upload-pack", "--receive-pack", "-u", "-O", "--open-files-in-pager"),
    **dict.fromkeys(("fzf", "sk"), ("--preview", "--cmd", "-c")),
    "dmsetup": ("--exec",),
    "rpm": ("--pipe",),
    "tmux": ("-c",),
    "gcloud": ("--command",),
    "vagrant": ("-c", "--command"),
    "fly": ("-C", "--command"),
    "nix-shell": ("--run", "--command"),
    "wget": ("--use-askpass",),
    "sort": ("--compress-program",),
    "split": ("--filter",),
    "ssh-keygen": ("-D",),
    "nodemon": ("-x", "--exec"),
    "cargo": ("-s", "--shell", "-x", "--exec"),
    "hyperfine": ("-p", "--prepare", "-c", "--cleanup", "-s", "--setup", "--conclude"),
    "start-stop-daemon": ("-x", "--exec", "-a", "--startas"),
    "tcpdump": ("-z",),
    "dpkg": ("--pre-invoke", "--post-invoke"),
    "docker": ("--health-cmd",),
    "nc": ("-c", "--sh-exec", "-e", "--exec"),
    "ncat": ("-c", "--sh-exec", "-e", "--exec"),
    "netcat": ("-c", "-e"),
}  # fmt: skip


def lines_behind(invocation: Invocation) -> Found:
    """Find the lines that options of a program give to a shell."""
    texts: list[str] = []
    unseen = None
    for option, text in _values(invocation, LINES_BEHIND[invocation.name or ""]):
        if text is None:
            unseen = f"what {option} runs cannot be seen"
        elif option == "--checkpoint-action":
            if text.startswith("exec="):
                texts.append(text.removeprefix("exec="))
        elif text:
            texts.append(text)
            if text.partition(" ")[0].rpartition("/")[2] in SHELLS and " -c" not in text:
                unseen = f"what {invocation.name} gives to {text[:40]} is run, and cannot be seen"
    return Found(texts=tuple(texts), unseen=unseen)


def _values(invocation: Invocation, options: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    words = invocation.words
    for place, word in enumerate(words[1:], 1):
        value = word.value
        if value is None:
            option, equals, _ = word.beginning.partition("=")
            if equals and option in options:
                yield option, None
        elif value in options:
            if place + 1 < len(words):
                yield value, words[place + 1].value
        elif value.startswith("--"):
            option, equals, text = value.partition("=")
            if equals and option in options:
                yield option, text
        elif len(value) > 2 and value[:2] in options and value[0] == "-":
            yield value[:2], value[2:]
        elif (
            value[:1] == "-" and f"-{value[-1]}" in options and value[1:].isalpha() and place + 1 < len(words)
        ):
            yield f"-{value[-1]}", words[place + 1].value  # -qc LINE: short options that are joined
