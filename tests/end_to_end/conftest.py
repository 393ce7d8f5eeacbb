"""In every test of this folder all frames are seen and counted: no question to a name server, nothing
to any address beyond the neighbourhood (lessons.md, 6). The sums are printed at the end."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Lab
from lab.pytest_plugin import need_lab
from lab.watched import WatchedLab


@pytest.fixture
def lab(make_lab: object) -> Iterator[Lab]:
    """A watched laboratory with no hosts yet."""
    with WatchedLab() as made:
        yield made
        made.conclude()


@pytest.fixture(scope="module")
def lasting_lab() -> Iterator[Lab]:
    """The same for all tests of a file: for recordings that many tests look at."""
    need_lab()
    with WatchedLab() as made:
        yield made
        made.conclude()


@pytest.fixture
def fast_lab(make_lab: object) -> Iterator[Lab]:
    """The same with large frames, for bulk."""
    with WatchedLab(offload=True) as made:
        yield made
        made.conclude()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", place], check=False).returncode:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)
