"""What is known of a machine, as cards."""

import msgspec


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The operating system: `distribution` as it names itself, `kernel`, `machine` such as x86_64, and the host.

    `inside` says what the daemon runs in (`docker`, `podman`, `lxc`, `kubernetes`, `wsl`, `systemd-nspawn`); null is none
    that is known.
    """

    name: str
    distribution: str | None
    kernel: str
    machine: str
    host: str
    cpus: int
    memory_mib: int | None
    inside: str | None
    init: str | None


class ShellCard(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's shell, and whether `isaacctl shell-init` is in it."""

    path: str | None
    name: str | None
    hooked: bool
    session: str | None


class TerminalCard(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's terminal."""

    kind: str | None
    columns: int
    lines: int
    color: bool
    truecolor: bool
    is_terminal: bool


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A program: where it is, and its version as far as a file tells that; no program is run to find out."""

    name: str
    path: str
    version: str | None = None


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """The git repository of the folder: `state` is what is under way, such as `rebase` or `merge`."""

    root: str
    branch: str | None
    commit: str | None
    state: str | None
    stashes: int


class PathTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a folder on PATH: `missing`, `duplicate`, `relative`, `empty`, `not-a-folder`, `world-writable`, `unreadable`, `foreign`."""

    folder: str
    trouble: str
    why: str


class Variable(msgspec.Struct, frozen=True):
    """A variable that changes how programs behave; a secret value is masked."""

    name: str
    value: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of the machine and of the caller's place on it."""

    system: System
    shell: ShellCard
    terminal: TerminalCard
    package_managers: list[Tool]
    languages: list[Tool]
    tools: list[Tool]
    repository: Repository | None
    path: list[str]
    path_troubles: list[PathTrouble]
    variables: list[Variable]
