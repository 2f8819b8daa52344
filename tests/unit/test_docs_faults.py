"""Law: every test that the page about faults names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/faults.md"
_NAMED = re.compile(r"`(tests/[\w/]+\.py)?(?:::(test_\w+))?`")


def test_every_test_that_is_named_is_there() -> None:
    named, file = [], ""
    for path, test in _NAMED.findall(PAGE.read_text()):
        file = path or file
        named.append((file, test))
    assert len(named) > 40
    missing = [
        (file, test)
        for file, test in named
        if test and not re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert not missing
