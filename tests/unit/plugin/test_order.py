"""Who comes after whom, and what cannot be met."""

from isaacd.plugin.manifest import Manifest
from isaacd.plugin.order import in_order, problem


def manifests(**requires: str) -> dict[str, Manifest]:
    return {
        name: Manifest(name=name, version="1.5", requires=tuple(text.split()))
        for name, text in requires.items()
    }


def test_each_comes_after_those_that_it_requires_and_otherwise_by_name() -> None:
    assert in_order(manifests(a="c", b="", c="d", d="")) == ["d", "c", "a", "b"]


def test_a_circle_is_named_from_each_of_its_plugins_and_not_from_others() -> None:
    known = manifests(a="b", b="c", c="a", outside="a", fine="")
    assert problem("b", known) == (
        "plugins that require each other in a circle cannot be loaded: b -> c -> a -> b"
    )
    assert problem("outside", known) is None
    assert problem("fine", known) is None
    assert problem("a", manifests(a="a")) is not None
    assert sorted(in_order(known)) == sorted(known)


def test_what_is_missing_or_too_old_is_named() -> None:
    known = manifests(a="nowhere", b="c>=2", c="", d="c>=1,<2")
    assert problem("a", known) == "it needs the plugin nowhere, which is not there"
    assert problem("b", known) == "it needs the plugin c>=2, and there is c 1.5"
    assert problem("d", known) is None
