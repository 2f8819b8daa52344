"""Where keys come from, and where they never show up."""

import os
from pathlib import Path

import pytest

from isaacd.ai.keys import find_key, find_stored_key, store_key, stored_names, with_stored
from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import PermissionDenied

SECRET = "sk-very-secret-0123456789"


def key_file(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_comes_from_the_variable_that_is_configured() -> None:
    key = find_key(
        "p", ProviderConfig(api_key_env="MY_KEY"), {"MY_KEY": f" {SECRET}\n", "OTHER": "x"}, variable="OTHER"
    )
    assert key is not None
    assert key.reveal() == SECRET
    assert "MY_KEY" in key.origin


def test_without_configuration_a_key_comes_from_the_variable_of_the_kind_if_it_is_set() -> None:
    key = find_key("p", ProviderConfig(), {"OPENAI_API_KEY": SECRET}, variable="OPENAI_API_KEY")
    assert key is not None
    assert key.reveal() == SECRET
    assert find_key("p", ProviderConfig(), {}, variable="OPENAI_API_KEY") is None


@pytest.mark.parametrize(
    ("variable", "advice"), [("MY_API_KEY", "export MY_API_KEY"), ("MY_TOKEN", "_API_KEY,")]
)
def test_what_to_do_about_a_missing_variable_works_with_a_daemon_that_runs(
    variable: str, advice: str
) -> None:
    with pytest.raises(PermissionDenied) as caught:
        find_key("p", ProviderConfig(api_key_env=variable), {})
    assert advice in str(caught.value.hint)


def test_a_provider_without_any_key_is_no_error() -> None:
    assert find_key("p", ProviderConfig(), {"OPENAI_API_KEY": SECRET}) is None


def test_a_configured_variable_that_is_not_set_is_an_error_that_names_it() -> None:
    with pytest.raises(PermissionDenied, match="MY_KEY") as caught:
        find_key("p", ProviderConfig(api_key_env="MY_KEY"), {"MY_KEY": "  "})
    assert "export MY_KEY" in str(caught.value.hint)


def test_a_key_comes_from_a_private_file_under_the_home_of_the_environment(tmp_path: Path) -> None:
    key_file(tmp_path, f"{SECRET}\n")
    key = find_key("p", ProviderConfig(api_key_file="~/key", api_key_env="UNSET"), {"HOME": str(tmp_path)})
    assert key is not None
    assert key.reveal() == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_key_file_that_others_can_reach_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, mode=mode)
    with pytest.raises(PermissionDenied) as caught:
        find_key("p", ProviderConfig(api_key_file=str(path)), {})
    assert caught.value.hint == f"`chmod 600 {path}`"
    assert SECRET not in repr(caught.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = key_file(tmp_path)
    os.chown(path, 12345, -1)
    with pytest.raises(PermissionDenied, match="another user"):
        find_key("p", ProviderConfig(api_key_file=str(path)), {})


def test_a_key_file_that_is_missing_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(PermissionDenied, match="No such file") as caught:
        find_key("p", ProviderConfig(api_key_file=str(tmp_path / "none")), {})
    assert str(tmp_path / "none") in caught.value.message


def test_a_named_pipe_as_key_file_is_refused_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(PermissionDenied, match="not a regular file"):
        find_key("p", ProviderConfig(api_key_file=str(tmp_path / "pipe")), {})


def test_a_relative_key_file_is_refused() -> None:
    with pytest.raises(PermissionDenied, match="absolute"):
        find_key("p", ProviderConfig(api_key_file="key"), {})


@pytest.mark.parametrize("text", ["", "two words", "line\nline", "sk-\x1b[2J", "ключ"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    path = key_file(tmp_path, text)
    with pytest.raises(PermissionDenied) as caught:
        find_key("p", ProviderConfig(api_key_file=str(path)), {})
    assert not text or text not in caught.value.message


def test_a_key_does_not_show_its_secret() -> None:
    key = find_key("p", ProviderConfig(api_key_env="K"), {"K": SECRET})
    assert SECRET not in repr(key)
    assert SECRET not in f"{key}"


def test_a_stored_key_is_private_and_found_by_the_providers_name(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    before = os.umask(0)
    try:
        path = store_key("anthropic", f"{SECRET}\n", folder)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    key = find_stored_key("anthropic", {}, folder)
    assert key is not None
    assert key.reveal() == SECRET
    assert SECRET not in repr(key)
    assert find_stored_key("xai", {}, folder) is None
    assert stored_names({}, folder) == {"anthropic"}


def test_a_stored_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    store_key("xai", SECRET, tmp_path / "keys").chmod(0o644)
    with pytest.raises(PermissionDenied, match="xai"):
        find_stored_key("xai", {}, tmp_path / "keys")


@pytest.mark.parametrize("name", ["anthropic_api_key", "ANTHROPIC_API_KEY"])
def test_a_credential_of_systemd_comes_before_a_stored_key(tmp_path: Path, name: str) -> None:
    store_key("anthropic", "sk-stored-0123456789", tmp_path / "keys")
    (tmp_path / name).write_text(SECRET + "\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    key = find_stored_key("anthropic", environ, tmp_path / "keys", variable="ANTHROPIC_API_KEY")
    assert key is not None
    assert key.reveal() == SECRET
    assert "credential" in key.origin


def test_what_cannot_be_a_key_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(PermissionDenied):
        store_key("xai", "two words", tmp_path / "keys")
    assert not (tmp_path / "keys").exists() or not list((tmp_path / "keys").iterdir())


def test_a_stored_key_makes_its_kind_a_provider_like_one_in_the_environment() -> None:
    class Kind:
        key_variable = "XAI_API_KEY"
        default_model = "grok"

    config = with_stored(AIConfig(), {"xai": Kind, "other": object}, {"xai", "other", "unknown"})
    assert config.providers == {"xai": ProviderConfig(kind="xai", model="grok")}
    own = AIConfig(providers={"xai": ProviderConfig(base_url="http://127.0.0.1/v1")})
    assert with_stored(own, {"xai": Kind}, {"xai"}) is own
