"""For any sequence of edits, what is seen of plugins through the index is what is seen when all of them are imported."""

import shutil
import tempfile
from pathlib import Path

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated_plugins import answering
from tests.plugin_house import PluginHouse, plugin_house, plugins_of

NAMES = ("one", "pack")
KIND = '@plugin.provider\nclass Echo:\n    kind = "echo"\n'
TEXTS = {
    "a": lambda name: answering(name, "1"),
    "b": lambda name: answering(name, "2"),  # of the same size
    "c": lambda name: answering(name, "3"),
    "kind": lambda name: answering(name, "1", code=KIND),
    "broken": lambda name: "broken(",
    "raises": lambda name: "1 / 0\n",
    "other": lambda name: answering("other"),
}
# Mostly texts of one size, since these are the hardest to tell apart.
texts = st.sampled_from("a b c a b c kind broken raises other".split())
edits = st.tuples(st.sampled_from(["write"]), st.sampled_from(NAMES), texts)
removals = st.tuples(st.sampled_from(["remove"]), st.sampled_from(NAMES), st.just(""))
uses = st.tuples(st.sampled_from(["use"]), st.sampled_from(NAMES), st.just(""))
restarts = st.tuples(st.just("restart"), st.just(""), st.just(""))
Step = tuple[str, str, str]


def apply(folder: Path, step: Step) -> None:
    what, name, text = step
    file = folder / "pack/inner.py" if name == "pack" else folder / f"{name}.py"
    if what == "write":
        file.parent.mkdir(exist_ok=True)
        if name == "pack":
            (file.parent / "__init__.py").write_text("from isaac_plugins.pack.inner import plugin\n")
        file.write_text(TEXTS[text](name))
    elif what == "remove" and name == "pack":
        shutil.rmtree(folder / "pack", ignore_errors=True)
    elif what == "remove":
        file.unlink(missing_ok=True)


async def use(house: PluginHouse, name: str, text: str | None) -> None:
    """Call the plugin's command: it is that of the file as it is now, or of an older one if that one is broken."""
    await house.settle()
    card = next((card for card in house.roster.cards() if card.name == name), None)
    if card is None or card.state == "failed" or text in (None, "broken", "raises", "other"):
        return
    version = {"b": "2", "c": "3"}.get(text or "", "1")
    assert await house.call(name) == f"{name} {version}"


async def check(home: Path, steps: list[Step]) -> None:
    folder = plugins_of(home)
    texts: dict[str, str] = {}
    remaining = list(steps)
    while remaining:
        async with plugin_house(home) as house:
            await house.settle()
            while remaining and (step := remaining.pop(0))[0] != "restart":
                apply(folder, step)
                what, name, text = step
                if what == "write":
                    texts[name] = text
                elif what == "remove":
                    texts.pop(name, None)
                else:
                    await use(house, name, texts.get(name))
            await house.settle()
            lazy = house.view()
            old = {card.name for card in house.roster.cards() if card.trouble is not None}
        eager = await everything(home)
        assert {name: lazy[name] for name in lazy if name not in old} == {
            name: eager[name] for name in eager if name not in old
        }


async def everything(home: Path) -> dict[str, object]:
    """Return what is seen when there is no index and all plugins are imported."""
    with tempfile.TemporaryDirectory() as fresh:
        shutil.copytree(plugins_of(home), plugins_of(Path(fresh)), dirs_exist_ok=True)
        async with plugin_house(Path(fresh)) as house:
            await house.settle()
            await house.roster.start("concurrent")
            return house.view()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(edits, uses, edits, removals, restarts), min_size=3, max_size=14))
def test_the_lazy_view_is_the_eager_one(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as home:
        anyio.run(check, Path(home), steps)
