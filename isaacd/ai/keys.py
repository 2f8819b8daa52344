"""Where a provider's key comes from: the environment, a private file, systemd or the keyring, never the configuration."""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import PermissionDenied
from isaacd.paths import make_private

MAX_KEY_BYTES = 16 * 1024
# Beside the configuration file; one file for each provider.
KEY_FOLDER = "keys"


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
        setting = f"ai.providers.{name}.api_key_file"
        return _checked(name, Key(_read_private(name, path, setting), f"the file {path}"))
    wanted = config.api_key_env or variable
    secret = environ.get(wanted, "").strip() if wanted else ""
    if secret:
        return _checked(name, Key(secret, f"the environment variable {wanted}"))
    if config.api_key_env is not None:
        raise PermissionDenied(
            f"provider {name} needs a key, but the environment variable {config.api_key_env} is not set",
            hint=_how_to_set(name, config.api_key_env),
        )
    return None


def find_stored_key(
    name: str, environ: Mapping[str, str], folder: Path, *, variable: str | None = None
) -> Key | None:
    """Return the key of provider `name` from the files where keys are stored, None if it is in none.

    The places, in this order: a credential that systemd passed (`NAME_api_key`, or the variable's name, in
    CREDENTIALS_DIRECTORY), and the file `folder/NAME` that `isaacctl keys set` writes. Raises PermissionDenied as
    `find_key` does.
    """
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    for credential in (f"{name}_api_key", variable) if credentials else ():
        if credentials and credential and (path := Path(credentials, credential)).is_file():
            # systemd makes these unreadable for others, and they may well belong to root.
            return _checked(name, Key(_read(path), f"the systemd credential {credential}"))
    if not os.path.exists(f"{folder}/{name}"):  # noqa: PTH110 - done for every question
        return None
    path = folder / name
    return _checked(name, Key(_read_private(name, path, f"the file {path}"), f"the file {path}"))


def find_keyring_key(name: str) -> Key | None:
    """Return the key of provider `name` from the system's keyring (service `isaac`), if the extra is installed.

    It waits for another program: call it in a thread.
    """
    secret = _ask_keyring(name)
    return _checked(name, Key(secret, "the keyring")) if secret else None


def key_origin(
    name: str, config: ProviderConfig, environ: Mapping[str, str], folder: Path, kind: object
) -> str:
    """Say where the key of a provider comes from, or what is wrong with it; `kind` is what makes its providers."""
    variable = getattr(kind, "key_variable", None)
    try:
        key = (
            find_key(name, config, environ, variable=variable)
            or find_stored_key(name, environ, folder, variable=variable)
            or find_keyring_key(name)
        )
    except PermissionDenied as error:
        return error.message
    if key is not None:
        return key.origin
    return f"none; {variable} is not set" if variable else "none, and none may be needed"


def stored_names(environ: Mapping[str, str], folder: Path) -> frozenset[str]:
    """Return the names of the providers whose keys are stored in files."""
    found: set[str] = set()
    for place, ending in ((environ.get("CREDENTIALS_DIRECTORY"), "_api_key"), (folder, "")):
        try:
            names = os.listdir(place) if place else []  # noqa: PTH208 - twice as fast, and done for every question
        except OSError:
            continue
        found.update(name.removesuffix(ending) for name in names if name.endswith(ending) and name[0] != ".")
    return frozenset(found)


def with_stored(config: AIConfig, kinds: Mapping[str, object], names: Collection[str]) -> AIConfig:
    """Add a provider for each kind whose key is stored under the kind's own name, as one in the environment would."""
    more = {
        name: ProviderConfig(kind=name, model=getattr(kinds[name], "default_model", None))
        for name in sorted(names)
        if name in kinds and name not in config.providers and getattr(kinds[name], "key_variable", None)
    }
    if not more:
        return config
    return msgspec.structs.replace(config, providers={**config.providers, **more})


def store_key(name: str, secret: str, folder: Path) -> Path:
    """Write a key to the file that `find_stored_key` looks for, private whatever the umask; return its path."""
    key = _checked(name, Key(secret.strip(), "what was given as the key"))
    make_private(folder)
    path = folder / name
    draft = folder / f".{name}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, key.reveal().encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)
    return path


def _how_to_set(name: str, variable: str) -> str:
    otherwise = f"or set ai.providers.{name}.api_key_file"
    if variable.endswith("_API_KEY"):
        return f"`export {variable}=...`, {otherwise}"
    # The client passes on no other variable, lest it pass on what is none of ours.
    return f"`export {variable}=...` and restart the daemon, name one that ends in _API_KEY, {otherwise}"


def _ask_keyring(name: str) -> str | None:
    try:
        # Imported on demand: it costs a sixth of a second, and few have it.
        import keyring
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password("isaac", name)
    except Exception:  # noqa: BLE001 - without a desktop its back ends raise whatever they like
        return None
    return found


def _expand(path: str, environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME", "")
    if home and (path == "~" or path.startswith("~/")):
        return Path(home + path[1:])
    return Path(path)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MAX_KEY_BYTES).decode(errors="replace").strip()


def _read_private(name: str, path: Path, setting: str) -> str:
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
