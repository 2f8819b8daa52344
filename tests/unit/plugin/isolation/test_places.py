"""Places: what an isolated plugin may reach never holds what is private, whatever it declares."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.paths import Paths
from isaacd.plugin.isolation.environment import callers, own
from isaacd.plugin.isolation.fence import Fence, Limits
from isaacd.plugin.isolation.places import Wanted, depends_on_cwd, fence_for, modules_for


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # With few neighbours: what stands above a home is looked through too.
    home = tmp_path_factory.mktemp("machine") / "home/ada"
    for name in (
        ".ssh",
        ".config/isaac/keys",
        ".config/other",
        "work/deep",
        "Documents",
        ".aws",
        "run/isaacd",
    ):
        (home / name).mkdir(parents=True)
    (home / "notes.txt").write_text("")
    (home / "way").symlink_to(home / ".ssh")
    return home


def fence(home: Path, *capabilities: str, cwd: Path | None = None) -> Fence:
    environ = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    paths = Paths.from_environ(environ, home.stat().st_uid)
    wanted = Wanted(
        origin=home / "plugins/dice.py",
        folder=paths.data_dir / "plugin-data/dice",
        temporary=paths.cache_dir / "plugin-tmp/dice-1",
        capabilities=capabilities,
    )
    return fence_for(wanted, modules_for(paths), paths, environ, Limits(), cwd)


def test_without_a_declaration_nothing_of_the_home_is_reached_but_its_own(home: Path) -> None:
    reached = [item for item in fence(home).read if item.startswith(str(home))]
    assert reached == [str(home / "plugins/dice.py")]
    assert all("plugin-" in item or item == "/dev/null" for item in fence(home).write)


def test_of_a_folder_of_modules_that_holds_a_home_only_isaacs_own_is_read(home: Path) -> None:
    (home.parent / "isaacd").mkdir(exist_ok=True)
    environ = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    paths = Paths.from_environ(environ, home.stat().st_uid)
    wanted = Wanted(origin=home / "x.py", folder=home / "own", temporary=home / "tmp")
    read = fence_for(wanted, [str(home.parent)], paths, environ, Limits()).read
    assert str(home.parent) not in read
    assert str(home.parent / "isaacd") in read


def test_the_home_is_opened_without_what_is_private_in_it(home: Path) -> None:
    read = fence(home, "read:~").read
    assert str(home / "notes.txt") in read
    assert str(home / "work") in read
    assert str(home / ".config/other") in read
    for private in (".ssh", ".aws", ".config", ".config/isaac", ".config/isaac/keys", "run/isaacd", "way"):
        assert str(home / private) not in read
    assert str(home) not in read


@pytest.mark.parametrize(
    "place", ["~/.ssh", "~/.ssh/id_rsa", "~/.config/isaac", "~/way", "~/.config/isaac/keys/x"]
)
def test_what_is_private_is_not_opened_by_its_name(home: Path, place: str) -> None:
    assert fence(home, f"read:{place}").read == fence(home).read
    assert fence(home, f"write:{place}").write == fence(home).write


def test_the_callers_directory_is_opened_only_where_it_was_declared(home: Path) -> None:
    cwd = home / "work"
    assert str(cwd) in fence(home, "read:.", cwd=cwd).read
    assert str(cwd) not in fence(home, cwd=cwd).read
    assert str(cwd / "deep") in fence(home, "write:./deep", cwd=cwd).write
    assert str(home) not in fence(home, "read:.", cwd=home).read
    assert fence(home, "read:.").read == fence(home).read
    assert depends_on_cwd(["read:."])
    assert depends_on_cwd(["ask", "write:./x"])
    assert not depends_on_cwd(["read:~", "ask", "secrets:X"])


def test_the_network_is_there_only_where_it_was_declared(home: Path) -> None:
    assert not fence(home, "ask", "read:~").network
    assert "/etc/resolv.conf" not in fence(home).read
    assert fence(home, "network").network


@given(
    st.lists(
        st.sampled_from(["~", "~/../..", "~/..", "~/.config", ".", "~/work/../.ssh", "./../../..", "./.."]),
        max_size=4,
    ),
    st.booleans(),
)
def test_no_declaration_opens_a_private_place(home: Path, places: list[str], write: bool) -> None:
    kind = "write" if write else "read"
    opened = fence(home, *(f"{kind}:{place}" for place in places), cwd=home / "work")
    for item in opened.write if write else opened.read:
        place = Path(item).resolve()
        for private in (home / ".ssh", home / ".config/isaac/keys", home / "run/isaacd"):
            assert not private.resolve().is_relative_to(place) or "plugin-" in item
            assert not place.is_relative_to(private.resolve())


@given(
    st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="\0="), min_size=1), st.text())
)
def test_no_variable_passes_that_is_not_known_to_be_harmless(environ: dict[str, str]) -> None:
    environ |= {
        "OPENAI_API_KEY": "k",
        "ISAACD_SOCKET": "s",
        "SSH_AUTH_SOCK": "a",
        "LANG": "C",
        "LD_PRELOAD": "x",
    }
    for passed in (callers(environ), own(environ, Path("/h"), Path("/t"))):
        assert not {
            "OPENAI_API_KEY",
            "ISAACD_SOCKET",
            "SSH_AUTH_SOCK",
            "LD_PRELOAD",
            "XDG_RUNTIME_DIR",
        } & set(passed)
        assert passed["LANG"] == "C"
