"""satchel queue, as a script and as a person uses it: whole programs on a profile with things that wait."""

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from satchel.cli.profile import LentProfile, Profile
from satchel.cli.shared_records import Claims, SharedRecords
from satchel.cli.unfinished import require_idle, unfinished_in
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.core.identity.pair import Proof
from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.ports import HandoverId, Role
from satchel.ports.queue import QueueState
from satchel.store.contacts import SqliteContacts
from satchel.store.landing import FolderLanding
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from store.contact_samples import BILAL, contact
from store.queue_samples import FIRST, SECOND, THIRD, head_with, queued
from store.record_samples import entry, head

pytestmark = pytest.mark.slow  # a whole program for each command

PROGRAM = [sys.executable, "-m", "satchel.cli.main"]
KEY = b"k" * KEY_BYTES
COMING, RECEIVED, SENT = (HandoverId(b"unfinished no. %d" % n) for n in (1, 2, 3))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three things: accepted by Amina, waiting for Bilal, declined by Amina."""
    now_s = clock.wall_s()
    with closing(ProfileFolder.take(tmp_path / "profile")) as folder:
        folder.create(encode(Bare(key=KEY)), KEY)
        with closing(folder.open(KEY)) as database:
            contacts, queue = SqliteContacts(database, salt=bytes(32)), SqliteQueue(database)
            contacts.add(contact())
            contacts.add(contact(BILAL, "Bilal\n", proof=Proof.UNVERIFIED, seed=20))
            queue.add(replace(queued(), made_s=now_s - 3 * 86_400 - 5))
            many = tuple(b"/pictures/%d.jpg" % n for n in range(5))
            queue.add(replace(queued(SECOND, BILAL), paths=many, note=None, made_s=None))
            queue.add(replace(queued(THIRD), paths=(), made_s=now_s))
            SqliteRecords(database).create(head_with(), [])
            queue.set_state(THIRD, QueueState.DECLINED)
    return tmp_path / "profile"


def run(home: Path, *words: str, person: bool = False) -> subprocess.CompletedProcess[str]:
    line = [*PROGRAM, "queue", words[0], "--home", str(home), *([] if person else ["--json"]), *words[1:]]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def left(home: Path) -> list[str]:
    return [event["id"] for event in events(run(home, "list")) if event["event"] == "queued"]


def test_a_person_sees_what_waits_for_whom(home: Path) -> None:
    """No name of a file or a contact can be taken for what the program says."""
    seen = run(home, "list", person=True)
    assert seen.stdout.splitlines() == [
        "   1  accepted        3 days ago    for Amina",
        "      the list of names, not utf-8 \\xff\\u{1}\\u{a}; with a text",
        "   2  waits                         for UNVERIFIED Bilal\\u{a}",
        "      0.jpg, 1.jpg, 2.jpg, and 2 more",
        "   3  declined        today         for Amina",
        "      a text",
        "3 things in the queue.",
    ]
    assert "satchel queue remove" in seen.stderr


def test_a_script_gets_all_of_it(home: Path) -> None:
    first, second, third, done = (event for event in events(run(home, "list")) if event["event"] != "warning")
    assert first == {
        "event": "queued",
        "number": 1,
        "id": FIRST.hex(),
        "contact": "Amina",
        "verified": True,
        "paths": ["/home/the list of names", "/not utf-8 \udcff\x01\n"],
        "names": ["the list of names", "not utf-8 \udcff\x01\n"],
        "text": True,
        "made_s": first["made_s"],
        "state": "accepted",
    }
    assert (second["state"], second["made_s"], second["text"], second["verified"]) == (
        "waits",
        None,
        False,
        False,
    )
    assert (third["state"], third["paths"], third["text"]) == ("declined", [], True)
    assert done == {"event": "done", "queued": 3, "unfinished": 0}


def test_what_is_taken_back_is_gone_and_nothing_else(home: Path) -> None:
    done = run(home, "remove", "3", "1", "3", person=True)
    assert done.stdout == "Done: 2 things taken back.\n"
    assert "Taken back: a text\nTaken back: the list of names," in done.stderr
    assert left(home) == [SECOND.hex()]
    assert events(run(home, "remove", SECOND.hex()))[-1] == {"event": "done", "removed": 1}
    assert left(home) == []


def test_a_number_that_is_not_there_takes_nothing_back(home: Path) -> None:
    """All of them are there, or nothing is removed."""
    for word in ("0", "4", "-1", "1-2", "x", "٣", "9" * 32, "9" * 5000, FIRST.hex()[:-1], ""):
        assert run(home, "remove", "1", word).returncode == 2, word
    assert left(home) == [FIRST.hex(), SECOND.hex(), THIRD.hex()]


def test_what_cannot_be_read_is_said(home: Path) -> None:
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        SqliteQueue(database).set_state(SECOND, QueueState.FAILED)
    assert "   2  cannot be read                for" in run(home, "list", person=True).stdout
    assert [event.get("state") for event in events(run(home, "list"))][2] == "cannot_be_read"


def test_no_profile_no_queue(tmp_path: Path) -> None:
    assert run(tmp_path / "none", "list").returncode == 5
    assert not (tmp_path / "none").exists()


@pytest.fixture
def begun(home: Path, tmp_path: Path) -> Path:
    """And what is unfinished: from Bilal, and with a code in both directions. Returns the chosen folder."""
    into = tmp_path / "into"
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        records = SqliteRecords(database)
        from_bilal = head_with(COMING, BILAL, Role.RECEIVER, b"t" * 16)
        by_code = [head(RECEIVED), replace(head(SENT, Role.SENDER), into=b"")]
        for one in (*by_code, from_bilal):
            path = (b"Trip\x1b[2J", b"a") if one is from_bilal else (b"film.mkv",)
            chosen = replace(one, into=os.fsencode(into) if one.into else b"")
            records.create(chosen, [replace(entry(0, *path), size=4_200_000)])
            if chosen.into:
                FolderLanding.open(into, one.id).close(remove=False)
    return into


def test_t2_who_is_killed_while_it_stops_something_removes_the_rest_later(home: Path, begun: Path) -> None:
    """Also where the stick was not in: at each start it is looked for."""
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        SqliteRecords(database).refuse(COMING)
    assert len(os.listdir(begun)) == 2
    assert run(home, "list").returncode == 0
    assert len(os.listdir(begun)) == 1


def test_what_is_unfinished_is_listed_with_it(home: Path, begun: Path) -> None:
    """[cli 4] Whatever a contact calls it drives no terminal; and nobody is taken for somebody else."""
    seen = run(home, "list", person=True)
    assert seen.stdout.splitlines()[6:] == [
        "   4  unfinished                    from UNVERIFIED Bilal\\u{a}",
        "      Trip\\u{1b}[2J: 1 file, 4.2 MB",
        "   5  unfinished                    received with a code",
        "      film.mkv: 1 file, 4.2 MB",
        "   6  unfinished                    sent with a code",
        "      film.mkv: 1 file, 4.2 MB",
        "3 things in the queue, and 3 unfinished.",
    ]
    told = events(run(home, "list"))
    assert told[-1] == {"event": "done", "queued": 3, "unfinished": 3}
    coming, received, sent = (event for event in told if event["event"] == "unfinished")
    assert coming == {
        "event": "unfinished",
        "number": 4,
        "id": COMING.hex(),
        "direction": "in",
        "contact": "Bilal\n",
        "verified": False,
        "handover": (b"t" * 16).hex(),
        "names": ["Trip\x1b[2J"],
        "more": 0,
        "files": 1,
        "bytes": 4_200_000,
    }
    assert (received["direction"], received["contact"], received["handover"]) == ("in", None, None)
    assert (sent["direction"], sent["verified"], sent["number"]) == ("out", None, 6)
    assert begun.is_dir()


def test_what_is_unfinished_is_ended_for_good(home: Path, begun: Path) -> None:
    """What is there in part goes; its giver is told by a memory of that alone (node/test_stopping)."""
    assert len(list(begun.iterdir())) == 2
    assert run(home, "remove", "4", "9").returncode == 2
    assert len(list(begun.iterdir())) == 2
    done = run(home, "remove", "4", RECEIVED.hex(), "6", "1", person=True)
    assert done.stdout == "Done: 4 things taken back or stopped.\n"
    assert "Stopped: film.mkv: 1 file, 4.2 MB\n" in done.stderr
    assert not any(begun.iterdir())
    assert [event["event"] for event in events(run(home, "list"))].count("unfinished") == 0
    assert left(home) == [SECOND.hex(), THIRD.hex()]
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        records = SqliteRecords(database)
        assert [one.is_refused for one in records.of_contacts(Role.RECEIVER)] == [True]
        assert not [*records.unfinished(Role.SENDER), *records.unfinished(Role.RECEIVER)]


@pytest.mark.usefixtures("begun")
def test_what_another_command_is_at_is_not_ended_under_it(home: Path) -> None:
    """It would write on into a folder that is gone, and to see the list is not to be at it."""
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        claims, nothing = Claims(), cast("Any", None)
        at_it, other = (SharedRecords(database, claims, now_s=0) for _ in range(2))
        profile = Profile(folder, Bare(key=KEY), KEY, database, other)
        node = LentProfile(folder, Bare(key=KEY), KEY, database, other, nothing)
        coming, received, sent = unfinished_in(profile)
        assert len(at_it.unfinished(Role.RECEIVER)) == 1
        require_idle([coming, sent], node)
        with pytest.raises(EnvironmentProblem, match="under way"):
            require_idle([received], node)
        at_it.release()
        require_idle([received], node)
