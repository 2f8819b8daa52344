"""Roles: instructions for the model from files of the person, a few of our own, and the variables in them."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import anyio.to_thread

from isaacd.chats.cards import RoleCard
from isaacd.errors import ConfigInvalid, InvalidParams, NotFound

_VARIABLE = re.compile(r"\{(cwd|os|shell|date|user)\}")
_MAX_FILE_BYTES = 256 * 1024
_MAX_NAME_CHARS = 80


def _own(name: str, description: str, text: str, temperature: float | None = None) -> RoleCard:
    return RoleCard(name=name, description=description, text=text, temperature=temperature)


OWN = (
    _own(
        "shell",
        "Commands for this shell, ready to run.",
        "You help at the command line of {os}, in {shell}, in the directory {cwd}. Answer with one command in a block "
        "of code, then one sentence on what it does. Warn plainly before a command that deletes or overwrites.",
    ),
    _own(
        "code",
        "A programmer at your side: code first, reasons after.",
        "You are an experienced programmer. Give complete code that runs, in blocks with the language named, then the "
        "few points that matter about it. Say what you are not sure of. Do not repeat code that stays as it is.",
        0.2,
    ),
    _own(
        "brief",
        "Answers of one or two sentences.",
        "Answer in at most two plain sentences. No lists, no headings, no introduction. Today is {date}.",
    ),
)


async def all_roles(folder: Path) -> list[RoleCard]:
    """Return all roles by name; a file `NAME.md` in the folder replaces one of our own. One that is broken is left out."""

    def read() -> list[RoleCard]:
        found = {role.name: role for role in OWN}
        for file in _files(folder):
            try:
                found[file.stem] = parse_role(file.stem, _read(file), str(file))
            except ConfigInvalid as error:
                found[file.stem] = RoleCard(
                    name=file.stem, description=f"cannot be used: {error.message}", text="", file=str(file)
                )
        return sorted(found.values(), key=lambda role: role.name)

    return await anyio.to_thread.run_sync(read)


async def find_role(folder: Path, name: str) -> RoleCard:
    """Return a role; raises InvalidParams for what no role can be called, NotFound, or ConfigInvalid for its file."""
    if (
        not name
        or name.startswith(".")
        or len(name) > _MAX_NAME_CHARS
        or not name.isprintable()
        or "/" in name
    ):
        raise InvalidParams(
            f"{name[:_MAX_NAME_CHARS]!r} is no name of a role", hint="see: isaacctl chat roles"
        )

    def read() -> RoleCard:
        file = folder / f"{name}.md"
        if file.is_file():
            return parse_role(name, _read(file), str(file))
        for role in OWN:
            if role.name == name:
                return role
        names = [role.name for role in OWN]
        names += [found.stem for found in _files(folder)]
        near = get_close_matches(name, names, 2)
        hint = f"did you mean {' or '.join(near)}?" if near else f"see: isaacctl chat roles; or write {file}"
        raise NotFound(f"there is no role {name!r}", hint=hint)

    return await anyio.to_thread.run_sync(read)


def parse_role(name: str, text: str, file: str | None = None) -> RoleCard:
    """Read a role: instructions, after `model`, `temperature` and `description` between two lines of `---` if wanted.

    Raises ConfigInvalid, with the file, for settings that are none and for a role without instructions.
    """
    settings: dict[str, str] = {}
    lines = text.lstrip("\ufeff").splitlines()
    if lines and lines[0].strip() == "---":
        end = next((place for place, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
        if end is None:
            raise ConfigInvalid(f"{file or name}: the settings that begin with --- have no end")
        for number, line in enumerate(lines[1:end], 2):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, colon, value = line.partition(":")
            if not colon or key.strip() not in ("model", "temperature", "description"):
                raise ConfigInvalid(
                    f"{file or name}, line {number}: {line.strip()[:60]!r} is no setting of a role",
                    hint="there are model, temperature and description, each as `name: value`",
                )
            settings[key.strip()] = value.strip().strip("\"'")
        lines = lines[end + 1 :]
    body = "\n".join(lines).strip()
    if not body:
        raise ConfigInvalid(f"{file or name} has no instructions", hint="write them below the settings")
    return RoleCard(
        name=name,
        description=settings.get("description") or body.splitlines()[0][:80],
        text=body,
        model=settings.get("model") or None,
        temperature=_temperature(settings.get("temperature"), file or name),
        file=file,
    )


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Put the variables in: {cwd}, {os}, {shell}, {date} and {user}; all other braces stay."""
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)


def _temperature(value: str | None, where: str) -> float | None:
    if not value:
        return None
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 2:
        raise ConfigInvalid(f"{where}: the temperature {value!r} is no number from 0 to 2")
    return found


def _files(folder: Path) -> list[Path]:
    """Return the files of roles; a folder that is called like one is none."""
    return sorted(file for file in folder.glob("*.md") if file.is_file()) if folder.is_dir() else []


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_FILE_BYTES + 1)
        if len(data) > _MAX_FILE_BYTES:
            raise ConfigInvalid(f"{file} is longer than {_MAX_FILE_BYTES // 1024} KiB")
        return data.decode()
    except UnicodeDecodeError:
        raise ConfigInvalid(f"{file} is not text in UTF-8") from None
    except OSError as error:
        raise ConfigInvalid(f"cannot read {file}: {error.strerror}") from None
