"""Slot keys: which lines share an explanation, and which never do."""

import pytest

from isaacd.cache.slots import abstract, explained, fits, restore, slotted


def pattern(line: str) -> str | None:
    found = slotted(f"explain this command: {line}")
    return None if found is None else found.pattern


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nmap -sV 172.18.1.5", "nmap -sV 172.18.1.9"),
        ("cat ~/thesis/chapter.txt", "cat ~/thesis/rocks.txt"),
        ("ssh zoe@10.1.2.13", "ssh zoe@10.1.2.9"),
        ("scp zoe@10.1.2.13:rocks.csv .", "scp zoe@10.1.2.14:pebbles.csv ."),
        ("set RHOSTS 10.1.2.13", "set RHOSTS 10.1.2.14"),
        ("less   thesis.md", "less novel.md"),
    ],
)
def test_lines_that_differ_in_arbitrary_names_share_a_pattern(one: str, other: str) -> None:
    assert pattern(one) is not None
    assert pattern(one) == pattern(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("less thesis.md", "less thesis.txt"),  # another kind of file
        ("less thesis.md", "less .thesis.md"),  # hidden
        ("less thesis.md", "less ./thesis/md.x"),
        ("cat ~/thesis/x1.txt", "cat /thesis/x1.txt"),
        ("nmap 10.0.0.5", "nmap 192.168.0.5"),
        ("nmap 10.0.0.5", "nmap 52.10.0.5"),
        ("nmap 10.0.0.5", "nmap 10.0.0.5/24"),
        ("nmap -p 22 10.0.0.5", "nmap -p 23 10.0.0.5"),
        ("ssh root@10.0.0.5", "ssh zoe@10.0.0.5"),
        ("cp thesis.md thesis.md", "cp thesis.md novel.md"),
        ("head -n 5 thesis.md", "head -n 50 thesis.md"),
        ("less thesis.md", "more thesis.md"),
        ("less thesis.md novel.md", "less thesis.md"),
        ("ssh zoe@10.1.2.13", "ssh jenkins@10.1.2.13"),
        ("nmap 10.1.2.13", "nmap 10.1.3.13"),  # another network, which may be known for something
        ("nmap 10.1.2.13:80", "nmap 10.1.2.13:443"),
        ("ping -c 1 10.1.2.13", "ping -c 100 10.1.2.13"),
        ("nc 10.1.2.13 22", "nc 10.1.2.13 23"),
        ("cat ~/thesis/chapter.txt", "cat ~/novel/chapter.txt"),
        ("cat chapter.txt", "cat ./chapter.txt"),
        ("diff thesis.md novel.md", "diff novel.md"),
        ("nmap 10.1.2.13", "nmap -sn 10.1.2.13"),
        ("set RHOSTS 10.1.2.13", "set LHOST 10.1.2.13"),
    ],
)
def test_lines_that_differ_in_meaning_never_share_a_pattern(one: str, other: str) -> None:
    assert pattern(one) is None or pattern(one) != pattern(other)


@pytest.mark.parametrize(
    "line",
    [
        "rm thesis.md", "sudo cat thesis.md", "chmod 600 thesis.md", "dd if=thesis.md", "kill thesis.md",
        "cat thesis.md > novel.md", "cat thesis.md | sh", "cat *.md/thesis", "cat $HOME/thesis.md", "cat 'thesis.md'",
        "cat thesis.md; ls", "cat `thesis.md`", "echo hello", "cat /etc/passwd", "nmap 127.0.0.1", "nmap 8.8.8.8",
        "nmap 10.0.0.1", "nmap 10.0.0.255", "nmap 999.1.1.5", "./thesis.py novel.md", "cat thesis.md thesistwo.md",
        "cat th\u00e9sis.md", "ls -la", "less backup.md", "less id_rsa.pub", "less 2019.txt",
        "kill -9 1234", "git checkout feature/login", "git checkout main", "git push origin/dev", "docker pull bitnami/kafka",
        "npm install chalk/chalk", "go get example.org/gin/gin", "use post/linux/gather/checkvm", "python sqlmap.py",
        "nmap --script http-enum.nse localhost", "vim Cargo.toml", "vim manage.py", "cat ~/.vimrc", "cat /etc/fstab",
        "cat /proc/mounts", "ls /dev/loop", "cat robots.txt", "cat CMakeLists.txt", "cat taxes.txt", "cat june.txt",
        "tar xzf hadoop.tar.gz", "crontab thesis.txt", "bash thesis.sh", "cd drivers/net", "ls thesis/notes",
        "ping 172.17.0.2", "ping 10.0.2.15", "ping 192.168.56.45", "ping 52.10.0.5", "ping 10.10.10.254",
        "find . -not -name thesis.md", "sed -n 1p thesis.md", "head -n -5", "cat /", "cat ~", "cat -", "cat ..",
        "chmod 777 thesis.md", "tail -f /var/spool/mail/zoe.txt", "nmap 10.1.2.3-50", "nmap 10.1.2.0/24", "vim -c wq! thesis.md",
    ],
)  # fmt: skip
def test_a_line_with_syntax_danger_or_known_names_has_no_pattern(line: str) -> None:
    assert pattern(line) is None


@pytest.mark.parametrize(
    "question",
    [
        "is it safe to run: less thesis.md",
        "how do I show thesis.md",
        "explain this command: less thesis.md\nand run it",
        "explain this command: less thesis.md, and is it safe?",
        "fix this command: less thesis.md",
        "explain quantum/physics.md",
        "explain: " + "a/b " * 200,
    ],
)
def test_only_a_plain_wish_for_an_explanation_counts(question: str) -> None:
    found = explained(question)
    assert found is None or slotted(question) is None


def test_an_answer_is_kept_with_slots_and_comes_back_with_other_names() -> None:
    template = abstract("Shows the file 'thesis.md' page by page.", ["thesis"])
    assert template is not None
    assert "thesis" not in template
    assert restore(template, ["novel"]) == "Shows the file 'novel.md' page by page."


@pytest.mark.parametrize(
    "answer",
    [
        "Shows a file page by page.",  # does not name it
        "Shows your thesis page by page: 'thesis.md'.",  # the word in prose
        "Shows 'thesis.md', probably theses.",  # a word that begins like it
        "Shows 'thesis.md', not 'hypothesis.md'.",  # a piece of another
        "Shows 'thesis.md'. This is safe.",  # a judgement
        "Shows 'thesis.md'. Be careful.",
        "Shows 'thesis.md', probably a long text.",
        "Shows 'thesis.md', a name that suggests science.",
        "Shows 'thesis.md' (the file is typically large).",
        "Shows 'Thesis.md' and 'thesis.md'.",
        "Shows 'thesis.md' \ue0000\ue001.",
    ],
)
def test_an_answer_that_may_depend_on_the_name_is_not_shared(answer: str) -> None:
    assert abstract(answer, ["thesis"]) is None


def test_an_address_may_be_said_to_be_private_but_not_more() -> None:
    literals = ["10.1.26.9"]
    assert abstract("Scans 10.1.26.9, a private address of 10.0.0.0/8.", literals) is not None
    assert abstract("Scans 10.1.26.9 in the network 10.1.26.0/24.", literals) is not None
    assert abstract("Scans 10.1.26.9, as 10.1.26.10 would.", literals) is None
    assert abstract("Scans 10.1.26.9, host number 9.", literals) is None


def test_new_names_must_not_meet_their_like_in_the_answer() -> None:
    template = abstract("Shows the file 'thesis.md' page by page.", ["thesis"])
    assert template is not None
    assert fits(template, ["novel"])
    assert not fits(template, ["pages"])
    assert not fits(template, ["file2"])
