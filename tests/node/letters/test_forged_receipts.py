"""M3, C2: receipts that nobody's bundle answers to: none acts, and nothing of them is kept."""

import random
import resource
import tracemalloc
from pathlib import Path

import pytest

from node.letters.office_kit import Person, Time, id_of, meet, pair_up
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.codec import LIST_MAX, encode
from satchel.core.custody.messages import Begin, Receipts
from satchel.ports.letter_states import LetterState
from satchel.store.custody import open_custody
from satchel.store.database import Database
from store.letter_samples import CUSTODY_KEY, Desk, carried, put
from store.record_samples import KEY

GROWS_BYTES_MAX = 1 << 20


def on_disk(home: Path, name: str, time: Time) -> Person:
    (home / name).mkdir(mode=0o700)
    database = Database.open(home / name / "data", KEY)
    return Person(name, time, Desk(home / name, database, open_custody(home / name, database, CUSTODY_KEY)))


def file_bytes(home: Path) -> int:
    return sum(one.stat().st_size for one in home.rglob("*") if one.is_file())


def forge(home: Path, count: int) -> None:
    time = Time()
    amina, forger = on_disk(home, "amina", time), on_disk(home, "forger", time)
    pair_up(amina, forger)
    id = amina.office.write(id_of("forger"), "a letter of ours")
    put(amina.desk, *(carried(number)[0] for number in range(100)), ingress=id_of("forger"))
    chance = random.Random(1)
    session = amina.office.begin(id_of("forger"), we_dialled=False, has_something=lambda: None)
    amina.office.hear(session, encode(Begin(highest=0, next=1)))

    def hear(messages: int) -> None:
        for _ in range(messages):
            time.now_s += LIST_MAX / 1_000  # so many words in vain are forgiven (custody 9.1)
            drawn = tuple(Receipt(preimage=chance.randbytes(20), expiry_hour=70_000) for _ in range(LIST_MAX))
            amina.office.hear(session, encode(Receipts(receipts=drawn)))

    hear(2)
    files, peak = file_bytes(home / "amina"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    tracemalloc.start()
    hear(1)
    before, _ = tracemalloc.get_traced_memory()
    hear(1)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < GROWS_BYTES_MAX / 16
    hear(-(-count // LIST_MAX) - 4)
    assert file_bytes(home / "amina") - files <= GROWS_BYTES_MAX
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) - peak <= 16 * GROWS_BYTES_MAX
    assert list(amina.desk.bundles.receipts()) == []
    assert len(list(amina.desk.bundles.rows())) == 100
    [letter] = amina.letters(forger)
    assert (letter.id, letter.state) == (id, LetterState.UNDER_WAY)
    amina.office.end(session)
    meet(amina, forger)
    assert forger.texts(amina) == ["a letter of ours"]
    for person in (amina, forger):
        person.desk.custody.close()
        person.desk.database.close()


def test_forged_receipts_act_on_nothing(tmp_path: Path) -> None:
    forge(tmp_path, 6_000)


@pytest.mark.slow
def test_very_many_forged_receipts_act_on_nothing(tmp_path: Path) -> None:
    """With a million it was the same, and takes a minute or two."""
    forge(tmp_path, 200_000)
