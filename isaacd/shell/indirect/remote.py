"""What runs elsewhere, on another host or in a container, and as another user."""

import msgspec

from isaacd.shell.indirect.found import Finder, Found, joined, merged, operands, read_as_shell
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Word

_SSH_TAKES = frozenset("-b -B -c -D -E -e -F -I -i -J -L -l -m -O -o -P -p -Q -R -S -W -w".split())
_CONTAINER_TAKES = frozenset(
    "-e --env -v --volume -p --publish -w --workdir -u --user --name --network --net -h --hostname --entrypoint -m --memory "
    "--mount --cpus --env-file -l --label --add-host --cap-add --cap-drop --device --gpus --platform --restart --tmpfs "
    "--log-driver --log-opt --ip --dns --pid --ipc --uts --userns --shm-size --ulimit --security-opt -a --attach -c --cpu-shares "
    "-f --file --project-name --profile --context -H --host --volumes-from --pull --stop-signal --sysctl --cidfile --expose "
    "--health-cmd --group-add --runtime --detach-keys --index -T".split()
) - {"-T"}
_POD_TAKES = frozenset(
    "-n --namespace -c --container --context --kubeconfig --cluster --user -l --selector -f --filename --image".split()
)


def _ssh(invocation: Invocation) -> Found:
    words = invocation.words[1:]
    start = operands(words, _SSH_TAKES)
    found = _ssh_options(words)
    if start >= len(words):
        return found
    host = words[start].value or words[start].raw
    # Options may stand behind the host as well.
    rest = words[start + 1 :]
    rest = rest[operands(rest, _SSH_TAKES) :]
    there = joined(rest, "what runs on the other host cannot be seen") if rest else read_as_shell(invocation)
    return merged(msgspec.structs.replace(there, remote=host), found)


def _ssh_options(words: tuple[Word, ...]) -> Found:
    """`-o ProxyCommand=LINE` runs here."""
    texts = []
    for word in words:
        name, equals, line = (word.value or "").removeprefix("-o").strip().partition("=")
        if " " in name.strip():
            name, equals, line = (word.value or "").removeprefix("-o").strip().partition(" ")
        if (
            equals
            and name.strip().lower() in ("proxycommand", "localcommand", "knownhostscommand")
            and line != "none"
        ):
            texts.append(line)
    return Found(texts=tuple(texts))


def _copied(invocation: Invocation) -> Found:
    return _ssh_options(invocation.words[1:])


def _container(invocation: Invocation) -> Found:
    """`docker run [options] IMAGE command`, `docker exec [options] CONTAINER command`, and the same of others."""
    words = invocation.words[1:]
    start = operands(words, _CONTAINER_TAKES)
    while start < len(words) and words[start].value in ("compose", "container"):
        start += 1 + operands(words[start + 1 :], _CONTAINER_TAKES)
    if start >= len(words) or words[start].value not in ("run", "exec", "create"):
        return Found()
    rest = words[start + 1 :]
    place = operands(rest, _CONTAINER_TAKES)
    unseen = _reaches_out(rest[:place])
    entry = _entrypoint(rest[:place])
    if place >= len(rest):
        return Found(unseen=unseen)
    where = rest[place].value or rest[place].raw
    command = rest[place + 1 :]
    if entry is not None:
        command = (entry, *command)
    return Found((command,) if command else (), unseen=unseen, remote=where if unseen is None else None)


def _entrypoint(options: tuple[Word, ...]) -> Word | None:
    for place, word in enumerate(options[:-1]):
        if word.value == "--entrypoint":
            return options[place + 1]
    return None


def _reaches_out(options: tuple[Word, ...]) -> str | None:
    """Say whether a container reaches all of this machine."""
    for word in options:
        value = word.value or ""
        shared = value.removeprefix("--volume=").removeprefix("-v").removeprefix("=")
        if shared.startswith("/:") or "source=/," in value or "src=/," in value or "docker.sock" in value:
            return "the container reaches all files of this machine"
        if value in (
            "--privileged",
            "--privileged=true",
            "--pid=host",
            "--cap-add=ALL",
            "--cap-add=SYS_ADMIN",
        ):
            return "the container has the rights of this machine"
    return None


def _kubectl(invocation: Invocation) -> Found:
    words = invocation.words[1:]
    values = [word.value for word in words]
    verbs = ("exec", "run", "debug", "rsh")
    start = operands(words, _POD_TAKES)
    if start >= len(words) or values[start] not in verbs:
        return Found()
    rest = words[start + 1 :]
    if "--" in values:
        place = values.index("--")
        named = [value for value in values[start + 1 : place] if value and not value.startswith("-")]
        command = words[place + 1 :]
        return Found((command,) if command else (), remote=named[0] if named else "pod")
    place = operands(rest, _POD_TAKES)
    command = rest[place + 1 :]
    return Found(
        (command,) if command else (), remote=(rest[place].value if place < len(rest) else None) or "pod"
    )


def _behind(dashes: str, where: str) -> Finder:
    """`lxc exec NAME -- COMMAND`: what stands behind the dashes, in `where`."""

    def find(invocation: Invocation) -> Found:
        words = invocation.words
        values = [word.value for word in words]
        if dashes not in values:
            return Found()
        command = words[values.index(dashes) + 1 :]
        return Found((command,) if command else (), remote=where)

    return find


def _su(invocation: Invocation) -> Found:
    values = [word.value for word in invocation.words]
    if "-c" in values or any(
        (value or "").startswith(("--command", "--session-command")) for value in values
    ):
        return Found(privileged=True)  # its line is found with those of other programs
    return msgspec.structs.replace(read_as_shell(invocation), privileged=True)


def _runuser(invocation: Invocation) -> Found:
    """`runuser -u NAME -- COMMAND` runs words; without -u it is as `su`."""
    words = invocation.words[1:]
    if not any((word.value or "").startswith(("-u", "--user")) for word in words):
        return _su(invocation)
    rest = words[operands(words, frozenset("-u --user -g --group -G --supp-group -w".split())) :]
    return Found((rest,) if rest else (), privileged=True)


def _adb(invocation: Invocation) -> Found:
    words = invocation.words[1:]
    place = operands(words, frozenset(("-s", "-H", "-P", "-t")))
    if place >= len(words) or words[place].value not in ("shell", "exec-out"):
        return Found()
    found = (
        joined(words[place + 1 :], "what runs on the device cannot be seen")
        if words[place + 1 :]
        else Found()
    )
    return msgspec.structs.replace(found, remote="device")


def _hosts(takes: str) -> Finder:
    """`pssh -h hosts COMMAND`: the same line on many hosts."""
    taken = frozenset(takes.split())

    def find(invocation: Invocation) -> Found:
        words = invocation.words[1:]
        rest = words[operands(words, taken) :]
        found = joined(rest, "what runs on other hosts cannot be seen") if rest else Found()
        return msgspec.structs.replace(found, remote="hosts")

    return find


def _ansible(invocation: Invocation) -> Found:
    words = invocation.words
    for place, word in enumerate(words[:-1]):
        if word.value in ("-a", "--args"):
            found = joined(words[place + 1 : place + 2], "what runs on other hosts cannot be seen")
            return msgspec.structs.replace(found, remote="hosts")
    return Found()


REMOTES: dict[str, Finder] = {
    "ssh": _ssh,
    "autossh": _ssh,
    "slogin": _ssh,
    "scp": _copied,
    "sftp": _copied,
    "mosh": _behind("--", "host"),
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose", "podman-compose", "finch"), _container),
    **dict.fromkeys(("kubectl", "oc", "k3s", "microk8s.kubectl", "k"), _kubectl),
    **dict.fromkeys(
        ("lxc", "incus", "lxc-attach", "machinectl", "schroot", "toolbox", "distrobox"),
        _behind("--", "container"),
    ),
    "su": _su,
    "runuser": _runuser,
    "adb": _adb,
    "pssh": _hosts("-h -H -l -p -o -e -t -x -O"),
    "parallel-ssh": _hosts("-h -H -l -p -o -e -t -x -O"),
    "pdsh": _hosts("-w -x -l -f -t -u -R -g"),
    "clush": _hosts("-w -x -g -X -l -f -t -u -o"),
    "ansible": _ansible,
    "sshpass": lambda invocation: Found(
        (invocation.words[1 + operands(invocation.words[1:], frozenset(("-p", "-f", "-d", "-P"))) :],)
    ),
}
