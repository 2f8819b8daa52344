"""Where a provider's key comes from: a variable of the environment or a private file, never the configuration."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from isaacd.config import ProviderConfig
from isaacd.errors import PermissionDenied

MAX_KEY_BYTES = 16 * 1024


class Key:
    """A secret and the place it came from; only `reveal` gives the secret away."""

    __slots__ = ("_secret", "origin")

    def __init__(self, secret: str, origin: str) -> None:
        self._secret = secret
        self.origin = origin

    def reveal(self) -> str:
        """Return the secret itself, for the header of a request and nothing else."""
        return self._secret

    def __repr__(self) -> str:
        return f"<key from {self.origin}>"


def find_key(
    name: str, config: ProviderConfig, environ: Mapping[str, str], *, variable: str | None = None
) -> Key | None:
    """Return the key of provider `name`: from `api_key_file`, else from `api_key_env`, else from `variable`.

    None means that neither is configured and `variable` is not set: the provider may well need no key. A key that is
    configured but missing, unreadable, readable by others or malformed raises PermissionDenied. Reads a file.
    """
    if config.api_key_file is not None:
        path = _expand(config.api_key_file, environ)
        return _checked(name, Key(_read_private(name, path), f"the file {path}"))
    wanted = config.api_key_env or variable
    secret = environ.get(wanted, "").strip() if wanted else ""
    if secret:
        return _checked(name, Key(secret, f"the environment variable {wanted}"))
    if config.api_key_env is not None:
        raise PermissionDenied(
            f"provider {name} needs a key, but the environment variable {config.api_key_env} is not set",
            hint=f"`export {config.api_key_env}=...`, or set ai.providers.{name}.api_key_file",
        )
    return None


def _expand(path: str, environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME", "")
    if home and (path == "~" or path.startswith("~/")):
        return Path(home + path[1:])
    return Path(path)


def _read_private(name: str, path: Path) -> str:
    setting = f"ai.providers.{name}.api_key_file"
    if not path.is_absolute():
        raise PermissionDenied(f"{setting} must be an absolute path or begin with ~/, not {str(path)!r}")
    try:
        # Checked through the open descriptor, so that the file cannot be swapped between the check and the reading;
        # O_NONBLOCK, so that a named pipe cannot hold us.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise PermissionDenied(
            f"the key of provider {name} cannot be read from {path}: {error.strerror}",
            hint=f"put the key into that file and run `chmod 600 {path}`, or correct {setting}",
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise PermissionDenied(f"{path}, the key file of provider {name}, is not a regular file")
        if facts.st_uid != os.getuid():
            raise PermissionDenied(
                f"{path}, the key file of provider {name}, belongs to another user (uid {facts.st_uid})",
                hint="copy the key into a file of your own, with mode 600",
            )
        if facts.st_mode & 0o077:
            raise PermissionDenied(
                f"{path}, the key file of provider {name}, can be reached by others (mode {facts.st_mode & 0o777:o})",
                hint=f"`chmod 600 {path}`",
            )
        return file.read(MAX_KEY_BYTES).decode(errors="replace").strip()


def _checked(name: str, key: Key) -> Key:
    secret = key.reveal()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        what = (
            "holds no key"
            if not secret
            else "holds something that cannot be a key (blanks or odd characters)"
        )
        raise PermissionDenied(
            f"{key.origin} of provider {name} {what}", hint="it must hold the key and nothing else"
        )
    return key
