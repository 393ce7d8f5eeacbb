"""The chosen folder before anything is accepted, and where an unfinished hand-over may go on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.namespace import mount_flags
from satchel.errors import EnvironmentProblem, NotTheFolder
from satchel.ports import Chosen, HandoverId
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding
from store.arrivals import receive

ID = HandoverId(bytes(range(16)))
STAGING = f".satchel-{ID.hex()}"
NOBODY = 65_534


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "into"


def works_as_chosen(opened: Chosen) -> None:
    """mypy: it is one."""


def test_nothing_is_made_in_it_before_something_is_accepted(into: Path) -> None:
    """Whoever is killed while the code is asked for, or the offer shown, leaves nothing."""
    chosen = ChosenFolder.open(into)
    works_as_chosen(chosen)
    assert chosen.free_bytes() > 0
    assert os.listdir(into) == []
    landing = chosen.begin(ID)
    assert os.listdir(into) == [STAGING]
    receive(landing, 0, (b"x",), b"1")
    landing.close(remove=True)
    chosen.close()
    assert os.listdir(into) == ["x"]


def test_it_stays_the_folder_that_was_chosen_whatever_takes_its_name(into: Path) -> None:
    chosen = ChosenFolder.open(into)
    into.rename(into.with_name("moved"))
    into.mkdir()
    chosen.begin(ID).close(remove=False)
    chosen.close()
    assert os.listdir(into) == []
    assert os.listdir(into.with_name("moved")) == [STAGING]


def test_m4_it_goes_on_only_where_it_began(into: Path) -> None:
    """The stick is out, or another one is in: nothing is made there, and three sentences say so."""
    landing = FolderLanding.open(into, ID)
    landing.create(3)
    landing.close(remove=False)
    FolderLanding.reopen(into, ID).close(remove=False)
    into.rename(into.with_name("stick"))
    for there in (False, True):  # the mount point is gone; it is there and empty
        if there:
            into.mkdir()
        with pytest.raises(NotTheFolder) as caught:
            FolderLanding.reopen(into, ID)
        assert caught.value.what.startswith("This is not the folder it began in")
        assert all((caught.value.safe, caught.value.do))
        assert into.exists() is there
    assert os.listdir(into) == []
    again = FolderLanding.reopen(into.with_name("stick"), ID)
    assert again.partials() == {3: 0}
    again.close(remove=True)


def test_no_descriptor_is_left_open_by_what_fails(into: Path) -> None:
    into.mkdir()
    (into / STAGING).symlink_to("/tmp")
    before = len(os.listdir("/proc/self/fd"))
    chosen = ChosenFolder.open(into)
    with pytest.raises(EnvironmentProblem):
        chosen.begin(ID)
    with pytest.raises(EnvironmentProblem):
        FolderLanding.reopen(into, ID)
    with pytest.raises(NotTheFolder):
        FolderLanding.reopen(into, HandoverId(bytes(16)))
    chosen.close()
    assert len(os.listdir("/proc/self/fd")) == before


@contextmanager
def as_nobody() -> Iterator[None]:
    """Nothing is forbidden to root, so root is somebody else in the block."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_a_folder_that_cannot_be_written_to_is_told_at_once(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into.mkdir(mode=0o555)
    monkeypatch.chdir(into)  # the way to it is forbidden to others, too
    with as_nobody(), pytest.raises(EnvironmentProblem, match="not allowed"):
        ChosenFolder.open(Path())


UNMOUNTED = """
import os, sys
from pathlib import Path
from subprocess import run
sys.path.insert(0, sys.argv[2])
from satchel.errors import NotTheFolder
from satchel.ports import HandoverId
from satchel.store.landing import FolderLanding
stick, ID = Path(sys.argv[1]), HandoverId(bytes(16))
run(["mount", "-t", "tmpfs", "tmpfs", stick], check=True)
FolderLanding.open(stick, ID).close(remove=False)
run(["umount", stick], check=True)
before = os.listdir(stick)
try:
    FolderLanding.reopen(stick, ID)
except NotTheFolder:
    assert os.listdir(stick) == before
    print("refused")
"""


@pytest.mark.lab
def test_m4_an_unmounted_stick_is_not_the_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            "unshare",
            *mount_flags(),
            sys.executable,
            "-c",
            UNMOUNTED,
            tmp_path,
            str(Path(__file__).parents[1]),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "refused\n", done.stderr
