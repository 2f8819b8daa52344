"""What a person decides about plugins, carried out: on, off, which of two, trusted or not; and a look at their health."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from isaacd.belongings.capabilities import scopes_of
from isaacd.clock import Clock
from isaacd.command.explain import nearest
from isaacd.config import Loaded
from isaacd.context import PluginCard, PluginDiagnosis, PluginTrust
from isaacd.errors import InvalidParams, NotFound
from isaacd.paths import Paths
from isaacd.plugin.choices import INDISPENSABLE, Choices, label_of, read_choices, write_choices
from isaacd.plugin.doctor import Patient, examine
from isaacd.plugin.grants import grants_of
from isaacd.plugin.index import FILE_NAME
from isaacd.plugin.isolation.fence import InForce, expected
from isaacd.plugin.places import Found
from isaacd.plugin.trust import is_bundled, trust_of


class House(msgspec.Struct, frozen=True):
    """The daemon, as far as decisions about plugins reach it.

    `find` returns all plugins that lie about, `cards` describes them, `look` has the daemon look at them anew, `reload`
    loads some in any case.
    """

    find: Callable[[], Sequence[Found]]
    cards: Callable[[], Sequence[PluginCard]]
    look: Callable[[], Awaitable[None]]
    reload: Callable[[Sequence[str]], Awaitable[object]]


class PluginDesk:
    """The port PluginDesk of isaacd.context; every decision is written down first, and then put in force."""

    def __init__(self, paths: Paths, clock: Clock, uid: int, house: House) -> None:
        self._folder = paths.data_dir / "plugins"
        self._trust = trust_of(paths)
        self._grants = grants_of(paths)
        self._index = paths.cache_dir / FILE_NAME
        self._clock = clock
        self._uid = uid
        self._house = house

    async def look(self) -> Sequence[PluginCard]:
        """Have the daemon look at the plugins anew, and describe them."""
        await self._house.look()
        return self._house.cards()

    async def disable(self, name: str) -> PluginCard:
        """Switch a plugin off; raises NotFound, or InvalidParams for one that cannot be missed."""
        self._named(name)
        if name in INDISPENSABLE:
            raise InvalidParams(f"without the plugin {name}, nothing could be switched on again")
        await self._write(lambda choices: choices.with_disabled(name))
        return self._card(name)

    async def enable(self, name: str, loaded: Loaded) -> PluginCard:
        """Switch a plugin on again; raises NotFound, or InvalidParams if config.toml switches it off."""
        if name not in read_choices(self._folder).disabled:
            self._named(name)
        if name in loaded.config.plugins.disabled:
            where = loaded.rows("plugins.disabled")[0].origin
            raise InvalidParams(
                f"{name} is switched off by `plugins.disabled` ({where})",
                hint="take it out there: isaacctl config edit",
            )
        await self._write(lambda choices: choices.with_enabled(name))
        return self._card(name)

    async def choose(self, name: str, label: str | None, loaded: Loaded) -> PluginCard:
        """Take one of several plugins of one name, by where it comes from; raises NotFound or InvalidParams."""
        same = self._named(name)
        labels = [label_of(item) for item in same]
        if label is None or label not in labels:
            near = nearest(label or "", labels)
            choices = "\n".join(f"{label_of(item)}: {item.origin}" for item in same)
            what = "where is it to come from?" if label is None else f"there is none from {label[:80]!r}"
            meant = f"did you mean isaacctl plugins choose {name} {near}?\n" if near else ""
            raise InvalidParams(f"{name}: {what}", hint=f"{meant}{choices}")
        if name in loaded.config.plugins.choose:
            origin = next((row.origin for row in loaded.rows("plugins.choose")), "config.toml")
            raise InvalidParams(
                f"`plugins.choose.{name}` ({origin}) says where it is to come from",
                hint="isaacctl config edit",
            )
        if name in INDISPENSABLE and label != "isaac":
            raise InvalidParams(f"the plugin {name} must be Isaac's own")
        taken = same[labels.index(label)]
        if taken.refused is not None:
            raise InvalidParams(f"{name} from {label} cannot be used: {taken.refused}")
        await self._write(lambda choices: choices.with_taken(name, label))
        return self._card(name)

    async def trust(self, name: str) -> PluginTrust:
        """Trust a plugin as it is now, so that it runs inside the daemon; raises NotFound or InvalidParams."""
        found = self._taken(name)
        if is_bundled(name, found.root):
            raise InvalidParams(f"{name} belongs to Isaac, and needs no trust")
        if found.refused is not None:
            raise InvalidParams(f"{name} cannot be trusted: {found.refused}")
        said = await anyio.to_thread.run_sync(
            partial(self._trust.trust, name, found.root, now=self._clock.now())
        )
        await self._house.reload([name])
        return PluginTrust(name=name, origin=said.origin, trusted=True, reason="trusted as it is")

    async def trust_folder(self, folder: Path) -> PluginTrust:
        """Trust whatever lies in a folder, now and later; raises NotFound."""
        if not await anyio.Path(folder).is_dir():
            raise NotFound(f"there is no folder {folder}")
        said = self._trust.trust_folder(folder, now=self._clock.now())
        await self._reload_all_of(folder)
        return PluginTrust(name="", origin=said.origin, trusted=True, reason="whatever lies in it is trusted")

    async def untrust(self, name_or_folder: str) -> list[PluginTrust]:
        """Trust a plugin or a folder no more, so that it runs isolated; raises NotFound."""
        gone = self._trust.revoke(name_or_folder)
        for one in gone:
            if not one.name:
                await self._reload_all_of(Path(one.origin))
            elif any(item.name == one.name for item in self._house.find()):
                await self._house.reload([one.name])
        return [
            PluginTrust(name=one.name, origin=one.origin, trusted=False, reason="not trusted") for one in gone
        ]

    def trusted(self, name: str) -> PluginTrust:
        """Say whether a plugin is trusted, and why, and what it may have the daemon do; raises NotFound."""
        found = self._taken(name)
        verdict = self._trust.of(name, found.root)
        wanted = self._wanted(name)
        held = wanted if verdict.trusted else self._grants.of(name, label_of(found))
        return PluginTrust(
            name=name,
            origin=str(found.root),
            trusted=verdict.trusted,
            reason=verdict.reason,
            scopes=wanted,
            granted=tuple(item for item in wanted if item in held),
        )

    async def grant(self, name: str, scopes: Sequence[str]) -> PluginTrust:
        """Let a plugin have some of the scopes that it wants, or all of them without any; raises NotFound or InvalidParams."""
        await self._house.look()
        found = self._taken(name)
        if is_bundled(name, found.root):
            raise InvalidParams(f"{name} belongs to Isaac, and needs no grant")
        wanted = self._wanted(name)
        for scope in scopes:
            if scope not in wanted:
                wants = ", ".join(wanted) or "none"
                raise InvalidParams(
                    f"{name} does not want the scope {scope[:40]!r}", hint=f"it wants: {wants}"
                )
        if not wanted:
            raise InvalidParams(f"{name} wants no scope, so there is nothing to grant")
        self._grants.grant(name, label_of(found), scopes or wanted, now=self._clock.now())
        return self.trusted(name)

    async def revoke(self, name: str) -> list[PluginTrust]:
        """Let a plugin have no scope any more; raises NotFound if it had none."""
        gone = self._grants.revoke(name)
        return [
            PluginTrust(
                name=one.name,
                origin=one.label,
                trusted=False,
                reason="has no scope any more",
                scopes=one.scopes,
            )
            for one in gone
        ]

    def _wanted(self, name: str) -> tuple[str, ...]:
        for card in self._house.cards():
            if card.name == name and card.state != "hidden":
                return scopes_of(card.capabilities)
        return ()

    async def diagnose(self, loaded: Loaded) -> PluginDiagnosis:
        """Look at everything about plugins on this machine."""
        held, choices = expected(), read_choices(self._folder)
        patient = Patient(
            plugins_dir=self._folder,
            index=self._index,
            found=self._house.find(),
            cards=await self.look(),
            choices=choices,
            chosen={*choices.taken, *loaded.config.plugins.choose},
            disabled=loaded.config.plugins.disabled,
            trusted=self._trust.all(),
            verdict=self._trust.of,
            granted=self._grants.of,
            isolation=held,
            uid=self._uid,
        )
        findings = await anyio.to_thread.run_sync(examine, patient)
        return PluginDiagnosis(
            plugins=len({card.name for card in patient.cards}),
            isolation=_told(held),
            findings=tuple(findings),
            exit_code=int(any(finding.severity == "error" for finding in findings)),
        )

    async def _write(self, change: Callable[[Choices], Choices]) -> None:
        before = read_choices(self._folder)
        after = change(before)
        if after != before:
            write_choices(self._folder, after)
        await self._house.look()

    async def _reload_all_of(self, folder: Path) -> None:
        names = self._lying_in(folder)
        if names:
            await self._house.reload(names)

    def _lying_in(self, folder: Path) -> list[str]:
        place = folder.resolve()
        return [item.name for item in self._house.find() if item.origin.resolve().is_relative_to(place)]

    def _named(self, name: str) -> list[Found]:
        every = self._house.find()
        same = [item for item in every if item.name == name]
        if not same:
            names = sorted({item.name for item in every})
            near = nearest(name, names)
            hint = f"did you mean {near}?" if near else "isaacctl plugins lists them"
            raise NotFound(f"there is no plugin {name[:80]!r}", hint=hint)
        return same

    def _taken(self, name: str) -> Found:
        same = self._named(name)
        return next((item for item in same if item.hidden_by is None), same[0])

    def _card(self, name: str) -> PluginCard:
        cards = [card for card in self._house.cards() if card.name == name]
        shown = [card for card in cards if card.state != "hidden"]
        for card in shown or cards:
            return card
        raise NotFound(f"there is no plugin {name}")


def _told(held: InForce) -> str:
    parts = ["processes of their own"]
    parts.append(f"Landlock (ABI {held.landlock})" if held.landlock else "no Landlock")
    parts.append("a filter of system calls" if held.seccomp else "no filter of system calls")
    return ", ".join(parts)
