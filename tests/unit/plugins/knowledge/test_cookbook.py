"""The cookbook is right in form: every command parses, every slot is known, nothing is there twice."""

import re
import subprocess
from collections import Counter

import pytest

from isaac_plugins.knowledge import cookbook, index, template

ENTRIES = cookbook.read(cookbook.folder())
TOOLS = cookbook.read_tools(cookbook.folder())
AREAS = {
    "archives", "containers", "disks", "files", "find", "git", "media", "network", "packages", "processes", "python",
    "shell", "text", "users",
}  # fmt: skip

# Tools that the cookbook uses and that tools.tsv does not describe.
MORE_TOOLS = frozenset(
    """
    adduser apt-mark configure finger truncate 7z [ alias amixer ansible apk arecord aspell atq atrm bind blkid bunzip2 case cargo chage chattr chsh clear
    cmake command compgen createdb cryptsetup csplit declare diff3 dirs disown dmidecode dos2unix dpkg-deb dropdb e2label echo
    espeak eval exec exiftool exit expand export fallocate fc fd ffprobe figlet findmnt firewall-cmd flatpak fmt for fsck
    fstrim getent getfacl gio go gpasswd groupadd groupdel gs gunzip hdparm helm help hostnamectl hwclock hyperfine
    iconv identify iftop import inotifywait ionice iotop iperf3 java journalctl jupyter kill lastb last lftp locale logger
    loginctl look lp lsattr lshw lsmod lspci lsusb ltrace lvextend lvs mail mapfile mkcd mkfs.ext4 mkfs.vfat modprobe
    mogrify mongosh montage mpv mtr mypy mysql mysqldump ncdu nethogs nm nmcli notify-send nproc nslookup nvidia-smi n
    pandoc parallel parted pdfunite pdftoppm pdftotext pg_dump pidof pipx pmap popd pr printenv PS1 pushd pwdx
    read readonly redis-cli reset resize2fs resolvectl rev rg rpm rpm2cpio ruff script select sensors service set setfacl
    sftp shellcheck shift shopt shutdown smartctl snap source speedtest-cli ssh-add ssh-copy-id sshfs strings stty
    sudoedit svn swapoff swapon sync sysctl systemd-analyze taskset telnet terraform tesseract timedatectl trap true
    tty type ufw unalias unexpand unix2dos unlink unrar unset until update-alternatives updatedb upower userdel uuidgen
    virsh visudo w3m wait wall whereis while whois write xclip NAME xdg-open xmllint xrandr yt-dlp zgrep zless zstd zypper
    renice bg fg jobs lsblk sleep test dnf who ssh-keygen nc magick ulimit
    history
    """.split()
)


def test_there_are_hundreds_of_tasks_in_every_area() -> None:
    assert len(ENTRIES) >= 500
    assert {entry.area for entry in ENTRIES} == AREAS
    assert min(Counter(entry.area for entry in ENTRIES).values()) >= 20


def test_every_command_is_valid_shell() -> None:
    # Defining a function parses its body without running it.
    script = 'shopt -s extglob; for c; do eval "f() { $c\n}" || printf "%s\\n" "$c"; done'
    commands = [template.fill(entry.command, {}).command for entry in ENTRIES]
    done = subprocess.run(
        ["bash", "-c", script, "bash", *commands], capture_output=True, text=True, timeout=90
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_every_command_begins_with_a_known_tool() -> None:
    unknown = (
        {index.tool_of(template.fill(entry.command, {}).command) for entry in ENTRIES}
        - set(TOOLS)
        - MORE_TOOLS
    )
    assert unknown == set()


def test_every_slot_is_of_a_known_kind() -> None:
    for entry in ENTRIES:
        for match in re.finditer(
            r"(?<![\{\w$])\{([a-z]+)[2-9]?(?:=[^}]*)?\}", f"{entry.command} {' '.join(entry.tasks)}"
        ):
            assert match[1] in template.SLOTS, entry


def test_slots_in_a_task_are_plain() -> None:
    for entry in ENTRIES:
        for task in entry.tasks:
            assert not re.search(r"\{[a-z]+[2-9]?=", task), task


def test_no_task_and_no_command_is_there_twice() -> None:
    tasks = Counter(task for entry in ENTRIES for task in entry.tasks)
    commands = Counter(entry.command for entry in ENTRIES)
    assert [task for task, count in tasks.items() if count > 1] == []
    assert [command for command, count in commands.items() if count > 1] == []


def test_every_entry_says_what_it_does_in_a_sentence() -> None:
    for entry in ENTRIES:
        assert entry.description.endswith("."), entry
        assert 8 <= len(entry.description) <= 120, entry
        assert all(task == task.strip() and task for task in entry.tasks), entry


DESTRUCTIVE = re.compile(
    r"(?:^|[\s|;&(])(?:rm|rmdir -p|shred|mkfs\.\S+|dropdb|userdel|truncate|dd) |-delete\b|reset --hard|--delete\b|-exec rm"
    r"|mogrify|git push --force|kill -9|pkill|killall|crontab -r|sed -i|shutdown -h"
)
HARMLESS = re.compile(
    r"rm -f \"\$tmp\"|clean -nd|docker rm|rmdir|--cached|git am|--remove-destination|shutdown -h \+"
)


def test_what_destroys_warns() -> None:
    silent = [
        e.command
        for e in ENTRIES
        if DESTRUCTIVE.search(e.command) and not e.warning and not HARMLESS.search(e.command)
    ]
    assert silent == []


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if re.search(r"(?:^| )(?:rm|mkfs\.\S+|shred|dd|userdel|dropdb) ", e.command)]
)
def test_what_destroys_has_no_default_for_what_it_destroys(entry: cookbook.Entry) -> None:
    for piece in template.parse(entry.command):
        if isinstance(piece, template.Slot) and piece.base in (
            "dir",
            "device",
            "user",
            "database",
            "files",
            "mountpoint",
        ):
            assert piece.default is None, entry.command


def test_find_deletes_only_in_a_folder_that_was_named() -> None:
    for entry in ENTRIES:
        if entry.command.startswith("find {") and "-delete" in entry.command:
            assert entry.command.startswith("find {dir} "), entry.command


def test_an_incomplete_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="area x: incomplete entry"):
        list(cookbook.parse("do something\n$ true\n", "x"))


def test_an_entry_is_read_with_all_its_parts() -> None:
    text = "# about\n\nfirst task | second task\nthird task\n$ rm {file}\nRemoves it.\n! It is gone.\n+ erase wipe\n"
    [entry] = cookbook.parse(text, "x")
    assert entry.tasks == ("first task", "second task", "third task")
    assert (entry.command, entry.keywords) == ("rm {file}", "erase wipe")
    assert entry.text == "Removes it. Careful: It is gone."
