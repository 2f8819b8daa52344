"""A plan is released once, to whom it was shown, as it was shown, and only if that was agreed to."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isaacd.errors import ContentModified, InvalidParams, PermissionDenied
from isaacd.plans.plan import Plan
from isaacd.plans.shells import Shell
from isaacd.plans.tokens import LIFE_S, MAX_HELD, MAX_OF_ONE, MAX_TRIES
from isaacd.plans.witness import Seen
from isaacd.safety.tier import Tier
from tests.plan_house import PlanHouse


@pytest.fixture
def house(tmp_path: Path) -> PlanHouse:
    return PlanHouse(tmp_path)


# What each tier demands.


def test_what_only_reads_needs_nothing(house: PlanHouse) -> None:
    released = house.desk.approve(house.token("ls -l | wc"), house.caller(), yes=False, phrase=None)
    assert (released.kind, released.tier) == ("shell", "1")
    assert released.argv == ("/bin/bash", "-c", "ls -l | wc")
    assert (released.shell, released.cwd) == ("/bin/bash", str(house.cwd))
    here = house.cwd.stat()
    assert released.folder == (here.st_dev, here.st_ino)


@pytest.mark.parametrize("line", ["curl -O http://example.org/x", "git push", "make"])
def test_what_changes_something_needs_a_yes_and_no_phrase_stands_for_it(house: PlanHouse, line: str) -> None:
    token = house.token(line)
    for phrase in (None, "yes", "run it anyway"):
        if phrase != "run it anyway":
            with pytest.raises(PermissionDenied, match="needs a yes"):
                house.desk.approve(token, house.caller(), yes=False, phrase=phrase)
    assert house.desk.approve(token, house.caller(), yes=True, phrase=None).line == line


def test_what_destroys_needs_its_phrase_and_no_yes_stands_for_it(house: PlanHouse) -> None:
    card = house.desk.show(house.plan("rm -rf ~"))
    assert (card.tier, card.demand, card.phrase) == ("4", "phrase", "delete ~")
    for phrase in (None, "delete"):
        with pytest.raises(PermissionDenied, match="delete ~"):
            house.desk.approve(card.token, house.caller(), yes=True, phrase=phrase)
    assert house.desk.approve(card.token, house.caller(), yes=False, phrase=" delete ~ ").line == "rm -rf ~"


def test_a_phrase_cannot_be_guessed_at_for_long(house: PlanHouse) -> None:
    card = house.desk.show(house.plan("rm -rf ~"))
    for _ in range(MAX_TRIES):
        with pytest.raises(PermissionDenied):
            house.desk.approve(card.token, house.caller(), yes=True, phrase="please")
    with pytest.raises(PermissionDenied, match="no plan"):
        house.desk.approve(card.token, house.caller(), yes=True, phrase=card.phrase)


# Tokens.


def test_a_token_is_long_new_each_time_and_used_once(house: PlanHouse) -> None:
    tokens = {house.token("ls") for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token.partition("-")[2]) >= 128 // 4 for token in tokens)
    token = tokens.pop()
    house.desk.approve(token, house.caller(), yes=True, phrase=None)
    with pytest.raises(PermissionDenied, match="used"):
        house.desk.approve(token, house.caller(), yes=True, phrase=None)


def test_a_token_of_another_owner_is_refused_and_stays_his(house: PlanHouse) -> None:
    token = house.token("ls", "one")
    with pytest.raises(PermissionDenied, match="another"):
        house.desk.approve(token, house.caller("two"), yes=True, phrase=None)
    house.desk.approve(token, house.caller("one"), yes=True, phrase=None)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "0", lambda t: t[:-1] + "x", lambda t: t.upper() + "-",
                                    lambda t: "", lambda t: "\ud800", lambda t: "\0", lambda t: t.replace("-", "")])  # fmt: skip
def test_an_altered_token_stands_for_nothing(house: PlanHouse, change: Any) -> None:
    with pytest.raises(PermissionDenied):
        house.desk.approve(change(house.token("ls")), house.caller(), yes=True, phrase=None)


def test_a_token_lives_for_minutes(house: PlanHouse) -> None:
    token = house.token("ls")
    house.clock.advance(LIFE_S + 1)
    with pytest.raises(ContentModified, match="ago") as caught:
        house.desk.approve(token, house.caller(), yes=True, phrase=None)
    assert caught.value.retryable


def test_a_token_does_not_outlive_its_daemon_and_that_is_said(house: PlanHouse) -> None:
    token = house.token("ls")
    with pytest.raises(ContentModified, match="restarted") as caught:
        house.restarted().approve(token, house.caller(), yes=True, phrase=None)
    assert caught.value.retryable
    assert caught.value.hint is not None


def test_not_more_plans_are_kept_than_anybody_looks_at(house: PlanHouse) -> None:
    first = house.token("ls")
    other = house.token("ls", "two")
    for _ in range(MAX_OF_ONE):
        house.token("ls")
    with pytest.raises(PermissionDenied):
        house.desk.approve(first, house.caller(), yes=True, phrase=None)
    house.desk.approve(other, house.caller("two"), yes=True, phrase=None)
    for number in range(MAX_HELD + 10):
        house.token("ls", f"owner {number}")
    assert len(house.desk.tokens._held) <= MAX_HELD


def test_nothing_of_a_line_or_a_token_is_logged(house: PlanHouse) -> None:
    line = "!! mysql -psesame-open -e 'drop table x'"
    token = house.token(line)
    with pytest.raises(PermissionDenied):
        house.desk.approve(token, house.caller(), yes=False, phrase=None)
    text = house.log.read_text()
    assert '"line forced"' in text
    assert "mysql" in text
    assert "sesame" not in text
    assert "drop table" not in text
    assert token not in text


# The line is judged anew.


def changed(house: PlanHouse, token: str, **options: Any) -> dict[str, Any]:
    with pytest.raises(ContentModified) as caught:
        house.desk.approve(token, house.caller(**options), yes=True, phrase=None)
    assert caught.value.detail is not None
    with pytest.raises(PermissionDenied):
        house.desk.approve(token, house.caller(), yes=True, phrase=None)
    return caught.value.detail.get("plan", {})  # type: ignore[return-value]


def test_a_file_that_became_another_is_told_with_a_fresh_plan_that_can_be_agreed_to(house: PlanHouse) -> None:
    (house.cwd / "f").write_text("a")
    token = house.token("curl -T f http://example.org/")
    (house.cwd / "f").rename(house.cwd / "g")
    (house.cwd / "f").write_text("another")
    fresh = changed(house, token)
    assert fresh["line"] == "curl -T f http://example.org/"
    assert house.desk.approve(fresh["token"], house.caller(), yes=True, phrase=None).line == fresh["line"]


def test_a_folder_that_became_a_link_elsewhere_is_told(house: PlanHouse) -> None:
    build = house.cwd / "build"
    build.mkdir()
    token = house.token("rm -r build")
    build.rmdir()
    build.symlink_to("/etc")
    assert changed(house, token)["line"] == "rm -r build"


def test_a_script_that_was_written_to_is_another_and_a_log_is_the_same(house: PlanHouse) -> None:
    script, log = house.cwd / "do.sh", house.cwd / "x.log"
    script.write_text("echo hi\n")
    script.chmod(0o755)
    log.write_text("one\n")
    for line in ("sh do.sh", "./do.sh"):
        token = house.token(line)
        script.write_text(f"rm -rf ~ # {line}\n")
        assert changed(house, token)
    token = house.token("mv x.log y.log")
    with log.open("a") as file:
        file.write("two\n")
    house.desk.approve(token, house.caller(), yes=True, phrase=None)


def test_a_file_that_appears_where_one_would_be_written_is_told(house: PlanHouse) -> None:
    token = house.token("curl http://example.org > page")
    (house.cwd / "page").write_text("mine")
    assert changed(house, token)


def test_what_a_pattern_stands_for_may_not_change(house: PlanHouse) -> None:
    (house.cwd / "a.o").touch()
    os.utime(house.cwd, (1, 1))
    token = house.token("rm -f *.o")
    (house.cwd / "precious.o").touch()
    assert changed(house, token)


def test_a_program_that_comes_first_on_the_path_is_another(house: PlanHouse) -> None:
    early = house.home / "early"
    early.mkdir()
    told = {"PATH": f"{early}:{os.environ['PATH']}"}
    plan = house.plan("git push", told=told)
    token = house.desk.show(plan).token
    (early / "git").write_text("#!/bin/sh\n")
    (early / "git").chmod(0o755)
    assert changed(house, token, told=told)


def test_a_path_of_whoever_agrees_that_finds_another_program_is_told(house: PlanHouse) -> None:
    early = house.home / "early"
    early.mkdir()
    token = house.token("git push")
    # Another PATH that finds the same programs is as good.
    path = {"PATH": f"{early}:{os.environ['PATH']}"}
    assert house.desk.approve(token, house.caller(told=path), yes=True, phrase=None).line == "git push"
    (early / "git").write_text("#!/bin/sh\n")
    (early / "git").chmod(0o755)
    assert changed(house, house.token("git push"), told=path)


@pytest.mark.parametrize("line", ["git push", "ls"])
def test_a_variable_of_whoever_agrees_that_puts_code_into_programs_is_told(
    house: PlanHouse, line: str
) -> None:
    assert changed(house, house.token(line), told={"LD_PRELOAD": "/tmp/x.so"})


def test_another_folder_is_told_whether_it_is_named_or_put_in_its_place(house: PlanHouse) -> None:
    token = house.token("make")
    assert changed(house, token, cwd=str(house.home))["cwd"] == str(house.home)
    token = house.token("make")
    house.cwd.rename(house.home / "moved")
    house.cwd.mkdir()
    assert changed(house, token)


def test_a_tier_that_rose_is_told_even_where_nothing_has_to_be_said(house: PlanHouse) -> None:
    token = house.token("ls")
    (house.home / "config").mkdir()
    (house.home / "config" / "safety.toml").write_text(
        '[[rule]]\ncommand = "ls"\ntier = "3"\nreason = "mine"\n'
    )
    house.clock.advance(1)
    fresh = changed(house, token)
    assert fresh["tier"] == "3"


def test_a_repository_that_changed_is_told(house: PlanHouse) -> None:
    git = house.cwd / ".git"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/topic\n")
    plan = house.plan("git reset --hard")
    token = house.desk.show(plan).token
    shutil.rmtree(git)
    house.clock.advance(1)
    with pytest.raises((ContentModified, PermissionDenied)) as caught:
        house.desk.approve(token, house.caller(), yes=True, phrase=plan.verdict.phrase)
    assert isinstance(caught.value, ContentModified)


# What is no plan, and what is more than the line says.


@pytest.mark.parametrize(
    "line", ["", "# x", "/status", "? what is this", "ls \0 x", "ls " + "x" * 131_072, "ls " + "é" * 65_536]
)
def test_what_no_shell_would_execute_has_no_plan(house: PlanHouse, line: str) -> None:
    assert house.desk.prepare(line, house.caller())[1] is None


def test_lines_for_the_caller_s_own_shell_are_handed_back_where_that_can_be_reached(house: PlanHouse) -> None:
    for line, without in (("cd /", "builtin"), ("export A=1", "builtin"), ("A=1", "builtin"), ("exit 3", "builtin"),
                          ("export A='rm x'", "builtin"),
                          ("cd / && ls", "shell"), ("umask", "shell"), ("eval ls", "shell"), ("ls", "shell")):  # fmt: skip
        expected = "shell" if line == "ls" else "builtin"
        assert house.plan(line).kind == expected
        assert house.plan(line, hands_back=False).kind == without


@pytest.fixture
def library(house: PlanHouse) -> Path:
    path = house.home / "x.so"
    path.touch()
    path.chmod(0o666)
    return path


@pytest.mark.parametrize(
    "told",
    [
        {"BASH_ENV": "{library}"},
        {"LD_PRELOAD": "{library}"},
        {"LD_AUDIT": "libc.so.6:{library}"},
        {"BASH_FUNC_ls%%": "() {{ rm -rf ~; }}"},
        {"SHELLOPTS": "braceexpand:xtrace", "PS4": "$(rm x)"},
    ],
)
def test_what_variables_make_of_a_line_raises_its_tier(
    house: PlanHouse, library: Path, told: dict[str, str]
) -> None:
    named = {name: value.format(library=library) for name, value in told.items()}
    plan = house.plan("ls", told=named)
    assert plan.tier is Tier.BEYOND
    assert any(reason.rule == "environment" for reason in plan.verdict.reasons)


@pytest.mark.parametrize(
    "told",
    [
        {"BASH_ENV": ""},
        {"LD_PRELOAD": "libc.so.6"},
        {"BASH_FUNC_other%%": "() {}"},
        {"SHELLOPTS": "xtrace", "PS4": "+ "},
    ],
)
def test_what_changes_nothing_of_a_line_is_no_reason(house: PlanHouse, told: dict[str, str]) -> None:
    assert house.plan("ls", told=told).tier is Tier.READ


def test_a_folder_that_is_not_known_or_was_reached_by_a_link_asks(house: PlanHouse) -> None:
    assert house.plan("touch x", cwd=None).tier is Tier.BEYOND
    assert house.plan("cat x", cwd=None).tier is Tier.READ
    link = house.home / "link"
    link.symlink_to(house.cwd)
    assert house.plan("touch ../x", told={"PWD": str(link)}).tier is Tier.BEYOND
    assert house.plan("touch x", told={"PWD": str(link)}).tier is Tier.REVERSIBLE
    assert house.plan("cat ../x", told={"PWD": str(link)}).tier is Tier.READ
    assert house.plan("touch below/../x", told={"PWD": str(house.cwd)}).tier is Tier.REVERSIBLE


def test_another_shell_asks_where_it_reads_otherwise(house: PlanHouse) -> None:
    fish = Shell("/usr/bin/fish", "fish", "fish")
    for line, tier in (("ls -l", Tier.READ), ("ls (cat x)", Tier.BEYOND), ("echo \\x41", Tier.BEYOND)):
        _, plan = house.desk.prepare(line, house.caller(), shell=fish)
        assert plan is not None
        assert plan.tier is tier
    with pytest.raises(InvalidParams, match="no shell"):
        house.desk.shell("/bin/rm")


def test_words_need_no_shell_that_would_read_them_otherwise(house: PlanHouse) -> None:
    fish, words = Shell("/usr/bin/fish", "fish", "fish"), ("printf", "a\\b'c")
    line = "printf 'a\\b'\"'\"'c'"
    _, plan = house.desk.prepare(line, house.caller(), shell=fish, words=words)
    assert plan is not None
    assert (plan.released().shell, plan.argv, plan.tier) == ("", words, Tier.READ)
    bash = house.desk.prepare(line, house.caller(), words=words)[1]
    assert bash is not None
    assert bash.argv == ("/bin/bash", "-c", line)


# The hash.


def others(plan: Plan) -> Iterator[Plan]:
    """Give plans that differ from one in a single thing each."""
    replace = msgspec.structs.replace
    yield replace(plan, route=replace(plan.route, line=plan.line + " "))
    yield replace(plan, kind="builtin")
    yield replace(plan, verdict=plan.verdict.raised(Tier.BEYOND, "x"))
    yield replace(plan, verdict=plan.verdict.raised(Tier.DESTRUCTIVE, "x"))
    yield replace(plan, shell=Shell("/bin/sh", "sh", "sh"))
    yield replace(plan, shell=Shell("/bin/bash", "busybox", "bash"))
    yield replace(plan, cwd=plan.cwd + "/x")
    yield replace(plan, folder=(1, 2))
    yield replace(plan, folder=None)
    yield replace(plan, owner="other")
    yield replace(plan, words=("ls",))
    yield replace(plan, words=("ls", ""))
    yield replace(plan, seen=Seen({**plan.seen.facts, ("kind", "/x"): "file"}, plan.seen.stamps))
    yield replace(plan, seen=Seen(plan.seen.facts, {**plan.seen.stamps, "/x": None}))


def test_the_hash_binds_everything(house: PlanHouse) -> None:
    plan = house.plan("make all")
    assert plan.digest() == msgspec.structs.replace(plan).digest()
    digests = {plan.digest(), *(other.digest() for other in others(plan))}
    assert len(digests) == 1 + len(list(others(plan)))


def test_a_plan_that_was_tampered_with_is_not_released(house: PlanHouse) -> None:
    for other in others(house.plan("make all")):
        token = house.token("make all")
        held = house.desk.tokens.look(token, "one")
        held.plan = other
        with pytest.raises(PermissionDenied):
            house.desk.approve(token, house.caller(), yes=True, phrase=None)
