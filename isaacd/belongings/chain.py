"""Where secrets are looked for: the same places, in the same order, as the keys of AI providers."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from isaacd.ai.keys import KEY_FOLDER, Key, find_keyring_key, find_stored_key
from isaacd.log import Log


class Chain:
    """Finds secrets (the port SecretFinder): environment, systemd credential, private file, keyring.

    What it hands out is left out of the log from then on.
    """

    def __init__(self, config_dir: Path, log: Log) -> None:
        self._folder = config_dir / KEY_FOLDER
        self._log = log

    async def find(self, name: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """Return a secret and where it comes from."""
        secret = environ.get(name, "").strip()
        if secret:
            self._log.conceal(secret)
            return secret, f"the environment variable {name}"
        key = await asyncio.to_thread(self._stored, name, environ)
        if key is None:
            return None
        self._log.conceal(key.reveal())
        return key.reveal(), key.origin

    def _stored(self, name: str, environ: Mapping[str, str]) -> Key | None:
        return find_stored_key(name, environ, self._folder, variable=name) or find_keyring_key(name)
