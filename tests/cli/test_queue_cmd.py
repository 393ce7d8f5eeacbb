"""satchel queue, as a script and as a person uses it: whole programs on a profile with things that wait."""

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.core.identity.pair import Proof
from satchel.node import clock
from satchel.ports.queue import QueueState
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from store.contact_samples import BILAL, contact
from store.queue_samples import FIRST, SECOND, THIRD, head_with, queued

PROGRAM = [sys.executable, "-m", "satchel.cli.main"]
KEY = b"k" * KEY_BYTES


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
    assert done == {"event": "done", "queued": 3}


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
