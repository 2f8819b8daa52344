"""Where secrets are looked for: the same places, in the same order, as the keys of AI providers."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from isaacd.ai.keys import KEY_FOLDER, Key, find_keyring_key, find_stored_key


class Chain:
    """Finds secrets (the port SecretFinder): environment, systemd credential, private file, keyring."""

    def __init__(self, config_dir: Path) -> None:
        self._folder = config_dir / KEY_FOLDER

    async def find(self, name: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """Return a secret and where it comes from."""
        secret = environ.get(name, "").strip()
        if secret:
            return secret, f"the environment variable {name}"
        key = await asyncio.to_thread(self._stored, name, environ)
        return None if key is None else (key.reveal(), key.origin)

    def _stored(self, name: str, environ: Mapping[str, str]) -> Key | None:
        return find_stored_key(name, environ, self._folder, variable=name) or find_keyring_key(name)
