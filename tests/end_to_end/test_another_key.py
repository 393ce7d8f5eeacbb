"""Another passphrase under a node that runs, on a bad day (T1, T2)."""

import random
import subprocess
from contextlib import closing, suppress

import pytest

from end_to_end.acquainted import couple
from end_to_end.programs import SATCHEL, Person
from end_to_end.test_up import HERE_S, up
from lab import Lab
from satchel.core.identity.keyfile import Bare, Sealed, decode, unseal
from satchel.errors import AccessDenied
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder

pytestmark = pytest.mark.lab
PHRASES = [f"a passphrase of turn {turn}" for turn in range(6)]
KILLED_AFTER_S = (0.0, 6.0)  # stretching and copying: two to five seconds


def opens(person: Person, *phrases: str) -> str | None:
    """Which of them opens the profile, with all that is in it; None: it has none."""
    with closing(ProfileFolder.take(person.profile)) as folder:
        file = decode(folder.read_key_file() or b"")
        if isinstance(file, Bare):
            found, key = None, file.key
        else:
            found, key = which(file, phrases)
        with closing(folder.open(key)) as database:
            assert [one.name for one in SqliteContacts(database, salt=bytes(32)).all()] == ["bilal"]
    return found


def which(file: Sealed, phrases: tuple[str, ...]) -> tuple[str, bytes]:
    for phrase in phrases:
        try:
            return phrase, unseal(file, phrase)
        except AccessDenied:
            pass
    raise AssertionError("no passphrase opens it")


def test_kill_9_at_any_moment_leaves_the_old_one_or_the_new_one(lab: Lab) -> None:
    """The node is killed, and with it the job. What was told to be done is done."""
    amina, _ = couple(lab)
    chance, now = random.Random(11), None
    for phrase in PHRASES:
        node = amina.satchel("up")
        if now is not None:
            node.expect_event("ask")
            node.type(now)
        node.expect_event("ready", HERE_S)
        changing = amina.satchel("passphrase")
        for line in (now, phrase):
            if line is not None:
                changing.expect_event("ask")
                changing.type(line)
        with suppress(subprocess.TimeoutExpired):
            changing.process.wait(chance.uniform(*KILLED_AFTER_S))
        node.process.kill()
        node.wait(20)
        is_done = changing.wait(20) == 0
        found = opens(amina, *filter(None, (phrase, now)))
        assert found == phrase or (found == now and not is_done)
        now = found


def test_who_is_here_stays_and_the_next_start_asks(lab: Lab) -> None:
    """Nothing breaks off; a thief with a copy of before has nothing of now (T1)."""
    amina, bilal = couple(lab)
    here, there = up(amina), up(bilal)
    here.expect_event("peer", HERE_S)
    before = (amina.profile / "key").read_bytes()
    changing = amina.satchel("passphrase")
    changing.expect_event("ask")
    changing.type(PHRASES[0])
    assert changing.wait(HERE_S) == 0
    assert '"gone"' not in here.text + there.text
    old = decode(before)
    assert isinstance(old, Bare)
    line = [*SATCHEL, "contacts", "rename", "bilal", "b", "--json", "--home", str(amina.profile)]
    amina.host.run(line)
    amina.satchel("lock").wait(20)
    here.wait(20)
    (amina.profile / "key").rename(amina.profile.parent / "kept")
    (amina.profile / "key").write_bytes(before)
    assert amina.satchel("send").wait(20) == 1
    (amina.profile.parent / "kept").rename(amina.profile / "key")
    locked = amina.satchel("up")
    locked.expect_event("ask")
    locked.type(PHRASES[0])
    locked.expect_event("ready", HERE_S)
