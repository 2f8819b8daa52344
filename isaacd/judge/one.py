"""How dangerous one command is: by the rules, what stands around it, and the person's own rules."""

import posixpath
from collections.abc import Iterator

import msgspec

from isaacd.judge.arguments import Arguments, fits, read
from isaacd.judge.book import RuleBook
from isaacd.judge.checks import CHECKS
from isaacd.judge.foreign import foreign
from isaacd.judge.hidden import hidden
from isaacd.judge.matching import Match, best
from isaacd.judge.overrides import Override
from isaacd.judge.places import Place, Whereabouts
from isaacd.judge.rule import Reading
from isaacd.judge.targets import targets
from isaacd.judge.telling import MORE, TELLS, asks_for_help, piped_words
from isaacd.judge.usual import is_usual
from isaacd.judge.verdict import Reason
from isaacd.safety.tier import Tier
from isaacd.shell.handed import GRAVE
from isaacd.shell.indirect import SHELLS
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Assignment, Redirect, Word

_BIN = frozenset(
    "/bin /usr/bin /sbin /usr/sbin /usr/local/bin /usr/local/sbin /opt/homebrew/bin /snap/bin /run/current-system/sw/bin".split()
)
_GRAVE = frozenset(("root", "all-home", "system", "keys", "startup", "device"))
MAX_BEHIND = 6
# Known programs that run what stands behind so many words of their own that nobody counts them.
_RUN_BEHIND = frozenset(
    "systemd-nspawn machinectl multipass arch-chroot toolbox distrobox rsh lxc incus capsh heroku".split()
)
_VERBS = {
    "create": "write to",
    "append": "write to",
    "write": "overwrite",
    "move": "move",
    "delete": "delete",
    "delete-tree": "delete",
    "wipe": "delete",
    "change": "change",
    "change-tree": "change",
}


class OneCommand:
    """The judging of one command."""

    def __init__(self, book: RuleBook, invocation: Invocation, where: Whereabouts) -> None:
        self._book = book
        self._invocation = invocation
        self._where = where
        self._placed: dict[tuple[int, bool], list[Place]] = {}
        self._more = invocation.more_arguments or not MORE.isdisjoint(invocation.via)

    def reasons(self) -> list[Reason]:
        """Return every reason, those of the person's own rules taken into account."""
        invocation = self._invocation
        found = list(self._by_rules())
        found += hidden(invocation)
        for redirect in invocation.redirects:
            found += self._redirect(redirect)
        for assignment in invocation.assignments:
            if assignment.name != "IFS" or invocation.name not in ("read", "mapfile", "readarray"):
                found += self._variable(assignment)
        if invocation.supposed:
            return [reason for reason in found if reason.tier is Tier.DESTRUCTIVE]
        if invocation.name in ("cd", "pushd", "chdir"):
            operands = [word for word in invocation.words[1:] if not word.beginning.startswith("-")]
            self._where.change(operands[0] if operands else None)
        elif invocation.name in ("ln", "cp", "mount"):
            self._where.link(invocation.words)
        if invocation.privileged:
            found.append(self._privileged(found))
        return found

    # Rules

    def _by_rules(self) -> Iterator[Reason]:
        invocation = self._invocation
        name = invocation.name
        if name is None:
            if invocation.words and invocation.unseen is None:
                yield self._reason(Tier.BEYOND, "which command it is cannot be seen", "unseen")
            return
        place = invocation.words[0].value or ""
        reading = self._book.reading(name)
        if reading is None and name.rstrip("0123456789.") != name:
            reading = self._book.reading(name.rstrip("0123456789."))  # python3.12, gcc-13
        overrides = self._where.around.overrides.of(name) if self._where.around.overrides.rules else []
        if invocation.is_function and reading is None and "/" not in place:
            yield self._reason(
                Tier.READ, f"{name} is a function of this line, judged by what is in it", "function"
            )
        elif reading is None or ("/" in place and not self._is_installed(place)):
            if reading is not None:
                yield from self._known(reading, overrides)
            if not self._only_tells() or "/" in place:
                text = f"{name} is not known" if "/" not in place else f"{place} is a program of its own"
                yield from self._overridden([self._reason(Tier.BEYOND, text, "unknown")], overrides, None)
            yield from self._behind()
        else:
            yield from self._known(reading, overrides)
            if name in _RUN_BEHIND:
                yield from self._behind()

    def _behind(self) -> Iterator[Reason]:
        """Give what would be destroyed if a program that is not known runs the command behind it, as many do."""
        invocation = self._invocation
        if len(invocation.via) > MAX_BEHIND:
            return
        for place, word in enumerate(invocation.words[1:], 1):
            if (word.value or "").rpartition("/")[2] in GRAVE:
                inner = msgspec.structs.replace(
                    invocation,
                    words=invocation.words[place:],
                    via=(*invocation.via, invocation.name or "?"),
                    supposed=True,
                )
                yield from OneCommand(self._book, inner, self._where).reasons()
                return

    def _is_installed(self, place: str) -> bool:
        folder = posixpath.dirname(place)
        return folder in _BIN or folder == f"{self._where.around.home}/.local/bin"

    def _only_tells(self) -> bool:
        words = self._invocation.words
        return len(words) == 2 and words[1].value in TELLS

    def _known(self, reading: Reading, overrides: list[Override]) -> Iterator[Reason]:
        invocation = self._invocation
        words = invocation.words[1:]
        if words and reading.style != "words" and asks_for_help(words) and invocation.unseen is None:
            yield self._reason(Tier.READ, "it only tells how it is used", "help")
            return
        arguments = read(words, reading)
        found = self._match(reading, arguments)
        if reading.name == "git" and invocation.remote is None:
            text = foreign(arguments, self._where)
            found += [self._reason(Tier.BEYOND, text, "foreign repository")] if text is not None else []
        yield from self._overridden(found, overrides, arguments, reading)
        extra = piped_words(invocation)
        if extra:
            yield from self._overridden(
                self._match(reading, read((*words, *extra), reading)), overrides, arguments, reading
            )

    def _match(self, reading: Reading, arguments: Arguments) -> list[Reason]:
        matches = best(reading, arguments, more=self._more, holds=self._holds, checks=CHECKS)
        if not matches:
            return [self._reason(Tier.BEYOND, f"{reading.name} is not known to do this", "unknown use")]
        found = [reason for match in matches for reason in self._matched(match, arguments)]
        tier = max(reason.tier for reason in found)
        if Tier.READ < tier < Tier.BEYOND and (self._more or arguments.unseen):
            text = "some of what it is given cannot be seen"
            found.append(self._reason(Tier.BEYOND, text, "unseen"))
        return found

    def _matched(self, match: Match, arguments: Arguments) -> Iterator[Reason]:
        rule = match.rule.rule
        if rule.effect is None:
            destroys = rule.destroys or (self._said() if match.rule.tier is Tier.DESTRUCTIVE else "")
            yield self._reason(match.rule.tier, rule.reason, match.rule.id, destroys, is_floor=rule.floor)
            return
        words = targets(rule.targets, arguments, match.operands)
        reasons = [
            self._effect(rule.effect, place, rule.reason, match.rule.id)
            for word in words
            for place in self._places(word, rule.effect)
        ]
        if self._more and rule.targets.rpartition(" ")[2] in ("all", "rest", "last", "but-last"):
            given = Place("given", "what it is given")
            reasons += [
                self._effect(rule.effect, place, rule.reason, match.rule.id)
                for place in (given, *self._grave_starts(rule.effect))
            ]
        if not reasons or rule.tier > Tier.READ:
            reasons.append(self._reason(match.rule.tier, rule.reason, match.rule.id))
        yield from reasons

    def _grave_starts(self, effect: str) -> Iterator[Place]:
        """Give the places that more arguments come from, where each that is not seen may be as grave as the whole."""
        for word in self._invocation.starts:
            for place in self._places(word, effect):
                if place.kind in _GRAVE or (place.kind == "whole-tree" and effect == "wipe"):
                    yield place

    def _holds(self, fact: str, arguments: Arguments, operands: list[Word]) -> bool:
        """Say whether a fact is so; what is not known is not so, and `not-clean` is whatever is not known clean."""
        around = self._where.around
        if fact == "root":
            return around.is_root
        if fact == "existing-file":
            return any(
                around.facts.kind(posixpath.normpath(posixpath.join(around.cwd, word.value)))
                in ("file", "directory")
                for word in operands
                if word.value
            )
        folder = self._folder(arguments)
        repository = None if folder is None else around.facts.repository(folder)
        if repository is None or folder is None:
            return fact == "not-clean"
        if fact == "protected-branch":
            branch = repository.branch or ""
            return branch in ("main", "master", "trunk", "production", "prod") or branch.startswith("release")
        clean = around.facts.is_clean(repository, repository.root)
        return {"clean": clean is True, "not-clean": clean is not True, "dirty": clean is False}[fact]

    def _folder(self, arguments: Arguments) -> str | None:
        """Return where git would look; None if that is not seen, or not one place."""
        if len(self._where.folders) > 1 or {"--git-dir", "--work-tree"} & arguments.options.keys():
            return None
        folder: str | None = self._where.folders[0]
        for value in arguments.value("-C"):
            text = value.value if isinstance(value, Word) else value
            folder = (
                None if text is None or folder is None else posixpath.normpath(posixpath.join(folder, text))
            )
        return folder

    # Places

    def _places(self, word: Word, effect: str) -> list[Place]:
        invocation = self._invocation
        value = word.value
        if value is not None and "{}" in value and invocation.via:
            return [Place("given", value), *self._grave_starts(effect)]
        if value is not None and ":" in value.partition("/")[0]:
            return [Place("remote", value)]
        follow = effect in ("append", "write", "create")
        key = (id(word), follow)
        if key not in self._placed:
            self._placed[key] = self._where.places(word, remote=invocation.remote is not None, follow=follow)
        places = self._placed[key]
        if effect in ("wipe", "delete-tree"):
            return [
                Place("clean", place.path) if self._where.is_clean(place, word) else place for place in places
            ]
        return places

    def _effect(self, effect: str, place: Place, text: str, rule: str) -> Reason:
        row = self._book.places[place.kind]
        tier = row.tiers[effect]
        if self._where.around.is_root and place.kind == "system" and tier is Tier.BEYOND:
            tier = Tier.DESTRUCTIVE  # nothing else stands in root's way
        destroys = f"{_VERBS[effect]} {place.path}" if tier is Tier.DESTRUCTIVE else ""
        floor = effect in row.floor
        return self._reason(tier, f"{text}: {place.path}, {row.says}", rule, destroys, is_floor=floor)

    def _redirect(self, redirect: Redirect) -> Iterator[Reason]:
        if redirect.target is None or redirect.operator in ("<", "<<", "<<<", "<&", "<<-"):
            if redirect.target is not None and (redirect.target.value or "").startswith(
                ("/dev/tcp/", "/dev/udp/")
            ):
                runs = self._invocation.name in SHELLS or self._invocation.name == "exec"
                tier, text = Tier.BEYOND, "it reads from another machine"
                if runs:
                    tier, text = Tier.DESTRUCTIVE, "it runs what another machine sends"
                yield self._reason(tier, text, "redirection", "run text from elsewhere" if runs else "")
            return
        if not redirect.writes:
            return
        effect = "append" if redirect.operator in (">>", "&>>") else "write"
        if redirect.target.value is None and any(
            part.kind == "process" for part in redirect.target.parts if not hasattr(part, "text")
        ):
            return  # the command inside is judged by itself
        for place in self._places(redirect.target, effect):
            if place.kind == "remote" and place.path.startswith(("/dev/tcp/", "/dev/udp/")):
                text = "it joins a command here with another machine"
                yield self._reason(
                    Tier.DESTRUCTIVE, text, "redirection", "hand this shell to another machine"
                )
                continue
            what = "it writes a file" if effect == "append" else "it writes a file anew"
            yield self._effect(effect, place, what, "redirection")

    # What stands around

    def _variable(self, assignment: Assignment) -> Iterator[Reason]:
        name = assignment.name
        variable = self._book.variables.get(name)
        if variable is not None and not is_usual(assignment):
            yield self._reason(variable.tier, variable.reason, f"variable {name}")

    def _privileged(self, found: list[Reason]) -> Reason:
        tier = max((reason.tier for reason in found), default=Tier.READ)
        if tier >= Tier.BEYOND:
            text = "it changes what root can change, and nothing stands in its way"
            return self._reason(Tier.DESTRUCTIVE, text, "privileged", f"{self._said()} as root")
        return self._reason(
            Tier.BEYOND, "it runs with the rights of another user, such as root", "privileged"
        )

    def _overridden(
        self,
        found: list[Reason],
        overrides: list[Override],
        arguments: Arguments | None,
        reading: Reading | None = None,
    ) -> Iterator[Reason]:
        """Put a person's own rule in place of the reasons it is about; floors and what raises stay."""
        chosen = [rule for rule in overrides if self._is_about(rule, arguments, reading)]
        if not chosen:
            yield from found
            return
        most = max(len(rule.words) + len(rule.options[:1]) for rule in chosen)
        own = [
            rule
            for rule in chosen
            if not rule.only_raises and len(rule.words) + len(rule.options[:1]) == most
        ]
        yield from (reason for reason in found if not own or reason.is_floor)
        for rule in (*own, *(rule for rule in chosen if rule.only_raises)):
            yield self._reason(rule.tier, rule.reason, rule.where)

    def _is_about(self, rule: Override, arguments: Arguments | None, reading: Reading | None) -> bool:
        if arguments is None or reading is None:
            values = [word.value for word in self._invocation.words]
            return all(value in values for value in (*rule.words[1:], *rule.options[:1]))
        operands = [word.value for word in arguments.operands[: len(rule.words) - 1]]
        if len(operands) < len(rule.words) - 1:
            return False
        if not all(fits(value or "", word) for value, word in zip(operands, rule.words[1:], strict=True)):
            return False
        return not rule.options or any(
            arguments.has(token, reading.known, exact=True) for token in rule.options
        )

    def _said(self) -> str:
        words = [word.value or word.raw for word in self._invocation.words]
        if words:
            words[0] = words[0].rpartition("/")[2]
        return " ".join(["run", *words])[:60]

    def _reason(
        self, tier: Tier, text: str, rule: str, destroys: str = "", *, is_floor: bool = False
    ) -> Reason:
        return Reason(tier, text, self._invocation.place, rule, destroys, is_floor)
