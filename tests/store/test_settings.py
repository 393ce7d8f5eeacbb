"""What is set stays, from one start to the next; what was set before is gone (T2; profile 9)."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from satchel.core.identity.settings import Accept, Setting, Settings
from satchel.errors import EnvironmentProblem
from satchel.store.database import Database
from satchel.store.settings import SqliteSettings
from store.record_samples import KEY
from store.test_erasing import pages


def test_it_stays(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        settings = SqliteSettings(database)
        assert settings.now == Settings()
        settings.put(Setting.QUIET, b"on")
        settings.put(Setting.ACCEPT, b"none")
        settings.put(Setting.ACCEPT, b"verified")
        settings.put(Setting.LANGUAGE, b"ar")
        settings.reset(Setting.LANGUAGE)
        settings.reset(Setting.INTO)  # it was none
        wanted = Settings(quiet=True, accept=Accept.VERIFIED)
        assert settings.now == wanted
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        assert SqliteSettings(database).now == wanted


def test_what_a_newer_program_has_set_stays() -> None:
    with closing(Database.in_memory()) as database:
        with database.changing() as connection:
            connection.execute("INSERT INTO setting VALUES ('colour', x'01'), ('quiet', x'02')")
        settings = SqliteSettings(database)
        settings.put(Setting.HISTORY, b"on")
        settings.reset(Setting.HISTORY)
        with database.reading() as connection:
            rows = connection.execute("SELECT name, value FROM setting ORDER BY name").fetchall()
        assert rows == [("colour", b"\1"), ("quiet", b"\2")]


def test_t2_a_folder_of_before_is_in_no_page() -> None:
    """Its name may say what nobody is to know."""
    with closing(Database.in_memory()) as database:
        settings = SqliteSettings(database)
        settings.put(Setting.INTO, b"/home/amina/for the strike committee")
        assert b"strike committee" in pages(database)
        settings.put(Setting.INTO, b"/home/amina/x")
        assert b"strike committee" not in pages(database)
        settings.reset(Setting.INTO)
        assert b"/home/amina" not in pages(database)


def test_t2_a_folder_of_before_leaves_the_log(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        settings = SqliteSettings(database)
        settings.put(Setting.INTO, b"/home/amina/for the strike committee")
        assert (tmp_path / "data-wal").stat().st_size == 0
        settings.reset(Setting.INTO)
        assert (tmp_path / "data-wal").stat().st_size == 0


def test_what_is_no_text_is_damage() -> None:
    with closing(Database.in_memory()) as database:
        with database.changing() as connection:
            connection.execute("INSERT INTO setting VALUES ('quiet', 5)")
        with pytest.raises(EnvironmentProblem, match="damaged"):
            SqliteSettings(database)


def test_several_threads_set_at_once() -> None:
    """What all go by is what is stored, whoever came last."""
    with closing(Database.in_memory()) as database:
        settings = SqliteSettings(database)

        def change(value: bytes) -> None:
            for _ in range(20):
                settings.put(Setting.INTO, value)

        threads = [threading.Thread(target=change, args=(f"/{number}".encode(),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert settings.now == SqliteSettings(database).now
