"""`kill -9` at 200 random instants: the profile opens, whole, and nothing acknowledged is lost (T1 to T3)."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
TESTS = str(Path(__file__).parents[1])
KILLS = 200
SECONDS_MAX = 60

# Each child goes on where the one before was killed. Operation n is the same in each, so the state after n of
# them is known; where the states before and after one are equal, it may be done again.
KILLING = """
import os, random, select, signal, sys, time
from collections import Counter
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.core.opening.effects import Kept
from satchel.ports import HandoverId, Role
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from store.contact_samples import contact
from store.record_samples import entry, head

home, KINDS = Path(sys.argv[1]) / "profile", 8
file = home.parent / "backup"
id_of = lambda n: ContactId(b"%016d" % n)
key_of = lambda n: bytes([n // 256 % 256, n % 256]) * 16

def do(folder, database, n):
    contacts, records = SqliteContacts(database, salt=bytes(32)), SqliteRecords(database)
    turn, kind = divmod(n, KINDS)
    if kind == 0:
        contacts.add(contact(id_of(turn), f"added {turn}"))
    elif kind == 1:
        contacts.rename(id_of(turn), f"renamed {turn}")
    elif kind == 2:
        records.create(head(HandoverId(id_of(turn))), [entry(m) for m in range(turn % 30)])
    elif kind == 3:
        kept = next(each.kept for each in contacts.all() if each.id == id_of(turn))
        contacts.keep(id_of(turn), Kept(epochs=kept.epochs, counter=turn + 1, heard=turn))
    elif kind == 4:
        return folder.replace_key(database, key_of(turn), key_of(turn))
    elif kind == 5:
        address = StoredAddress(contact=id_of(turn), address=bytes(16), network=bytes(16))
        contacts.learn_address(address)
    elif kind == 6:
        for path in (file, Path(f"{file}.part")):
            path.unlink(missing_ok=True)
        folder.back_up(database, b"", key_of(turn), file)
    elif turn >= 3:
        records.forget(HandoverId(id_of(turn - 3)))
        contacts.forget(id_of(turn - 3))
    return database

def after(n):
    # contacts: name and counter; records; as they must be after the first n operations
    people, records = {}, set()
    for m in range(n):
        turn, kind = divmod(m, KINDS)
        if kind == 0:
            people[turn] = (f"added {turn}", 0)
        elif kind == 1:
            people[turn] = (f"renamed {turn}", people[turn][1])
        elif kind == 2:
            records.add(turn)
        elif kind == 3:
            people[turn] = (people[turn][0], turn + 1)
        elif kind == 7 and turn >= 3:
            del people[turn - 3]
            records.discard(turn - 3)
    return people, records

def half_forgotten(n):
    # two calls, each durable by itself
    people, records = after(n)
    return people, records - {n // KINDS - 3} if n % KINDS == 7 else records

def found(database):
    people = {int(e.id): (e.name, e.counter) for e in SqliteContacts(database, salt=bytes(32)).all()}
    return people, {int(e.id) for e in SqliteRecords(database).unfinished(Role.RECEIVER)}

def use(start, told):
    folder = ProfileFolder.take(home)
    database = folder.open(folder.read_key_file())
    for n in range(start, start + 100_000):
        database = do(folder, database, n)
        os.write(told, b".")

with closing(ProfileFolder.take(home)) as folder:
    folder.create(bytes(32), bytes(32))
    folder.open(bytes(32)).close()
chance, done, kinds = random.Random(7), 0, Counter()
for kill in range(int(sys.argv[3])):
    told, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            use(done, telling)
        finally:
            os._exit(3)
    os.close(telling)
    time.sleep(chance.uniform(0, 0.15))
    if kill % 2:  # a short operation is seldom hit by chance alone: each second kill waits for one kind
        while select.select([told], [], [], 0)[0] and (part := os.read(told, 4096)):
            done += len(part)
        while done % KINDS != kill // 2 % KINDS and (part := os.read(told, 1)):
            done += len(part)
        time.sleep(chance.uniform(0, 0.002))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the program ended by itself"
    while part := os.read(told, 4096):
        done += len(part)
    os.close(told)
    with closing(ProfileFolder.take(home)) as folder:
        key = folder.read_key_file()
        assert key in (key_of((done - 5) // KINDS), key_of((done - 4) // KINDS), bytes(32))
        with closing(folder.open(key)) as database:
            database.require_whole()
            state = found(database)
        assert set(os.listdir(home)) == {"data", "key", "lock"}, os.listdir(home)
    assert state in (after(done), half_forgotten(done), after(done + 1)), (done, state, after(done))
    kinds[done % KINDS] += 1
    if state != after(done):
        done += state == after(done + 1)
print(f"{done} acknowledged, killed in {len(kinds)} kinds of operations")
"""


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Contacts, records, another key, a backup: one after another, without a pause."""
    done = subprocess.run(
        [sys.executable, "-c", KILLING, str(tmp_path), TESTS, str(KILLS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed in 8 kinds of operations" in done.stdout
