"""Roles: files of the person, a few of our own, and what may stand in them."""

import pytest

from isaacd.chats.roles import OWN, all_roles, filled, find_role, parse_role
from isaacd.errors import ConfigInvalid, InvalidParams, NotFound

pytestmark = pytest.mark.anyio


async def test_a_file_is_a_role(tmp_path):
    (tmp_path / "pirate.md").write_text("Speak like a pirate.\n")
    role = await find_role(tmp_path, "pirate")
    assert (role.text, role.description, role.model) == ("Speak like a pirate.", "Speak like a pirate.", None)


def test_settings_may_stand_before_the_instructions():
    role = parse_role(
        "x", "---\ndescription: 'Be short'\nmodel: fast\n# no\ntemperature: 0.2\n---\n\nBe short.\n"
    )
    assert (role.description, role.model, role.temperature, role.text) == (
        "Be short",
        "fast",
        0.2,
        "Be short.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\nmodle: x\n---\nHi", "line 2: 'modle: x'"),
        ("---\nmodel: x\nHi", "no end"),
        ("---\nmodel: x\n---\n", "no instructions"),
        ("", "no instructions"),
        ("---\ntemperature: hot\n---\nHi", "temperature 'hot'"),
        ("---\ntemperature: nan\n---\nHi", "temperature 'nan'"),
    ],
)
def test_a_file_that_cannot_be_understood_says_where(text, said):
    with pytest.raises(ConfigInvalid, match=said):
        parse_role("x", text, "/roles/x.md")


async def test_a_file_replaces_our_own_role_and_a_broken_one_is_listed_as_such(tmp_path):
    (tmp_path / "brief.md").write_text("One word.")
    (tmp_path / "odd.md").write_bytes(b"\xff\xfe")
    roles = {role.name: role for role in await all_roles(tmp_path)}
    assert roles["brief"].text == "One word."
    assert "cannot be used" in roles["odd"].description
    assert {role.name for role in OWN} < set(roles)


@pytest.mark.parametrize("name", ["../config", "x/../../y", ".hidden", "", "/etc/passwd"])
async def test_a_name_never_leads_out_of_the_folder(tmp_path, name):
    folder = tmp_path / "roles"
    folder.mkdir()
    (tmp_path / "config.md").write_text("outside")
    (folder / ".hidden.md").write_text("hidden")
    with pytest.raises(InvalidParams):
        await find_role(folder, name)


async def test_a_name_that_was_nearly_right_is_suggested(tmp_path):
    with pytest.raises(NotFound) as caught:
        await find_role(tmp_path / "none", "breif")
    assert caught.value.hint == "did you mean brief?"


def test_variables_are_filled_in_once_and_other_braces_stay():
    variables = {"cwd": "{user}", "user": "ada", "os": "Linux", "date": "2026-11-23", "shell": "zsh"}
    assert filled("{cwd} {user} {x} {{os}} f'{y}'", variables) == "{user} ada {x} {Linux} f'{y}'"


@pytest.mark.parametrize("role", OWN, ids=lambda role: role.name)
def test_our_own_roles_use_only_variables_that_there_are(role):
    text = filled(role.text, dict.fromkeys(("cwd", "os", "shell", "date", "user"), "x"))
    assert "{" not in text
    assert role.description


async def test_what_no_role_can_be_called_is_refused_without_a_path(tmp_path):
    for name in ("../../x", "a/b", ".x", "", "a\x00b", "x" * 500):
        with pytest.raises(InvalidParams, match="is no name of a role") as refused:
            await find_role(tmp_path, name)
        assert str(tmp_path) not in f"{refused.value.message} {refused.value.hint}"


async def test_a_folder_that_is_called_like_a_role_is_none(tmp_path):
    (tmp_path / "dir.md").mkdir()
    assert {role.name for role in await all_roles(tmp_path)} == {role.name for role in OWN}
    with pytest.raises(NotFound, match="no role 'dir'"):
        await find_role(tmp_path, "dir")
