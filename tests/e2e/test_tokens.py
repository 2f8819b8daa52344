"""`isaacctl token` from outside: shown once, kept nowhere, gone when it is revoked."""

import json

from tests.daemon import running


def test_a_token_is_shown_once_and_is_in_no_file_afterwards() -> None:
    with running() as daemon:
        home = daemon.home
        made = home.isaacctl("token", "new", "agent", "--scope", "ask", "--scope", "run:confirm", "--json")
        shown = json.loads(made.stdout)
        assert (shown["name"], shown["scopes"]) == ("agent", ["ask", "run:confirm"])
        plain = home.isaacctl("token", "new", "script", "--scope", "admin", "--expires", "never")
        tokens = [shown["token"], plain.stdout.strip()]
        assert all(len(token) == len("isaac_") + 64 for token in tokens)
        listed = {item["name"]: item for item in json.loads(home.isaacctl("token", "list", "--json").stdout)}
        assert listed["agent"]["scopes"] == ["ask", "run:confirm"]
        assert listed["agent"]["expires_at"] > listed["agent"]["created_at"]
        assert listed["script"]["expires_at"] is None
        assert home.isaacctl("tasks", "run", "--", "token", "new", "kept", "--scope", "ask").returncode == 0
        waited = home.isaacctl("tasks", "follow", "1")
        assert "a task keeps what it writes" in waited.stdout + waited.stderr
        assert home.isaacctl("token", "revoke", "agent").returncode == 0
        assert home.isaacctl("token", "revoke", "agent").returncode != 0
        archive = home.directory / "backup.tar"
        assert home.isaacctl("backup", str(archive)).returncode == 0
        for words in (("trace", "--json"), ("status", "--json"), ("history", "--json"), ("token", "list")):
            assert not any(token in home.isaacctl(*words).stdout for token in tokens)
        for file in home.directory.rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                assert not any(token.removeprefix("isaac_").encode() in content for token in tokens), file
