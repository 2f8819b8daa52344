"""Lines of the log become entries of the journal, field by field, whatever is in them."""

import os
import socket
import time
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from isaacd.log import Log
from isaacd.log.journal import JournalSink, entry, is_our_journal
from isaacd.log.log import _Core


def fields_of(data: bytes) -> list[tuple[str, str]]:
    """Read an entry as journald does."""
    found = []
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if equals:
            found.append((name.decode(), value.decode()))
            data = rest
        else:
            size = int.from_bytes(rest[:8], "little")
            found.append((line.decode(), rest[8 : 8 + size].decode()))
            assert rest[8 + size : 9 + size] == b"\n"
            data = rest[9 + size :]
    return found


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.none(), max_size=5))
def test_every_field_arrives_and_none_can_be_made_up(event: str, said: dict[str, object]) -> None:
    line = msgspec.json.encode({**said, "ts": "2026-01-01T00:00:00.000Z", "level": "warning", "event": event})
    found = fields_of(entry(line))
    names = [name for name, _ in found]
    assert names[:4] == ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "ISAAC_EVENT"]
    assert found[1][1] == "4"
    assert all(name.startswith("ISAAC_") for name in names[4:])
    assert len(found) == 4 + len({name for name in said if name not in ("ts", "level", "event")})


def test_a_line_of_any_length_reaches_the_journal(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "journal"))
        heard.settimeout(90)
        sink = JournalSink(str(tmp_path / "journal"))
        sink.write(b'{"level":"info","event":"ready"}\n')
        assert b"MESSAGE=ready\n" in heard.recv(4096)
        sink.write(msgspec.json.encode({"level": "error", "event": "x" * 3_000_000}))
        data, descriptors, _, _ = socket.recv_fds(heard, 10, 1)
        assert data == b""
        assert os.fstat(descriptors[0]).st_size > 6_000_000
        os.close(descriptors[0])
        sink.close()


def test_a_journal_that_is_gone_fails_nobody() -> None:
    log = Log(_Core(JournalSink("/nowhere/socket"), "info", time.time))
    log.error("something")
    assert log.dropped == 1
    log.close()


def test_only_a_standard_error_that_leads_to_the_journal_counts() -> None:
    found = os.fstat(2)
    assert is_our_journal({"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
    assert not is_our_journal({"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"})
    assert not is_our_journal({"JOURNAL_STREAM": "nonsense"})
    assert not is_our_journal({})
