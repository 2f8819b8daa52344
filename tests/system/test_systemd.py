"""Under a real systemd: installed, fenced, kept over restarts, mended after faults, and taken away without a trace."""

import json
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.daemon import eventually
from tests.system.booted import UID, Booted, why_not

pytestmark = pytest.mark.system

# Connections that talk before, during and after a restart; it prints how many were lost and what was answered.
CONNECTIONS = """
import http.client, json, socket, subprocess, sys, threading
path, count = f"/run/user/{61234}/isaacd/isaacd.sock", 20
lost, answered, pids, stop = [], [0] * count, [set() for _ in range(count)], threading.Event()
def talk(place):
    sock = socket.socket(socket.AF_UNIX); sock.settimeout(60); sock.connect(path)
    file, number = sock.makefile("rwb"), 0
    try:
        while not stop.is_set() or len(pids[place]) < 2:
            number += 1
            file.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": "ping"}).encode() + b"\\n"); file.flush()
            reply = json.loads(file.readline())
            assert reply["id"] == number and "result" in reply, reply
            pids[place].add(reply["result"]["pid"]); answered[place] += 1
    except Exception as error:
        lost.append(f"{place}: {error!r}")
def browse(place):
    connection = http.client.HTTPConnection("localhost"); connection.sock = sock = socket.socket(socket.AF_UNIX)
    connection.auto_open = 0; sock.settimeout(60); sock.connect(path)
    try:
        while not stop.is_set():
            connection.request("GET", "/health"); reply = connection.getresponse(); reply.read()
            assert reply.status == 200, reply.status
            answered[place] += 1
    except Exception as error:
        lost.append(f"http {place}: {error!r}")
threads = [threading.Thread(target=talk, args=(place,)) for place in range(count)]
threads += [threading.Thread(target=browse, args=(place,)) for place in range(5)]
for thread in threads: thread.start()
for _ in range(3):
    subprocess.run(["systemctl", "--user", "restart", "isaacd.service"], check=True)
stop.set()
for thread in threads: thread.join(60)
print(json.dumps({"lost": lost, "answered": sum(answered), "daemons": max(len(one) for one in pids)}))
"""

NOTES = """
import subprocess, threading, time
acknowledged, stop = [], threading.Event()
def write(place):
    number = 0
    while not stop.is_set():
        number += 1
        text = f"note-{place}-{number}"
        if subprocess.run(["isaacctl", "notes", "add", text], capture_output=True).returncode == 0:
            acknowledged.append(text)
threads = [threading.Thread(target=write, args=(place,)) for place in range(4)]
for thread in threads: thread.start()
def more():
    # A few more are acknowledged before the next fault.
    goal, end = len(acknowledged) + 5, time.monotonic() + 60
    while len(acknowledged) < goal and time.monotonic() < end: time.sleep(0.01)
for _ in range(3):
    more()
    subprocess.run(["systemctl", "--user", "restart", "isaacd.service"], check=True)
    more()
    subprocess.run(["systemctl", "--user", "kill", "-s", "KILL", "isaacd.service"], check=True)
more()
stop.set()
for thread in threads: thread.join(60)
listed = ["isaacctl", "notes", "list", "--limit", "100000", "--json"]
kept = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
missing = [text for text in acknowledged if text not in kept]
print(len(acknowledged), missing)
"""


@pytest.fixture(scope="module")
def booted() -> Iterator[Booted]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    system = Booted()
    try:
        yield system
    finally:
        system.close()


@pytest.fixture
def service(booted: Booted) -> Iterator[Booted]:
    booted.isaacctl("service", "install", "--json")
    try:
        yield booted
    finally:
        booted.user("isaacctl", "service", "uninstall")


def test_a_request_starts_it_and_it_works_behind_its_fence(service: Booted) -> None:
    status = json.loads(service.isaacctl("status", "--json"))
    assert status["log"] == "journal"
    assert service.main_pid() > 0
    assert "ss " in service.isaacctl("ask", "--provider", "knowledge", "list open ports")
    service.isaacctl("notes", "add", "behind the fence")
    assert "behind the fence" in service.isaacctl("notes", "list")
    assert service.isaacctl("run", "echo", "hello") == "hello\n"  # the client runs it, outside
    status_of = service.root("cat", f"/proc/{service.main_pid()}/status").stdout
    assert "NoNewPrivs:\t1" in status_of
    assert "Seccomp:\t2" in status_of


def test_the_fence_is_as_close_as_promised(service: Booted) -> None:
    said = service.user("systemctl", "--user", "status", "isaacd.service")
    assert "requests answered" in said.stdout
    exposure = service.user("systemd-analyze", "--user", "security", "--no-pager", "isaacd.service").stdout
    assert float(exposure.split("service: ")[-1].split()[0]) <= 1.7


def test_its_log_can_be_searched_by_field(service: Booted) -> None:
    service.isaacctl("status")
    line = eventually(
        lambda: (
            service.root(
                "journalctl", "-q", "-o", "json", "-n", "1", "ISAAC_EVENT=ready", f"_UID={UID}"
            ).stdout
        ),
        "the journal to have the line",
    )
    entry = json.loads(line)
    assert entry["SYSLOG_IDENTIFIER"] == "isaacd"
    assert entry["PRIORITY"] == "6"
    assert entry["ISAAC_VERSION"]


def test_restarts_lose_no_connection(service: Booted) -> None:
    service.isaacctl("status")
    found = json.loads(service.python(CONNECTIONS))
    assert found["lost"] == []
    assert found["daemons"] >= 2
    assert found["answered"] > 0


def test_restarts_and_kills_lose_nothing_that_was_acknowledged(service: Booted) -> None:
    count, _, missing = service.python(NOTES).strip().partition(" ")
    assert missing == "[]"
    assert int(count) > 0


def test_a_crash_is_mended_at_once(service: Booted) -> None:
    service.isaacctl("status")
    before = service.main_pid()
    service.signal_daemon(signal.SIGKILL)
    eventually(lambda: service.main_pid() not in (0, before), "another process")
    assert "running" in service.isaacctl("status")


def test_the_watchdog_mends_a_daemon_that_hangs(service: Booted) -> None:
    folder = "/home/ada/.config/systemd/user/isaacd.service.d"
    service.user("mkdir", "-p", folder)
    service.user("sh", "-c", f"printf '[Service]\\nWatchdogSec=2s\\n' > {folder}/90-test.conf")
    service.user("systemctl", "--user", "daemon-reload")
    service.user("systemctl", "--user", "restart", "isaacd.service")
    before = service.main_pid()
    assert before
    service.signal_daemon(signal.SIGSTOP)
    eventually(lambda: service.main_pid() not in (0, before), "the watchdog to act")
    assert "running" in service.isaacctl("status")
    service.user("rm", "-r", folder)
    service.user("systemctl", "--user", "daemon-reload")


def test_a_reload_takes_a_good_configuration_and_refuses_a_bad_one(service: Booted) -> None:
    service.isaacctl("status")
    before = service.main_pid()
    config = "/home/ada/.config/isaac/config.toml"
    service.user("sh", "-c", f"umask 077; printf '[log]\\nlevel = \"debug\"\\n' > {config}")
    assert service.user("systemctl", "--user", "reload", "isaacd.service").returncode == 0
    service.user("sh", "-c", f"printf 'nonsense = 1\\n' > {config}")
    assert service.user("systemctl", "--user", "reload", "isaacd.service").returncode == 0
    assert service.main_pid() == before
    assert eventually(
        lambda: service.root("journalctl", "-q", "-n", "5", "ISAAC_EVENT=configuration refused").stdout,
        "the journal to tell",
    )
    service.user("rm", config)


def test_a_backup_comes_back_into_the_running_service(service: Booted) -> None:
    service.isaacctl("notes", "add", "worth keeping")
    service.isaacctl("backup", "/home/ada/isaac.backup")
    service.isaacctl("notes", "add", "after the backup")
    before = service.main_pid()
    said = json.loads(service.isaacctl("restore", "/home/ada/isaac.backup", "--json"))
    assert said["files"] > 0
    notes = service.isaacctl("notes", "list")
    assert "worth keeping" in notes
    assert "after the backup" not in notes
    assert service.main_pid() not in (0, before)
    assert json.loads(service.isaacctl("status", "--json"))["log"] == "journal"  # the service's, and no other
    # What was there before is kept, and comes back in the same way.
    service.isaacctl("restore", said["kept"])
    assert "after the backup" in service.isaacctl("notes", "list")


def test_isaacctl_reads_its_log_from_the_journal(service: Booted) -> None:
    service.isaacctl("status")
    refused = service.user("isaacctl", "logs", "--journal")
    assert "systemd-journal" in refused.stderr  # what to do so that she may read it
    service.root("usermod", "-aG", "systemd-journal", "ada")
    service.user("systemctl", "--user", "reload", "isaacd.service")
    lines = eventually(
        lambda: [
            json.loads(line)
            for line in service.isaacctl("logs", "--journal", "--json", "-n", "1000").splitlines()
            if "configuration read" in line
        ],
        "the journal to tell",
    )
    assert lines[-1]["event"] == "configuration read"
    assert lines[-1]["level"] == "info"
    # The service logs there, so nobody has to say where.
    assert "configuration read" in service.isaacctl("logs", "-n", "1000")
    assert service.isaacctl("logs", "--path").strip() == "journal"


def test_the_doctor_looks_at_the_fence(service: Booted) -> None:
    service.isaacctl("status")
    found = json.loads(service.user("isaacctl", "doctor", "--json").stdout)["findings"]
    assert [item for item in found if "service" in item["about"] or "fence" in item["message"]] == []
    folder = "/home/ada/.config/systemd/user/isaacd.service.d"
    service.user("mkdir", "-p", folder)
    service.user(
        "sh", "-c", f"printf '[Service]\\nNoNewPrivileges=no\\nProtectSystem=no\\n' > {folder}/90-weak.conf"
    )
    service.user("systemctl", "--user", "daemon-reload")
    try:
        done = service.user("isaacctl", "doctor", "--json")
        weak = [item for item in json.loads(done.stdout)["findings"] if "fence" in item["message"]]
        assert weak, done.stdout
        assert all(item["hint"] for item in weak)
    finally:
        service.user("rm", "-r", folder)
        service.user("systemctl", "--user", "daemon-reload")


def test_its_socket_deleted_by_hand_comes_back_with_the_next_command(service: Booted) -> None:
    service.isaacctl("notes", "add", "acknowledged")
    service.user("rm", f"/run/user/{UID}/isaacd/isaacd.sock")
    assert "acknowledged" in service.isaacctl("notes", "list")
    assert service.main_pid() > 0


def test_isaacctl_stops_and_restarts_it_through_systemd(service: Booted) -> None:
    service.isaacctl("status")
    before = service.main_pid()
    service.isaacctl("restart")
    assert service.main_pid() not in (0, before)
    service.isaacctl("stop")
    assert service.main_pid() == 0
    service.isaacctl("greet")  # and the socket starts it again
    assert service.main_pid() > 0


def test_it_is_taken_away_without_a_trace(booted: Booted) -> None:
    booted.isaacctl("service", "install")
    booted.isaacctl("status")
    booted.isaacctl("service", "uninstall")
    assert booted.user("find", "/home/ada/.config/systemd", "-name", "isaacd*").stdout == ""
    assert booted.main_pid() == 0
    assert booted.user("isaacctl", "status").returncode == 3
    assert booted.user("isaacctl", "service", "status").returncode == 3
    booted.isaacctl("greet")  # on demand, as before
    booted.isaacctl("stop")


def test_a_file_that_somebody_else_wrote_is_left_alone(booted: Booted) -> None:
    booted.user("mkdir", "-p", "/home/ada/.config/systemd/user")
    booted.user("sh", "-c", "echo '# mine' > /home/ada/.config/systemd/user/isaacd.service")
    done = booted.user("isaacctl", "service", "install")
    assert done.returncode != 0
    assert "not ours" in done.stderr
    assert booted.user("cat", "/home/ada/.config/systemd/user/isaacd.service").stdout == "# mine\n"
    booted.user("rm", "/home/ada/.config/systemd/user/isaacd.service")


def test_the_system_runs_one_for_a_user_who_has_no_manager(booted: Booted) -> None:
    done = booted.root(sys.executable, "-m", "isaacctl", "service", "install", "--system", "--for", "ada")
    assert done.returncode == 0, (done.stdout, done.stderr)
    said = booted.user("isaacctl", "status", "--json", environ={"XDG_RUNTIME_DIR": ""})
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["socket"] == f"/run/isaacd/{UID}/isaacd.sock"
    noted = booted.user("isaacctl", "notes", "add", "x", environ={"XDG_RUNTIME_DIR": ""})
    assert noted.returncode == 0, noted.stderr
    other = booted.root("ls", "-ld", f"/run/isaacd/{UID}").stdout
    assert other.startswith("drwx------")
    exposure = booted.root("systemd-analyze", "security", "--no-pager", f"isaacd@{UID}.service").stdout
    assert float(exposure.split("service: ")[-1].split()[0]) <= 1.1
    booted.root(sys.executable, "-m", "isaacctl", "service", "uninstall", "--system", "--for", "ada")
    assert booted.root("find", "/etc/systemd/system", "-name", "isaacd*").stdout == ""


def test_one_user_less_of_the_system_leaves_the_others_theirs(booted: Booted) -> None:
    ours = [sys.executable, "-m", "isaacctl", "service"]
    for user in ("ada", "1"):
        assert booted.root(*ours, "install", "--system", "--for", user).returncode == 0
    done = booted.root(*ours, "uninstall", "--system", "--for", "1", "--json")
    assert json.loads(done.stdout)["others"] == [f"isaacd@{UID}.socket"]
    assert booted.user("isaacctl", "greet", environ={"XDG_RUNTIME_DIR": ""}).returncode == 0
    assert booted.root("ls", "/run/isaacd").stdout.split() == [str(UID)]
    booted.root(*ours, "uninstall", "--system", "--for", "ada")
    assert booted.root("find", "/etc/systemd/system", "/run/isaacd", "-name", "*isaacd@*").stdout == ""
    assert booted.root("ls", "/run/isaacd").stdout == ""


def test_folders_that_were_deleted_are_made_anew(service: Booted) -> None:
    service.isaacctl("notes", "add", "one")
    kept = [f"/home/ada/{name}/isaac" for name in (".cache", ".config", ".local/share", ".local/state")]
    service.user("rm", "-r", *kept)
    service.user("systemctl", "--user", "restart", "isaacd.service")
    service.isaacctl("notes", "add", "two")
    assert "two" in service.isaacctl("notes", "list")
    assert "fence" not in service.isaacctl("doctor")
    modes = service.user("stat", "-c", "%a", *kept).stdout.split()
    assert modes == ["700"] * 4


def test_its_files_are_where_the_shell_of_the_installation_has_them(booted: Booted) -> None:
    other = {"XDG_DATA_HOME": "/home/ada/da ta%h$x", "XDG_CONFIG_HOME": "/home/ada/con"}
    booted.user("isaacctl", "notes", "add", "before", environ=other)
    assert booted.user("isaacctl", "service", "install", environ=other).returncode == 0
    assert booted.main_pid() > 0
    assert "before" in booted.user("isaacctl", "notes", "list", environ=other).stdout
    booted.user("isaacctl", "service", "uninstall", environ=other)
    assert booted.user("find", "/home/ada", "-name", "isaacd.s*").stdout == ""


def test_an_installation_that_does_not_work_is_undone(booted: Booted) -> None:
    folder = "/home/ada/.config/systemd/user"
    booted.user("mkdir", "-p", f"{folder}/isaacd.service.d")
    text = "[Service]\\nExecStart=\\nExecStart=/bin/false\\nStartLimitBurst=1\\n"
    booted.user("sh", "-c", f"printf '{text}' > {folder}/isaacd.service.d/99.conf")
    done = booted.user("isaacctl", "service", "install")
    assert done.returncode == 1
    assert "ended with 1" in done.stderr
    booted.isaacctl("greet")  # on demand, as before
    booted.isaacctl("stop")
    booted.user("rm", "-r", f"{folder}/isaacd.service.d")
    assert booted.user("find", folder, "-name", "isaacd*").stdout == ""


def test_where_users_have_no_namespaces_it_runs_with_the_other_fences(booted: Booted) -> None:
    manager, file = f"user@{UID}.service", f"/etc/systemd/system/user@{UID}.service.d/without.conf"
    booted.root("mkdir", "-p", file.rpartition("/")[0])
    booted.root("sh", "-c", f"printf '[Service]\\nRestrictNamespaces=yes\\n' > {file}")
    booted.root("systemctl", "daemon-reload")
    booted.root("systemctl", "restart", manager)
    try:
        said = json.loads(booted.isaacctl("service", "install", "--json"))
        assert "fewer fences" in said["remarks"][0]
        assert booted.main_pid() > 0
    finally:
        booted.root("rm", file)
        booted.root("systemctl", "daemon-reload")
        booted.root("systemctl", "restart", manager)
    again = json.loads(booted.isaacctl("service", "install", "--json"))
    assert (again["remarks"], len(again["installed"])) == ([], 2)
    booted.isaacctl("service", "uninstall")
