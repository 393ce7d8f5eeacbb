"""Where what arrives goes: as the line said, else as it is set (M4; cli 1.14)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from satchel.cli.arrivals import Arrivals
from satchel.cli.profile import Profile
from satchel.cli.show import JsonShow
from satchel.core.identity.keyfile import Bare
from satchel.core.identity.settings import Accept, Setting
from satchel.errors import EnvironmentProblem, SatchelError
from satchel.store.database import Database
from satchel.store.records import SqliteRecords


class Heard(JsonShow):
    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warning(self, warning: SatchelError) -> None:
        self.warnings.append(warning.what)


@pytest.fixture
def profile() -> Iterator[Profile]:
    with closing(Database.in_memory()) as database:
        yield Profile(None, Bare(key=bytes(32)), bytes(32), database, SqliteRecords(database))


@pytest.fixture(autouse=True)
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("satchel.cli.arrivals.downloads", lambda: tmp_path / "downloads")
    return tmp_path / "downloads"


def setting(profile: Profile, folder: Path) -> None:
    profile.settings.put(Setting.INTO, str(folder).encode())


def test_the_line_goes_before_what_is_set_until_another_folder_is_set(
    profile: Profile, tmp_path: Path
) -> None:
    setting(profile, tmp_path / "set")
    arrivals = Arrivals(str(tmp_path / "given"), profile)
    assert arrivals.of_contacts == arrivals.by_code() == tmp_path / "given"
    setting(profile, tmp_path / "later")
    assert (arrivals.of_contacts, arrivals.by_code()) == (tmp_path / "given", tmp_path / "later")


def test_what_is_set_goes_before_the_downloads(profile: Profile, tmp_path: Path, downloads: Path) -> None:
    assert Arrivals(None, profile).of_contacts == downloads
    setting(profile, tmp_path / "set")
    arrivals = Arrivals(None, profile)
    assert arrivals.of_contacts == arrivals.by_code() == tmp_path / "set"
    profile.settings.reset(Setting.INTO)
    assert (arrivals.of_contacts, arrivals.by_code()) == (tmp_path / "set", downloads)


def test_how_it_is_taken(profile: Profile, downloads: Path) -> None:
    show = Heard()
    taking = Arrivals(None, profile).taking(None, show)
    assert taking is not None
    assert (taking.accept, downloads.is_dir()) == (Accept.ASK, True)
    profile.settings.put(Setting.ACCEPT, b"none")  # it may be changed while it runs
    taking = Arrivals(None, profile).taking(None, show)
    assert taking is not None
    assert taking.accept is Accept.NONE
    assert Arrivals(None, profile).taking("none", show) is None
    taking = Arrivals(None, profile).taking("verified", show)
    assert taking is not None
    assert (taking.accept, show.warnings) == (Accept.VERIFIED, [])


def test_a_folder_that_was_set_and_is_not_there_is_not_made(profile: Profile, tmp_path: Path) -> None:
    """Its disk may be an encrypted one that is not open; and who has only the page must get to it."""
    show = Heard()
    setting(profile, tmp_path / "stick")
    assert Arrivals(None, profile).taking(None, show) is None
    assert show.warnings == [f"The folder for what arrives is not there: {tmp_path}/stick."]
    assert not (tmp_path / "stick").exists()


def test_a_folder_of_the_line_that_cannot_be_used_ends_it(profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentProblem, match="not a folder"):
        Arrivals(str(tmp_path / "file"), profile).taking(None, Heard())
