"""satchel contacts, as a script uses it: whole programs on a profile with two contacts."""

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from satchel.core.identity.comparison import Comparison, Language
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.core.identity.pair import Proof
from satchel.ports import HandoverId, Role
from satchel.ports.queue import QueueState
from satchel.store.chosen import ChosenFolder
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from store.contact_samples import AMINA, BILAL, contact
from store.queue_samples import SECOND, THIRD, head_with, queued

pytestmark = pytest.mark.slow  # a whole program for each command

PROGRAM = [sys.executable, "-m", "satchel.cli.main"]
KEY = b"k" * KEY_BYTES
WORDS = Comparison(secret=bytes(16), language=Language.ENGLISH)
EVIL = "Amina\N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Amina by code; somebody unverified whose name looks like hers."""
    with closing(ProfileFolder.take(tmp_path / "profile")) as folder:
        folder.create(encode(Bare(key=KEY)), KEY)
        with closing(folder.open(KEY)) as database:
            contacts = SqliteContacts(database, salt=bytes(32))
            contacts.add(contact())
            unverified = contact(BILAL, EVIL, proof=Proof.UNVERIFIED, seed=20)
            contacts.add(replace(unverified, comparison=WORDS))
    return tmp_path / "profile"


def run(home: Path, *words: str, typed: str = "", person: bool = False) -> subprocess.CompletedProcess[str]:
    line = [*PROGRAM, "contacts", words[0], "--home", str(home), *([] if person else ["--json"]), *words[1:]]
    return subprocess.run(line, input=typed, capture_output=True, text=True, check=False, timeout=60)


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def names(home: Path) -> dict[str, str]:
    found = [event for event in events(run(home, "list")) if event["event"] == "contact"]
    return {event["contact"]: event["met"] for event in found}


def test_p2_the_list_says_loudly_who_is_unverified(home: Path) -> None:
    assert names(home) == {"Amina": "code", EVIL: "unverified"}
    seen = run(home, "list", person=True)
    assert seen.stdout.splitlines() == [
        "by code         Amina",
        "UNVERIFIED      Amina\\u{202e}",
        "2 contacts.",
    ]
    assert "UNVERIFIED: nobody has compared the words" in seen.stderr


def test_rename(home: Path) -> None:
    assert run(home, "rename", "Amina", "Amina N.").returncode == 0
    assert run(home, "rename", "Amina\\u{202e}", "Amina N.").returncode == 2
    assert run(home, "rename", "nobody", "x").returncode == 5
    assert run(home, "rename", "Amina N.", "").returncode == 2
    assert run(home, "rename", "Amina\\u{202e}", "Bilal").returncode == 0
    assert set(names(home)) == {"Amina N.", "Bilal"}


@pytest.mark.parametrize(
    ("typed", "code", "left"), [("yes", 0, "words_compared"), ("later", 0, "unverified"), ("no", 4, None)]
)
def test_p2_verify_later(home: Path, typed: str, code: int, left: str | None) -> None:
    done = run(home, "verify", EVIL, typed=f"{typed}\n")
    assert done.returncode == code
    assert next(e for e in events(done) if e["event"] == "words")["words"] == list(WORDS.parts())
    assert names(home).get(EVIL) == left


def test_what_is_verified_is_not_compared_again(home: Path) -> None:
    done = run(home, "verify", "Amina")
    assert done.returncode == 5
    assert "verified already" in events(done)[-1]["what"]


def test_p2_of_who_is_unverified_nothing_is_taken_unasked(home: Path) -> None:
    done = run(home, "taking", EVIL, "accept")
    assert done.returncode == 2
    assert "contacts verify" in events(done)[-1]["do"]
    assert run(home, "taking", EVIL, "refuse").returncode == 0
    assert run(home, "taking", "nobody", "refuse").returncode == 5
    assert run(home, "taking", "Amina", "perhaps").returncode == 2
    found = {event.get("contact"): event.get("taking") for event in events(run(home, "list"))}
    assert found == {"Amina": "ask", EVIL: "refuse", None: None}


def test_what_is_taken_of_a_contact_is_listed_where_no_name_imitates_it(home: Path) -> None:
    done = run(home, "taking", "Amina", "accept", person=True)
    assert done.stdout == "Done: what Amina offers is taken without asking.\n"
    assert run(home, "list", person=True).stdout.splitlines()[:2] == [
        "by code         taken unasked  Amina",
        "UNVERIFIED                     Amina\\u{202e}",
    ]
    assert run(home, "taking", "Amina", "ask").returncode == 0
    assert run(home, "list", person=True).stdout.splitlines()[0] == "by code         Amina"


def test_t2_who_is_forgotten_takes_along_what_waited_and_what_is_unfinished(
    home: Path, tmp_path: Path
) -> None:
    hers, other = HandoverId(b"from her, id of "), HandoverId(b"from somebody el")
    into = tmp_path / "into"
    into.mkdir()
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        queue, records = SqliteQueue(database), SqliteRecords(database)
        queue.add(queued())
        queue.add(queued(SECOND, BILAL))
        queue.add(replace(queued(THIRD), state=QueueState.DECLINED))
        for id, whose in ((hers, AMINA), (other, BILAL)):
            head = head_with(id, whose, Role.RECEIVER, bytes(16))
            records.create(replace(head, into=os.fsencode(into)), [])
            with closing(ChosenFolder.open(into)) as chosen:
                landing = chosen.begin(id)
            landing.create(0)
            landing.close(remove=False)
    assert len(list(into.iterdir())) == 2
    asked = run(home, "forget", "Amina", typed="n\n", person=True)
    assert asked.returncode == 4
    assert "1 thing that you wanted to give them will not go." in asked.stderr
    assert "1 hand-over from them will not be finished." in asked.stderr
    assert len(list(into.iterdir())) == 2
    done = run(home, "forget", "Amina", "--yes")
    assert events(done)[-1] == {"event": "done", "contact": "Amina", "dropped": 1}
    assert [path.name for path in into.iterdir()] == [f".satchel-{other.hex()}"]
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        assert [found.id for found in SqliteQueue(database).all()] == [SECOND]
        assert [found.id for found in SqliteRecords(database).of_contacts(Role.RECEIVER)] == [other]
    assert run(home, "verify", EVIL, typed="later\n").returncode == 0
    assert len(list(into.iterdir())) == 1
    assert run(home, "verify", EVIL, typed="no\n").returncode == 4  # it is forgotten at once
    assert list(into.iterdir()) == []


def test_forget_asks(home: Path) -> None:
    assert run(home, "forget", "Amina").returncode == 4
    assert run(home, "forget", "Amina", typed="y\n").returncode == 0
    assert run(home, "forget", "Amina", typed="y\n").returncode == 5
    assert run(home, "forget", EVIL, "--yes").returncode == 0
    assert names(home) == {}


def test_no_profile_no_contacts(tmp_path: Path) -> None:
    assert run(tmp_path / "none", "list").returncode == 5
    assert not (tmp_path / "none").exists()
