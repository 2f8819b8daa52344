"""What several tests of editors share, since it takes seconds to start."""

from collections.abc import Iterator

import pytest

from tests.daemon import Daemon
from tests.editor_house import daemon_with_a_provider


@pytest.fixture(scope="session")
def editor_daemon() -> Iterator[Daemon]:
    with daemon_with_a_provider() as daemon:
        yield daemon
