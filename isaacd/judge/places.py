"""What kind of place a path is: within the working tree, somebody's keys, a disk, the whole system."""

import posixpath
from collections.abc import Sequence
from typing import Literal

import msgspec

from isaacd.judge.links import Links, linked
from isaacd.judge.surroundings import Surroundings
from isaacd.shell.syntax import Text, Unseen, Word

PlaceKind = Literal[
    "sink",
    "temporary",
    "all-temporary",
    "new",
    "tree",
    "clean",
    "whole-tree",
    "repository",
    "home",
    "startup",
    "keys",
    "all-home",
    "outside",
    "system",
    "root",
    "device",
    "unseen",
    "unseen-whole",
    "given",
    "remote",
]
_SINKS = frozenset(
    ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty", "/dev/zero", "/dev/full")
)
_SYSTEM = frozenset(
    "etc usr bin sbin lib lib32 lib64 libx32 boot var opt root proc sys dev run snap nix efi srv lost+found "
    "System Library Applications private cores".split()
)
# Folders of the system below which people work.
_WORKPLACES = ("/srv/", "/opt/", "/var/www/", "/usr/src/", "/usr/local/src/")
_KEYS = (".ssh", ".gnupg", ".aws", ".kube", ".password-store", ".azure", ".config/gcloud", ".docker", ".pki")
_KEY_FILES = frozenset(
    (".netrc", ".pgpass", ".my.cnf", ".git-credentials", ".vault-token", ".npmrc", ".pypirc")
)
_STARTUP = frozenset(
    ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout .kshrc "
    ".cshrc .tcshrc .login .inputrc .xinitrc .xprofile .xsession .vimrc .gitconfig .tmux.conf .screenrc .emacs .mkshrc "
    ".pam_environment .forward .rhosts .shosts .hushlogin".split()
)
_STARTUP_FOLDERS = (".config/fish", ".config/autostart", ".config/systemd", ".config/git", ".local/bin", "bin",
                    ".config/environment.d", ".config/isaac", ".oh-my-zsh", "Library/LaunchAgents")  # fmt: skip
_GLOB = frozenset("*?[]!^")


class Place(msgspec.Struct, frozen=True):
    """A kind of place, and the path as a person would write it."""

    kind: PlaceKind
    path: str


class Whereabouts:
    """Where a line is as its commands go by: `cd` moves it, and may have failed, so both places count."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self._temporary = around.temporary
        self.folders: list[str | None] = [posixpath.normpath(around.cwd or "/")]
        self._links = Links()

    def change(self, word: Word | None) -> None:
        """Follow a `cd`."""
        value = self.around.home if word is None else word.value
        if value is None or value == "-":
            folder = None
        else:
            folder = self.path(value, self.folders[-1], is_tilde=word is not None and starts_with_tilde(word))
        for one in (folder, *(() if folder is None else self._links.behind(folder, itself=True))):
            if one not in self.folders:
                self.folders = [self.folders[0], *self.folders[1:][-6:], one]

    def at(self, word: Word) -> "Whereabouts":
        """Return where a command is that is run in another folder."""
        other = Whereabouts(self.around)
        other.folders, other._links = list(self.folders[:1]), self._links
        other.change(word)
        other.folders = other.folders[-1:]
        return other

    def link(self, words: Sequence[Word]) -> None:
        """Follow what makes a link, or shows a folder at another place."""
        targets, name = linked(words)
        for folder in self.folders:
            for target in targets:
                where = [
                    self.path(word.value, folder, is_tilde=starts_with_tilde(word))
                    for word in (target, name)
                    if word is not None and word.value is not None
                ]
                if where and where[0] is not None and where[-1] is not None:
                    self._links.add(where[0], where[-1] if name is not None else folder or "")

    def path(self, value: str, folder: str | None, *, is_tilde: bool) -> str | None:
        """Return the absolute path that a text means in a folder; None if that is not seen."""
        if is_tilde:
            user, _, rest = value[1:].partition("/")
            if user == "+":  # the folder itself
                return None if folder is None else posixpath.normpath(posixpath.join(folder, rest))
            if user == "-":
                return None
            base = self.around.home if not user else f"/home/{user}"
            return posixpath.normpath(posixpath.join(base, rest))
        if value.startswith("/"):
            normal = posixpath.normpath(value)
            return normal[1:] if normal.startswith("//") else normal
        return None if folder is None else posixpath.normpath(posixpath.join(folder, value))

    def places(self, word: Word, *, remote: bool = False, follow: bool = False) -> list[Place]:
        """Say what kind of place a word means, from each folder where the line may be by then."""
        seen = word.beginning
        if word.value is None and not seen.startswith("/"):
            if _is_temporary(word):
                return [Place("all-temporary", word.raw)]
            return [Place("unseen-whole" if _may_be_root(word) else "unseen", word.raw)]
        text, everything = _plain(word)
        found = []
        folders: list[str | None] = [None] if remote else self.folders
        for folder in folders:
            path = self.path(text or ".", folder, is_tilde=starts_with_tilde(word))
            if path is None:
                # Elsewhere a session begins in its home, so `*` and `.` are all of it.
                at_home: PlaceKind = "all-home" if everything or text in ("", ".", "./") else "outside"
                found.append(Place(at_home if remote else "unseen", word.raw))
                continue
            found.append(self._place(path, word, everything=everything, remote=remote, follow=follow))
            if self._links and not remote:
                through = follow or everything or text.endswith(("/", "/."))
                found += [
                    self._place(other, word, everything=everything, remote=False, follow=False)
                    for other in self._links.behind(path, itself=through)
                ]
        return found

    def _place(self, path: str, word: Word, *, everything: bool, remote: bool, follow: bool) -> Place:
        around = self.around
        if follow and not remote and word.value is not None:
            path = around.facts.real(path)
        kind = self.kind(path, everything=everything, remote=remote)
        if word.value is None and kind not in ("root", "device", "keys", "system", "startup"):
            kind = "unseen"  # the end of it may lead elsewhere, as `/tmp/$X` with `..` in X does
        if kind == "tree":
            kind = self._in_tree(path, is_pattern=word.is_pattern)
        if everything:
            return Place(kind, f"{shown(path, around.home).rstrip('/')}/*")
        return Place(kind, word.raw if word.is_pattern else shown(path, around.home))

    def _in_tree(self, path: str, *, is_pattern: bool) -> PlaceKind:
        facts = self.around.facts
        if not is_pattern and facts.kind(path) == "missing":
            return "new"
        return "tree"

    def is_clean(self, place: Place, word: Word) -> bool:
        """Say whether git could bring back what is at a place of the working tree."""
        if place.kind != "tree" or word.is_pattern or word.value is None or len(self.folders) > 1:
            return False
        path = self.path(word.value, self.folders[0], is_tilde=starts_with_tilde(word))
        repository = None if path is None else self.around.facts.repository(path)
        if path is None or repository is None:
            return False
        return self.around.facts.is_clean(repository, path) is True

    def kind(self, path: str, *, everything: bool = False, remote: bool = False) -> PlaceKind:  # noqa: C901
        """Say what kind of place an absolute path is; the first that fits counts."""
        around = self.around
        if path in _SINKS or path.startswith(("/dev/fd/", "/dev/pts/")):
            return "sink"
        if path.startswith(("/dev/tcp/", "/dev/udp/")):
            return "remote"
        # A home may be among the temporary files, and is a home all the same.
        is_own = path == around.home or path.startswith(f"{around.home}/")
        if path in self._temporary and not is_own:
            return "all-temporary"
        if not is_own and any(path.startswith(f"{folder}/") for folder in self._temporary):
            return "whole-tree" if _holds(path, around.cwd) and not remote else "temporary"
        if path.startswith("/dev/") and path != "/dev":
            return "device"
        parts = path.split("/")
        if (
            path in ("/", around.home)
            or len(parts) == 2
            or (parts[1] in ("home", "Users") and len(parts) == 3)
        ):
            if path == around.home or (len(parts) == 3 and parts[1] in ("home", "Users")):
                return "all-home"
            if path == around.cwd != "/" and not everything and parts[1] not in _SYSTEM:
                return "whole-tree"
            return "root"
        private = _private(path, around.home)
        if private is not None:
            return private
        if ".git" in parts[1:]:
            return "repository"
        if not remote and _holds(path, around.cwd):
            return "whole-tree"
        in_home = path.startswith(f"{around.home}/")
        in_tree = not remote and path.startswith(f"{around.cwd.rstrip('/')}/")
        if parts[1] in _SYSTEM and not in_home and not (in_tree and around.cwd.startswith(_WORKPLACES)):
            return "system"
        if in_tree:
            return "tree"
        return "home" if in_home else "outside"


def _private(path: str, home: str) -> PlaceKind | None:
    """Recognise what starts with every session, and what holds keys, in any home."""
    if path.startswith(f"{home}/"):
        rest = path[len(home) + 1 :]
    elif path.startswith(("/home/", "/Users/", "/root/")):
        rest = path.split("/", 3 if not path.startswith("/root/") else 2)[-1]
    else:
        return None
    if rest in _KEY_FILES or any(rest == name or rest.startswith(f"{name}/") for name in _KEYS):
        return "keys"
    if rest in _STARTUP or any(rest == name or rest.startswith(f"{name}/") for name in _STARTUP_FOLDERS):
        return "startup"
    return None


def _holds(path: str, cwd: str) -> bool:
    """Say whether a folder is the working one, or above it."""
    return path == cwd or path == "/" or cwd.startswith(f"{path}/")


def starts_with_tilde(word: Word) -> bool:
    """Say whether the shell takes the word's `~` for a home."""
    first = word.parts[0] if word.parts else None
    return isinstance(first, Text) and not first.quoted and first.text.startswith("~")


def _plain(word: Word) -> tuple[str, bool]:
    """Return the path before the first pattern of a word, and whether the pattern takes everything there."""
    text = word.beginning
    if not word.is_pattern:
        return text, False
    parts = text.split("/")
    for index, part in enumerate(parts):
        if not any(char in _GLOB for char in part):
            continue
        before = "/".join(parts[:index]) or ("/" if index and not parts[0] else "")
        rest = [item for item in parts[index:] if item]
        if all(item.startswith("!(") or all(char in "*?.[]!^" for char in item) for item in rest):
            return before, True
        # Something of what is there: one that is like no other stands for all that match.
        return posixpath.join(before, part.replace("*", "_").replace("?", "_").replace("[", "_")), False
    return text, False


def _is_temporary(word: Word) -> bool:
    """Recognise the variable that names the folder of temporary files, with nothing behind it."""
    first = word.parts[0] if word.parts else None
    named = isinstance(first, Unseen) and first.kind == "variable" and first.name in ("TMPDIR", "TMP", "TEMP")
    return named and _may_be_root(word)


def _may_be_root(word: Word) -> bool:
    """Say whether a word whose value is not seen would mean everything, were the value empty."""
    rest = "".join(part.text for part in word.parts if isinstance(part, Text))
    return not rest.strip("/*.")


def shown(path: str, home: str) -> str:
    """Write a path with `~` for the home."""
    if path == home:
        return "~"
    return f"~{path[len(home) :]}" if len(home) > 1 and path.startswith(f"{home}/") else path
