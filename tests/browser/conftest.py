"""The browsers themselves are silent: in every test of this folder all frames are seen and counted."""

from collections.abc import Iterator

import pytest

from lab import Lab
from lab.pytest_plugin import need_lab
from lab.watched import WatchedLab


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A watched laboratory with no hosts yet."""
    need_lab()
    with WatchedLab() as made:
        yield made
        made.conclude()
