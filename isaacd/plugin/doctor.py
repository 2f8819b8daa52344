"""Everything that can be wrong about plugins on this machine, and how to mend each."""

import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from isaacd.belongings.capabilities import scopes_of
from isaacd.context import PluginCard, PluginFinding
from isaacd.plugin.choices import FILE_NAME as CHOICES
from isaacd.plugin.choices import Choices, label_of
from isaacd.plugin.grants import FILE_NAME as GRANTED
from isaacd.plugin.index import read_index
from isaacd.plugin.installed_health import finding, installed_findings
from isaacd.plugin.isolation.fence import InForce
from isaacd.plugin.places import NAMESPACE, Found
from isaacd.plugin.receipts import FOLDER
from isaacd.plugin.trust import FILE_NAME as TRUSTED
from isaacd.plugin.trust import Trusted, Verdict, digest_of


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at: the user's folder of plugins, the index, what was found, and what was said about it.

    `disabled` are the names that config.toml switches off, `chosen` those for which somebody has said which of several is
    meant, and `isolation` is what keeps strangers' plugins in on this machine.
    """

    plugins_dir: Path
    index: Path
    found: Sequence[Found]
    cards: Sequence[PluginCard]
    choices: Choices
    disabled: Collection[str]
    chosen: Collection[str]
    trusted: Sequence[Trusted]
    verdict: Callable[[str, Path], Verdict]
    granted: Callable[[str, str], Collection[str]]
    isolation: InForce
    uid: int


def examine(patient: Patient) -> list[PluginFinding]:
    """Look at everything, the worst first."""
    checks = (
        _folders,
        _namespace,
        _index,
        _states,
        _files,
        _unused,
        _choices,
        _trust,
        _scopes,
        _installed,
        _isolation,
        _pip,
    )
    found = [finding for check in checks for finding in check(patient)]
    return sorted(found, key=lambda item: item.severity != "error")


def _folders(patient: Patient) -> Iterator[PluginFinding]:
    base = patient.plugins_dir
    for folder in (base, base / NAMESPACE, base / FOLDER):
        try:
            found = folder.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            yield _error(folder, f"it cannot be looked at: {error.strerror}", f"chmod u+rwx {folder.parent}")
            continue
        if not stat.S_ISDIR(found.st_mode):
            yield _error(folder, "it is no folder", f"rm {folder}")
        elif found.st_uid not in (patient.uid, 0):
            yield _error(
                folder, f"it belongs to user {found.st_uid}", f"sudo chown -R {patient.uid} {folder}"
            )
        elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield _error(folder, "others can write to it, so nothing in it is loaded", f"chmod go-w {folder}")
        elif not os.access(folder, os.R_OK | os.X_OK):
            yield _error(folder, "it cannot be read", f"chmod u+rx {folder}")


def _namespace(patient: Patient) -> Iterator[PluginFinding]:
    init = patient.plugins_dir / NAMESPACE / "__init__.py"
    if init.exists():
        yield _error(
            init, "it would hide all other plugins, so nothing in its folder is loaded", f"rm {init}"
        )


def _index(patient: Patient) -> Iterator[PluginFinding]:
    """Tell if every start has to find out anew what the plugins are."""
    if not patient.index.exists():
        yield _warning(
            patient.index,
            "there is no index, so every start describes all plugins anew",
            f"is there room, and may you write there? mkdir -p {patient.index.parent}; isaacctl plugins reload",
        )
    elif not read_index(patient.index, patient.uid).plugins:
        yield _warning(
            patient.index, "the index is damaged or outdated", f"rm {patient.index}; isaacctl restart"
        )


def _states(patient: Patient) -> Iterator[PluginFinding]:
    """Tell of plugins that cannot be used."""
    for card in patient.cards:
        if card.state == "failed":
            hint = (
                f"{card.hint or 'mend it'}; then: isaacctl plugins reload {card.name}; "
                f"or isaacctl plugins disable {card.name}"
            )
            yield _error(card.name, card.error or "it cannot be loaded", hint)
        elif card.state == "hidden" and card.name not in patient.chosen:
            label = next(
                (label_of(item) for item in patient.found if str(item.origin) == card.origin), "FROM"
            )
            yield _warning(
                card.name,
                f"{card.origin} is not used: another plugin has this name",
                f"take it with isaacctl plugins choose {card.name} {label}, or rename or remove it",
            )
        elif trouble := card.trouble:
            yield _error(
                card.name,
                f"the code from before is in use: {trouble}",
                f"{card.hint or 'mend it'}; it is tried again by itself",
            )


def _files(patient: Patient) -> Iterator[PluginFinding]:
    """Tell of files in the user's folder that look like plugins and are none."""
    try:
        entries = sorted(os.scandir(patient.plugins_dir / NAMESPACE), key=lambda item: item.name)
    except OSError:
        return
    known = {item.origin.name for item in patient.found}
    for entry in entries:
        if entry.name in known or entry.name.startswith(("_", ".")):
            continue
        if _is_folder(entry):
            yield _warning(
                entry.path,
                "this folder has no __init__.py, so it is no plugin",
                f"touch {entry.path}/__init__.py",
            )
    for item in sorted(patient.plugins_dir.glob("*.py")):
        yield _warning(
            item,
            f"plugins lie in {NAMESPACE}/, one folder further down",
            f"mv {item} {patient.plugins_dir / NAMESPACE}/",
        )


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links is neither
        return False


def _unused(patient: Patient) -> Iterator[PluginFinding]:
    """Tell of what a plugin offers and what is not taken from it, since it would run inside the daemon."""
    roots = {item.name: item.root for item in patient.found if item.hidden_by is None}
    for card in patient.cards:
        offers = [*(["rules about typed lines"] if card.routes else []), *_told_policies(card.policies)]
        root = roots.get(card.name)
        if not offers or root is None or card.source == "bundled" or card.state not in ("ready", "loaded"):
            continue
        if not patient.verdict(card.name, root).trusted:
            yield _warning(
                card.name,
                f"its {' and '.join(offers)} are not used: they would run inside the daemon, and it is not trusted",
                f"if you trust it: isaacctl plugins trust {card.name}",
            )


def _told_policies(policies: Sequence[str]) -> list[str]:
    return [f"policies of the cache ({', '.join(policies)})"] if policies else []


def _choices(patient: Patient) -> Iterator[PluginFinding]:
    """Tell of choices about what is not there."""
    names = {item.name for item in patient.found}
    for name in sorted(set(patient.disabled) - names):
        yield _warning(
            name, "config.toml switches it off, but there is no such plugin", "isaacctl config edit"
        )
    for name in patient.choices.disabled:
        if name not in names:
            yield _warning(
                name, "it is switched off, but there is no such plugin", f"isaacctl plugins enable {name}"
            )
    for name, label in patient.choices.taken.items():
        labels = [label_of(item) for item in patient.found if item.name == name]
        if label not in labels:
            others = f": {' or '.join(labels)}" if labels else ""
            hint = f"isaacctl plugins choose {name} {labels[0]}" if labels else "install it again"
            yield _warning(name, f"it is to come from {label}, where there is none{others}", hint)
    yield from _private(patient.plugins_dir / CHOICES, "what was chosen", patient.uid)


def _trust(patient: Patient) -> Iterator[PluginFinding]:
    places = {item.name: item.root for item in patient.found if item.hidden_by is None}
    for one in patient.trusted:
        if not one.digest:
            if not Path(one.origin).is_dir():
                yield _warning(
                    one.origin,
                    "the folder is trusted, but not there",
                    f"isaacctl plugins untrust {one.origin}",
                )
            continue
        place = places.get(one.name)
        if place is not None and os.path.realpath(place) != one.origin:
            yield _error(
                one.name,
                f"another version of it was trusted than that at {place}, so it runs isolated",
                f"look at it, then: isaacctl plugins trust {one.name}",
            )
        elif place is None:
            yield _warning(
                one.name,
                f"what is trusted, {one.origin}, is not there any more",
                f"isaacctl plugins untrust {one.name}",
            )
        elif digest_of(place) != one.digest:
            yield _error(
                one.name,
                "it has changed since it was trusted, so it runs isolated",
                f"look at {place}, then: isaacctl plugins trust {one.name}",
            )
    yield from _private(patient.plugins_dir / TRUSTED, "the list of what is trusted", patient.uid)


def _scopes(patient: Patient) -> Iterator[PluginFinding]:
    found = {item.name: item for item in patient.found if item.hidden_by is None}
    for card in patient.cards:
        item = found.get(card.name)
        wanted = scopes_of(card.capabilities)
        if not wanted or item is None or card.state in ("hidden", "disabled"):
            continue
        if patient.verdict(card.name, item.root).trusted:
            continue
        held = patient.granted(card.name, label_of(item))
        missing = [scope for scope in wanted if scope not in held]
        if missing:
            wants = ", ".join(missing)
            yield _warning(
                card.name,
                f"it wants {wants} of Isaac, and nobody has granted that",
                f"if you want it: isaacctl plugins grant {card.name}",
            )
    yield from _private(patient.plugins_dir / GRANTED, "the list of what is granted", patient.uid)


def _installed(patient: Patient) -> Iterator[PluginFinding]:
    return installed_findings(patient.plugins_dir)


def _isolation(patient: Patient) -> Iterator[PluginFinding]:
    held = patient.isolation
    missing = [
        what
        for what, there in (
            ("Landlock, which keeps them from files", held.landlock),
            ("a filter of system calls, which keeps them from programs and the network", held.seccomp),
            ("the death with the daemon", held.tied),
        )
        if not there
    ]
    if missing:
        yield _warning(
            "isolation",
            f"plugins that are not trusted run in a process of their own, but here without {'; '.join(missing)}",
            "a newer kernel may have it; until then, install only what you would trust",
        )


def _pip(patient: Patient) -> Iterator[PluginFinding]:
    if find_spec("pip") is None and find_spec("ensurepip") is None:
        yield _warning("pip", "it is not there, so nothing can be installed", "python -m ensurepip")


def _private(file: Path, what: str, uid: int) -> Iterator[PluginFinding]:
    try:
        found = file.lstat()
    except OSError:
        return
    if found.st_uid not in (uid, 0) or found.st_mode & 0o022:
        yield _error(file, f"others can write to {what}, so it counts for nothing", f"chmod go-w {file}")
        return
    try:
        msgspec.json.decode(file.read_bytes())
    except (OSError, ValueError) as error:
        yield _error(file, f"{what} cannot be read: {error}", f"rm {file}, and say it again")


def _error(about: object, message: str, hint: str) -> PluginFinding:
    return finding("error", about, message, hint)


def _warning(about: object, message: str, hint: str) -> PluginFinding:
    return finding("warning", about, message, hint)
