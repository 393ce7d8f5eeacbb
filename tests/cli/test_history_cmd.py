"""`satchel history`: what was kept, with the names of now, and gone at a word (T1, T2; cli 1.15)."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.node_kit import Following, Served, serving
from cli.test_profile_commands import Done, satchel
from satchel.core.identity.keyfile import decode
from satchel.core.identity.settings import Setting
from satchel.store.database import Database
from satchel.store.history import SqliteHistory
from satchel.store.settings import SqliteSettings
from store.history_samples import past
from store.record_samples import NOW_S

pytestmark = pytest.mark.slow  # a whole program for each command

TOLD = {
    "event": "past",
    "when_s": NOW_S,
    "giving": True,
    "contact": None,
    "verified": False,
    "names": ["the minutes.pdf", "\udcff<b>"],
    "files": 3,
    "bytes": (1 << 53) - 1,
    "text": True,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A profile whose history has one hand-over by code."""
    home = tmp_path / "profile"
    assert satchel(home, "init", "--no-passphrase").code == 0
    assert satchel(home, "settings", "set", "history", "on").code == 0
    key = decode((home / "key").read_bytes()).key  # type: ignore[union-attr]
    with closing(Database.open(home / "data", key)) as database:
        SqliteHistory(database).add(past(contact=None))
    return home


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal", "<b>\u202eanima") as running:
        running.profile.settings.put(Setting.HISTORY, b"on")
        for contact in running.profile.contacts.all():
            running.profile.history.add(past(contact=contact.id))
        yield running


def listed(home: Path) -> Done:
    return satchel(home, "history", "list")


def test_it_is_listed(home: Path) -> None:
    assert listed(home).events == [
        {"event": "warning", **listed(home).events[0]},
        TOLD,
        {"event": "done", "history": 1, "on": True},
    ]


@pytest.mark.parametrize(
    "words", [("clear", "--yes"), ("off",), ("reset",)], ids=["cleared", "switched off", "reset"]
)
def test_it_is_erased(home: Path, words: tuple[str, ...]) -> None:
    match words[0]:
        case "clear":
            assert satchel(home, "history", *words).events[-1] == {"event": "done", "erased": 1}
        case "off":
            assert satchel(home, "settings", "set", "history", "off").code == 0
        case _:
            assert satchel(home, "settings", "reset", "history").code == 0
    assert listed(home).events[-1] == {"event": "done", "history": 0, "on": words[0] == "clear"}


@pytest.mark.parametrize(("typed", "is_erased"), [("y", True), ("", False), ("n", False), (None, False)])
def test_it_asks_once_more(home: Path, typed: str | None, *, is_erased: bool) -> None:
    done = satchel(home, "history", "clear", lines=() if typed is None else (typed,))
    assert done.events[1] == {"event": "ask", "what": "history", "offered": None}
    assert done.code == (0 if is_erased else 4)
    assert listed(home).events[-1]["history"] == (0 if is_erased else 1)


def test_a_job_tells_it_with_the_names_of_now(served: Served) -> None:
    told = Following(served, "history", "list", "--json").rest()
    assert [event["contact"] for event in told if event.get("event") == "past"] == ["<b>\u202eanima", "bilal"]
    Following(served, "contacts", "rename", "--json", "bilal", "Bilal M").rest()
    told = Following(served, "history", "list", "--json").rest()
    assert [event["contact"] for event in told if event.get("event") == "past"] == [
        "<b>\u202eanima",
        "Bilal M",
    ]
    Following(served, "contacts", "forget", "--yes", "--json", "Bilal M").rest()
    assert Following(served, "history", "list", "--json").rest()[-2]["history"] == 1
    assert Following(served, "history", "clear", "--yes", "--json").rest()[-2]["erased"] == 1
    assert served.profile.history.all() == []


def test_for_a_person_no_name_imitates_the_rest(served: Served) -> None:
    """B1, T1: what a contact calls itself, or a file, is escaped and stands last."""
    shown = "".join(line.get("text", "") for line in Following(served, "history", "list").rest())
    when = f"{datetime.fromtimestamp(NOW_S, UTC).astimezone():%Y-%m-%d %H:%M}"
    assert f"{when}  from <b>\\u{{202e}}anima\n" in shown
    assert "3 files, 9.0 PB: the minutes.pdf, \\xff<b>; with a text\n" in shown
    assert "2 hand-overs in the history." in shown


def test_where_it_is_off_it_says_so(tmp_path: Path) -> None:
    home = tmp_path / "profile"
    satchel(home, "init", "--no-passphrase")
    assert listed(home).events[-1] == {"event": "done", "history": 0, "on": False}
    with serving(tmp_path / "other") as served:
        shown = "".join(line.get("text", "") for line in Following(served, "history", "list").rest())
    assert "It is switched off" in shown


def test_settings_are_not_read_from_another_place(home: Path) -> None:
    """What stands in the table counts, not what this process believes."""
    key = decode((home / "key").read_bytes()).key  # type: ignore[union-attr]
    with closing(Database.open(home / "data", key)) as database:
        stale = SqliteSettings(database)
        SqliteSettings(database).reset(Setting.HISTORY)
        assert stale.now.history
        SqliteHistory(database).add(past(contact=None))
        assert SqliteHistory(database).all() == []
