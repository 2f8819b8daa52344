"""Laws of versions: what a plugin demands of the API and of other plugins, and how it is refused."""

import pytest

from isaacd.errors import PluginFailed
from isaacd.plugin.version import API_VERSION, Requirement, check_api, parse_requirement, unmet


@pytest.mark.parametrize("api", ["1", "1.0", "1.3"])
def test_an_older_or_equal_version_of_the_api_is_enough(api: str) -> None:
    check_api("p", api, offered="1.3")


@pytest.mark.parametrize(
    ("api", "hint"), [("1.4", "update Isaac"), ("2", "update Isaac"), ("0.9", "update the plugin")]
)
def test_another_version_is_refused_with_both_and_what_to_do(api: str, hint: str) -> None:
    with pytest.raises(PluginFailed, match=r"plugin p .*1\.3") as refused:
        check_api("p", api, offered="1.3")
    assert api in refused.value.message
    assert hint in str(refused.value.hint)


@pytest.mark.parametrize("api", ["", "one", "1.2.3", "1.", "v1", " 1", 1, None, "1\n", "99999"])
def test_what_is_no_version_is_refused(api: object) -> None:
    with pytest.raises(PluginFailed, match="p: `api` must be a version"):
        check_api("p", api)


def test_the_api_has_a_version_that_a_plugin_can_ask_for() -> None:
    check_api("p", API_VERSION)


@pytest.mark.parametrize(
    ("text", "fits", "fits_not"),
    [
        ("notes", ["0", "1", "2.0b1"], []),
        ("notes>=2", ["2", "2.0", "2.1", "10"], ["1.9", "1", "2.0rc1"]),
        ("notes >= 1.2, < 2", ["1.2", "1.10", "1.99.9"], ["2", "2.0", "1.1"]),
        ("notes==1.0", ["1", "1.0", "1.0.0", "1.0+local"], ["1.0.1", "1.0b1"]),
        ("notes!=1.1", ["1", "1.2"], ["1.1", "1.1.0"]),
        ("notes>1", ["1.0.1", "2"], ["1", "1.0", "0.9"]),
        ("notes<=1", ["1", "0.1", "1.0"], ["1.1"]),
    ],
)
def test_a_requirement_accepts_versions_as_people_order_them(
    text: str, fits: list[str], fits_not: list[str]
) -> None:
    wanted = parse_requirement(text)
    assert wanted.name == "notes"
    assert [item for item in fits if not wanted.accepts(item)] == []
    assert [item for item in fits_not if wanted.accepts(item)] == []
    assert parse_requirement(str(wanted)) == wanted


@pytest.mark.parametrize(
    "text", ["", "Notes", "notes=1", "notes>>1", "notes>=", "notes 1", "notes>=x", ">=1", "a b"]
)
def test_what_is_no_requirement_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(PluginFailed, match="write NAME, NAME>=2"):
        parse_requirement(text)


def test_the_first_unmet_requirement_is_told_with_what_is_there() -> None:
    versions = {"notes": "1.5", "find": "3"}
    assert unmet(("notes>=1", "find"), versions) is None
    assert unmet(("notes>=2",), versions) == "it needs the plugin notes>=2, and there is notes 1.5"
    assert unmet(("grep>=1",), versions) == "it needs the plugin grep>=1, which is not there"
    assert Requirement("notes").accepts("anything")
