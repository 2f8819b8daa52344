"""Of two programs that may have been meant, the one is suggested that this person runs."""

from isaacd.config.routing import RoutingConfig
from isaacd.history.learned import Learned
from isaacd.log import open_log
from isaacd.routing.lines import Lines


def test_what_is_often_used_is_rather_meant(tmp_path):
    for name in ("tac", "tar"):
        program = tmp_path / name
        program.touch()
        program.chmod(0o755)
    learned = Learned()
    lines = Lines(
        config_dir=tmp_path,
        monotonic=lambda: 0.0,
        log=open_log(tmp_path / "log"),
        commands=list,
        names=learned,
    )

    def meant() -> str:
        environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
        route = lines.route("tax x", config=RoutingConfig(), environ=environ, cwd=str(tmp_path))
        assert route.correction is not None
        return route.correction.line

    learned.learn({"tac": 200})
    assert meant() == "tac x"
    learned.learn({"tar": 200})
    assert meant() == "tar x"
    learned.add(["tar x"] * 3)
    assert meant() == "tar x"
