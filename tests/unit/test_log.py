"""What is written to the log, where, and what happens when it cannot be."""

import asyncio
import contextvars
import errno
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from isaacd.log import open_log, request_fields
from isaacd.log.pipeline import timestamp


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state/isaac/isaacd.log"


def opened(file, **options):
    return open_log(file, **{"now": lambda: 1_750_000_000.25, **options})


def lines(file):
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_line_is_one_json_object_that_begins_with_time_level_and_event(file):
    opened(file).info("started", pid=7, note="two\nlines")
    (line,) = file.read_text().splitlines()
    assert line == (
        '{"ts":"2025-06-15T15:06:40.250Z","level":"info","event":"started","pid":7,"note":"two\\nlines"}'
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1.9996, "1970-01-01T00:00:01.999Z"),
        (951782400.0, "2000-02-29T00:00:00.000Z"),
    ],
)
def test_times_are_utc_to_the_millisecond_and_never_rounded_up(seconds, text):
    assert timestamp(seconds) == text


def test_only_lines_of_the_level_and_above_are_written(file):
    log = opened(file, level="warning")
    for write in (log.debug, log.info, log.warning, log.error):
        write(write.__name__)
    assert [line["event"] for line in lines(file)] == ["warning", "error"]
    assert not log.enabled("info")
    log.set_level("debug")
    log.bind(a=1).debug("now")
    assert lines(file)[-1]["event"] == "now"


def test_a_line_below_the_level_costs_no_formatting(file):
    class Untouchable:
        def __repr__(self):
            raise AssertionError("it was formatted")

    log = opened(file, level="warning")
    log.debug("x", value=Untouchable())
    assert file.read_bytes() == b""
    assert log.dropped == 0


def test_bound_fields_are_on_every_line_and_the_latest_value_counts(file):
    log = opened(file).bind(plugin="ask", a=1)
    log.bind(a=2).info("one")
    log.info("two", a=3)
    log.info("three")
    assert [(line["plugin"], line["a"]) for line in lines(file)] == [("ask", 2), ("ask", 3), ("ask", 1)]


def test_fields_cannot_forge_time_level_or_event(file):
    opened(file).warning("real", ts="x", level="x", event="x", self="s")
    (line,) = lines(file)
    assert (line["ts"][:4], line["level"], line["event"], line["self"]) == ("2025", "warning", "real", "s")


def test_an_exception_is_logged_with_its_traceback(file):
    log = opened(file)
    try:
        raise ValueError("too bad")
    except ValueError as error:
        log.exception("failed", error=error)
    log.exception("nothing failed")
    first, second = lines(file)
    assert first["error"] == "ValueError: too bad"
    assert first["exception"].startswith("Traceback")
    assert "exception" not in second


def test_each_request_keeps_its_own_fields(file):
    log = opened(file)

    async def serve(number, turn, after):
        with request_fields(request=number):
            await turn.wait()
            log.info("served", number=number)
            after.set()
            await asyncio.create_task(inner(number))

    async def inner(number):
        log.info("inner", number=number)

    async def main():
        first, second, end = asyncio.Event(), asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(serve(1, second, end)), asyncio.create_task(serve(2, first, second))]
        first.set()
        await asyncio.gather(*tasks)
        log.info("outside")

    asyncio.run(main())
    assert all(line["request"] == line["number"] for line in lines(file)[:-1])
    assert len(lines(file)) == 5
    assert "request" not in lines(file)[-1]


def test_request_fields_nest_and_end(file):
    log = opened(file)
    with request_fields(request=1):
        with request_fields(run=2):
            log.info("inner")
        log.info("outer")
    contextvars.copy_context().run(log.info, "after")
    inner, outer, after = lines(file)
    assert (inner["request"], inner["run"]) == (1, 2)
    assert "run" not in outer
    assert "request" not in after


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_file_and_its_directory_are_private(file, umask):
    before = os.umask(umask)
    try:
        opened(file).info("x")
    finally:
        os.umask(before)
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700


def test_a_file_that_was_open_to_others_is_closed_to_them(file):
    file.parent.mkdir(parents=True)
    file.touch(mode=0o666)
    file.chmod(0o666)
    opened(file)
    assert mode(file) == 0o600


def test_lines_are_appended_to_what_is_there(file):
    opened(file).info("one")
    opened(file).info("two")
    assert [line["event"] for line in lines(file)] == ["one", "two"]


def test_a_place_that_cannot_be_written_gives_way_to_the_fallback(tmp_path, file):
    target = tmp_path / "target"
    target.touch()
    link = tmp_path / "link.log"
    link.symlink_to(target)
    pipe = tmp_path / "pipe.log"
    os.mkfifo(pipe)
    for unusable in (link, pipe, tmp_path, target / "below/isaacd.log"):
        log = opened(unusable, fallback=file)
        assert log.place == str(file)
        log.info("here")
        log.close()
    assert len(lines(file)) == 4
    assert target.read_bytes() == b""


def test_a_file_of_another_user_is_not_written(file):
    from isaacd.log.sink import FileSink

    with pytest.raises(PermissionError):
        FileSink(file, 1000, uid=os.geteuid() + 1)


def test_without_any_file_standard_error_takes_the_lines(tmp_path, capfd):
    tmp_path.joinpath("file").touch()
    nowhere = tmp_path / "file/below/isaacd.log"
    for log in (opened(nowhere, fallback=nowhere), opened(tmp_path / "x/y.log", stderr=True)):
        assert log.place == "stderr"
        log.info("said")
        log.reopen()
        log.close()
        log.info("again")
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events == ["said", "again"] * 2
    assert not tmp_path.joinpath("x").exists()


def test_a_full_file_is_renamed_and_no_line_is_lost_or_cut(file):
    log = opened(file, max_bytes=400)
    for number in range(12):
        log.info("line", number=number)
        assert file.stat().st_size <= 400
    older = file.with_name("isaacd.log.1")
    numbers = [line["number"] for line in [*lines(older), *lines(file)]]
    assert numbers == list(range(numbers[0], 12))
    assert mode(older) == mode(file) == 0o600


def test_a_file_that_was_full_before_is_renamed_at_the_first_line(file):
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * 500)
    opened(file, max_bytes=400).info("new")
    assert file.with_name("isaacd.log.1").read_bytes() == b"x" * 500
    assert [line["event"] for line in lines(file)] == ["new"]


def test_one_line_longer_than_the_limit_is_still_written(file):
    log = opened(file, max_bytes=50)
    log.info("long " + "x " * 100)
    log.info("short")
    assert lines(file)[0]["event"] == "short"
    assert lines(file.with_name("isaacd.log.1"))[0]["event"].startswith("long")


def test_a_file_that_cannot_be_renamed_grows_instead_of_losing_lines(file):
    log = opened(file, max_bytes=200)
    file.with_name("isaacd.log.1").mkdir()
    for number in range(5):
        log.info("line", number=number)
    assert [line["number"] for line in lines(file)] == list(range(5))


def test_after_someone_moved_the_file_away_reopen_begins_a_new_one(file):
    log = opened(file)
    log.info("old")
    moved = file.rename(file.with_name("moved"))
    log.info("still old")
    log.reopen()
    log.info("new")
    assert [line["event"] for line in lines(moved)] == ["old", "still old"]
    assert [line["event"] for line in lines(file)] == ["new"]


def test_reopen_keeps_the_open_file_when_there_is_no_new_one(file):
    log = opened(file)
    moved = file.rename(file.parent.parent / "moved")
    file.parent.rmdir()
    log.reopen()
    log.info("kept")
    assert lines(moved)[0]["event"] == "kept"


def test_lines_that_cannot_be_written_are_counted_and_told_of_when_it_works_again(file):
    log = opened(file)
    log.info("before")
    log.close()
    for _ in range(3):
        log.info("lost")
    assert log.dropped == 3
    log.reopen()
    log.info("after")
    assert log.dropped == 0
    events = [(line["event"], line.get("dropped")) for line in lines(file)]
    assert events == [("before", None), ("log lines dropped", 3), ("after", None)]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from isaacd.log import open_log
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = open_log(Path(sys.argv[1]))
log.info("before")
resource.setrlimit(resource.RLIMIT_FSIZE, (150, resource.RLIM_INFINITY))
for number in range(5):
    log.info("lost", text="x " * 20)
dropped = log.dropped
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
log.info("after")
print(dropped, log.dropped)
"""


def test_a_line_that_a_full_disk_cut_in_two_does_not_spoil_the_next(file):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(file)], capture_output=True, text=True, timeout=90, check=True
    )
    assert done.stdout.split() == ["5", "0"]
    good, torn, told, after = file.read_bytes().splitlines()
    assert json.loads(good)["event"] == "before"
    with pytest.raises(json.JSONDecodeError):
        json.loads(torn)
    assert json.loads(told)["dropped"] == 5
    assert json.loads(after)["event"] == "after"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_is_silent(file):
    from isaacd.log.sink import StreamSink

    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            StreamSink(full).write(b"x\n")
    finally:
        os.close(full)


FIRST_LINE_WITHOUT_DESCRIPTORS = """
import resource, sys
from pathlib import Path
from isaacd.log import open_log
log = open_log(Path(sys.argv[1]))
assert "structlog" not in sys.modules
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
log.info("lost")
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
print(log.dropped)
log.info("written")
assert "structlog" in sys.modules
assert not any(name.split(".")[0] in ("rich", "twisted") for name, module in sys.modules.items())
"""


def test_a_line_that_finds_no_descriptor_to_import_with_is_counted_and_the_next_works(file):
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 3
    done = subprocess.run(
        [sys.executable, "-c", FIRST_LINE_WITHOUT_DESCRIPTORS, str(file)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "1"
    assert [line["event"] for line in lines(file)] == ["log lines dropped", "written"]


def test_importing_the_log_imports_neither_structlog_nor_the_patterns():
    code = "import sys; before = set(sys.modules); import isaacd.log; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=True
    )
    assert not {"structlog", "msgspec", "asyncio", "logging"} & set(done.stdout.split())


def test_blocking_optional_libraries_lasts_only_as_long_as_the_import():
    code = (
        "import sys; from isaacd.log.pipeline import import_structlog; import_structlog();"
        "print([name for name in ('rich', 'twisted', 'better_exceptions') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_was_handed_out_as_a_secret_is_left_out_of_every_line(file):
    log = opened(file)
    log.conceal('hunter-zwö"2')
    log.conceal("word")
    log.conceal("no\udcfftext")
    log.bind(plugin="mine").info("said", text='it is hunter-zwö"2, a word', deep=[{'hunter-zwö"2': 1}])
    (line,) = lines(file)
    assert "hunter" not in file.read_text()
    assert line["text"] == "it is [redacted], a word"


def test_the_newest_secrets_are_left_out_however_many_there_were(file):
    log = opened(file)
    for number in range(1000):
        log.conceal(f"handed-out-{number:04}")
    log.info("said", text="handed-out-0999")
    assert lines(file)[0]["text"] == "[redacted]"
