"""The configuration, and keys that others could read."""

import stat
from collections.abc import Iterator
from pathlib import Path

from isaacd.ai.address import Address
from isaacd.ai.keys import KEY_FOLDER
from isaacd.checkup.finding import Finding, error, quoted, warning
from isaacd.checkup.machine import Machine
from isaacd.config import ConfigSource, HttpConfig, address_of, is_loopback
from isaacd.errors import ConfigInvalid


def configuration(machine: Machine) -> Iterator[Finding]:
    """Read config.toml and the variables as the daemon does."""
    source = ConfigSource(machine.paths.config_file, machine.environ)
    try:
        loaded = source.with_overrides(machine.environ, ())
    except ConfigInvalid as problem:
        yield error(machine.paths.config_file, problem.message, problem.hint or "isaacctl config edit")
        return
    if source.problem is not None:
        yield error(
            machine.paths.config_file, source.problem.message, source.problem.hint or "isaacctl config edit"
        )
    for item in loaded.warnings:
        yield warning(machine.paths.config_file, str(item), "isaacctl config check")
    yield from _http(machine, loaded.config.http)
    for name, provider in loaded.config.ai.providers.items():
        if provider.base_url is not None:
            yield from _address(machine, provider.base_url, f"ai.providers.{name}.base_url")
        if provider.api_key_file is not None:
            file = Path(provider.api_key_file.replace("~", machine.environ.get("HOME", "~"), 1)).expanduser()
            yield from _key(machine, file, f"ai.providers.{name}.api_key_file names it, and ")


def _http(machine: Machine, config: HttpConfig) -> Iterator[Finding]:
    """Look who could reach the port of HTTP."""
    file = machine.paths.config_file
    try:
        found = address_of(config)
    except ConfigInvalid as problem:
        yield error(file, problem.message, problem.hint or "isaacctl config edit")
        return
    if found is not None and config.allow_remote and not is_loopback(found[0]):
        yield warning(
            file,
            f"other machines can reach http.listen at {found[0]}; tokens and questions travel there in the clear",
            "put something with TLS in front, and set http.listen to 127.0.0.1",
        )
    if "*" in config.origins or "null" in config.origins:
        yield warning(
            file,
            "http.origins names no single page, so it lets none in, or any",
            "name pages, such as https://chat.example.org",
        )


def _address(machine: Machine, url: str, setting: str) -> Iterator[Finding]:
    try:
        address = Address.parse(url, setting)
    except ConfigInvalid as problem:
        yield error(machine.paths.config_file, problem.message, problem.hint or "isaacctl config edit")
        return
    if address.base.scheme == "http" and not address.is_local:
        yield warning(
            machine.paths.config_file,
            f"{setting} is not encrypted: questions and answers travel to {address.host} in the clear, and no key is sent",
            f"use https:// in {setting}, or a tunnel from localhost (ssh -L)",
        )


def keys(machine: Machine) -> Iterator[Finding]:
    """Look at the stored keys."""
    folder = machine.paths.config_dir / KEY_FOLDER
    if not folder.is_dir():
        return
    mode = folder.stat().st_mode
    if mode & 0o077:
        yield error(
            folder, f"others can look into it (mode {stat.S_IMODE(mode):04o})", f"chmod 700 {quoted(folder)}"
        )
    for file in sorted(folder.iterdir()):
        yield from _key(machine, file, "")


def _key(machine: Machine, file: Path, why: str) -> Iterator[Finding]:
    try:
        found = file.stat()
    except OSError as problem:
        yield error(
            file, f"{why}it cannot be read: {problem.strerror}", "isaacctl keys set NAME stores it anew"
        )
        return
    if found.st_uid not in (machine.uid, 0):
        yield error(
            file, f"{why}it belongs to user {found.st_uid}", f"sudo chown {machine.uid} {quoted(file)}"
        )
    elif found.st_mode & 0o077:
        yield error(
            file,
            f"{why}others can read this key (mode {stat.S_IMODE(found.st_mode):04o})",
            f"chmod 600 {quoted(file)}, and have the provider give you another key",
        )
