"""A profile in long use, one durable step after another, for tests that cut it off.

What must be there then is known, since step n is the same in each run: contacts, what waits for them,
records, uploads, the key, the last backup and what was restored from it.
"""

import io
import os
import shutil
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from satchel.core.blobs.sealed import BLOCK_BYTES
from satchel.core.identity.comparison import Comparison, Language
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.pair import Proof
from satchel.core.identity.settings import Setting, Settings
from satchel.core.opening.effects import Kept
from satchel.ports import HandoverId, Role
from satchel.ports.contacts import Taking
from satchel.ports.queue import QueueState
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from satchel.store.settings import SqliteSettings
from satchel.store.uploads import SqliteUploads
from store.contact_samples import contact
from store.queue_samples import head_with, queued
from store.record_samples import entry, head
from store.upload_samples import GROUP, content_of, one_begun, uploads_of

KINDS = 21
REPLACING, BACKING_UP, RESTORING, FORGETTING = 5, 9, 11, 15  # the kinds that have a rule of their own
BRINGING = 16  # and the next three
SETTING = 20
FIRST_KEY = b"k" * 32
WORDS = Comparison(secret=b"to be compared..", language=Language.ENGLISH)


def id_of(what: str, turn: int) -> bytes:
    return f"{what}{turn:015}".encode()


def person(turn: int) -> ContactId:
    return ContactId(id_of("c", turn))


def thing(turn: int) -> HandoverId:
    return HandoverId(id_of("q", turn))


def brought(turn: int) -> bytes:
    """What is uploaded in this turn: a block and a part of one."""
    return f"{turn:08}".encode() * (BLOCK_BYTES // 8 + 9)


def key_of(turn: int) -> bytes:
    return bytes([turn // 256 % 256, turn % 256]) * 16


@dataclass
class State:
    """By turn."""

    people: dict[int, tuple[str, int, Proof, Taking]] = field(default_factory=dict)
    waiting: dict[int, tuple[QueueState, bool]] = field(default_factory=dict)
    by_code: set[int] = field(default_factory=set)
    from_contacts: set[int] = field(default_factory=set)
    to_contacts: set[int] = field(default_factory=set)
    uploads: dict[int, int] = field(default_factory=dict)  # how many bytes are there
    settings: Settings = field(default_factory=Settings)

    @property
    def restored(self) -> "State":
        """What a backup of it has."""
        waiting = {turn: (state, False) for turn, (state, _) in self.waiting.items()}
        return State(dict(self.people), waiting, settings=self.settings)


def create(home: Path) -> None:
    with closing(ProfileFolder.take(home)) as folder:
        folder.create(FIRST_KEY, FIRST_KEY)
        folder.open(FIRST_KEY).close()


def do(folder: ProfileFolder, database: Database, n: int) -> Database:
    """Step n; returns the database to go on with. May be done again where it changes no state."""
    turn, kind = divmod(n, KINDS)
    if kind < REPLACING:
        _meet(database, turn, kind)
    elif kind == REPLACING:
        return folder.replace_key(database, key_of(turn), key_of(turn))
    elif kind < BACKING_UP:
        _hand_over(database, turn, kind)
    elif kind == BACKING_UP:
        file = backup(folder.home, turn)
        for path in (file, Path(f"{file}.part")):
            path.unlink(missing_ok=True)
        folder.back_up(database, b"", key_of(turn), file)
        backup(folder.home, turn - 1).unlink(missing_ok=True)
    elif kind == RESTORING:
        shutil.rmtree(restored(folder.home, turn), ignore_errors=True)
        with closing(ProfileFolder.take(restored(folder.home, turn))) as other:
            image = io.BytesIO(backup(folder.home, turn).read_bytes())
            other.put_back(image, key_of(turn), key_of(turn)).close()
        shutil.rmtree(restored(folder.home, turn - 1), ignore_errors=True)
    elif kind == SETTING:
        _set(SqliteSettings(database), turn)
    elif kind >= BRINGING:
        _bring(uploads_of(folder.home, database, seed=f"step {n}", reserve_bytes=0), turn, kind)
    else:
        _part(database, turn, kind)
    return database


def _meet(database: Database, turn: int, kind: int) -> None:
    contacts = SqliteContacts(database, salt=bytes(32))
    match kind:
        case 0:
            added = contact(person(turn), f"added {turn}", proof=Proof.UNVERIFIED)
            contacts.add(replace(added, comparison=WORDS))
        case 1:
            contacts.rename(person(turn), f"renamed {turn}")
        case 2:
            contacts.verify(person(turn), Proof.WORDS_COMPARED)
        case 3:
            epochs = next(each.pair.epochs for each in contacts.all() if each.id == person(turn))
            contacts.keep(person(turn), Kept(epochs=epochs, counter=turn + 1, heard=turn))
        case 4:
            SqliteQueue(database).add(queued(thing(turn), person(turn)))


def _hand_over(database: Database, turn: int, kind: int) -> None:
    records = SqliteRecords(database)
    match kind:
        case 6:
            records.create(head(HandoverId(id_of("r", turn))), [entry(m) for m in range(turn % 30)])
        case 7:  # the contact accepts what waits for it
            records.create(head_with(thing(turn), person(turn)), [entry(m) for m in range(turn % 30)])
        case 8:
            hers = head_with(HandoverId(id_of("f", turn)), person(turn), Role.RECEIVER, bytes(16))
            records.create(hers, [entry(m) for m in range(turn % 7)])


def _part(database: Database, turn: int, kind: int) -> None:
    contacts, queue = SqliteContacts(database, salt=bytes(32)), SqliteQueue(database)
    match kind:
        case 10:
            address = StoredAddress(contact=person(turn), address=bytes(16), network=bytes(16))
            contacts.learn_address(address)
        case 12:
            contacts.set_taking(person(turn), Taking.ACCEPT)
        case 13 if turn >= 1:  # it was accepted; then somebody thinks better of it
            queue.set_state(thing(turn - 1), QueueState.DECLINED)
        case 14 if turn >= 2 and turn % 2 == 0:
            queue.remove(thing(turn - 2))
        case 15 if turn >= 3:
            SqliteRecords(database).forget(HandoverId(id_of("r", turn - 3)))
            contacts.forget(person(turn - 3))


def _set(settings: SqliteSettings, turn: int) -> None:
    if turn % 3 == 2:
        settings.reset(Setting.INTO)
    else:
        settings.put(Setting.INTO, f"/folder {turn}".encode())


def _bring(uploads: SqliteUploads, turn: int, kind: int) -> None:
    """The next run draws something else, as it does in life."""
    content = brought(turn)
    if kind == 19:
        if turn >= 2:
            uploads.remove(next(one.id for one in uploads.all() if one.mtime_ns == turn - 2))
        return
    upload = one_begun(uploads, GROUP, (b"file",), size=len(content), mtime_ns=turn)
    if kind > BRINGING:
        with closing(uploads.append(upload.id, upload.have)) as incoming:
            end = BLOCK_BYTES + 10 if kind == 17 else len(content)
            incoming.write(memoryview(content)[upload.have : end])
            incoming.sync()


def after(n: int) -> State:
    """What must be there after the first n steps."""
    state = State()
    for m in range(n):
        turn, kind = divmod(m, KINDS)
        name, counter, proof, taking = state.people.get(turn, ("", 0, Proof.UNVERIFIED, Taking.ASK))
        match kind:
            case 0:
                state.people[turn] = (f"added {turn}", counter, proof, taking)
            case 1:
                state.people[turn] = (f"renamed {turn}", counter, proof, taking)
            case 2:
                state.people[turn] = (name, counter, Proof.WORDS_COMPARED, taking)
            case 3:
                state.people[turn] = (name, turn + 1, proof, taking)
            case 4:
                state.waiting[turn] = (QueueState.WAITING, False)
            case 6:
                state.by_code.add(turn)
            case 7:
                state.to_contacts.add(turn)
                state.waiting[turn] = (QueueState.WAITING, True)
            case 8:
                state.from_contacts.add(turn)
            case 12:
                state.people[turn] = (name, counter, proof, Taking.ACCEPT)
            case 13 if turn >= 1:
                state.to_contacts.discard(turn - 1)
                state.waiting[turn - 1] = (QueueState.DECLINED, False)
            case 14 if turn >= 2 and turn % 2 == 0:
                del state.waiting[turn - 2]
            case 15 if turn >= 3:
                state.by_code.discard(turn - 3)
                state.from_contacts.discard(turn - 3)
                state.waiting.pop(turn - 3, None)
                del state.people[turn - 3]
            case 16:
                state.uploads[turn] = 0
            case 17:
                state.uploads[turn] = BLOCK_BYTES
            case 18:
                state.uploads[turn] = len(brought(turn))
            case 19 if turn >= 2:
                del state.uploads[turn - 2]
            case 20:
                state.settings = Settings(into=None if turn % 3 == 2 else f"/folder {turn}".encode())
    return state


def possible(n: int) -> list[State]:
    """After n steps, and in the middle of one that is two calls, each durable by itself."""
    turn, kind = divmod(n, KINDS)
    state = after(n)
    half = replace(state, by_code=state.by_code - {turn - 3} if kind == FORGETTING else state.by_code)
    return [state, half]


def key_after(n: int) -> bytes:
    turn = (n - REPLACING - 1) // KINDS
    return key_of(turn) if turn >= 0 else FIRST_KEY


def found(database: Database, home: Path) -> State:
    records = SqliteRecords(database)
    people = SqliteContacts(database, salt=bytes(32)).all()
    assert all((each.comparison is None) == each.pair.proof.is_verified for each in people)
    return State(
        {_turn(e.id): (e.name, e.counter, e.pair.proof, e.taking) for e in people},
        {_turn(each.id): (each.state, each.accepted) for each in SqliteQueue(database).all()},
        {_turn(each.id) for each in records.unfinished(Role.RECEIVER)},
        {_turn(each.id) for each in records.of_contacts(Role.RECEIVER)},
        {_turn(each.id) for each in records.of_contacts(Role.SENDER)},
        _found_uploads(database, home),
        SqliteSettings(database).now,
    )


def _found_uploads(database: Database, home: Path) -> dict[int, int]:
    """As long as they are said to be, they are right; and no file is there that nothing names."""
    uploads = uploads_of(home, database)
    for upload in uploads.all():
        assert content_of(uploads, upload) == brought(upload.mtime_ns)[: upload.have]
    with database.reading() as connection:
        names = {bytes(name).hex() for (name,) in connection.execute("SELECT name FROM blob").fetchall()}  # type: ignore[arg-type]
    folder = home / "blobs"
    assert not folder.exists() or set(os.listdir(folder)) <= names
    return {upload.mtime_ns: upload.have for upload in uploads.all()}


def _turn(id: bytes) -> int:
    return int(id[1:])


def backup(home: Path, turn: int) -> Path:
    return home.parent / f"backup {turn}"


def restored(home: Path, turn: int) -> Path:
    return home.parent / f"restored {turn}"


def check_copies(home: Path, done: int) -> None:
    """Each backup under its own name is whole, and the last profile that was restored; both are there."""
    backups, profiles = ([*home.parent.glob(f"{name} *[0-9]")] for name in ("backup", "restored"))
    for kind, paths in ((BACKING_UP, backups), (RESTORING, profiles)):
        told = (done - kind - 1) // KINDS
        assert told < 0 or max(map(_number, paths), default=-1) >= told, (kind, told, paths)
    for file in backups:
        with closing(ProfileFolder.take(home.parent / "looked at")) as folder:
            key = key_of(_number(file))
            _check_copy(folder, folder.put_back(io.BytesIO(file.read_bytes()), key, key), _number(file))
            folder.wipe()
    for path in sorted(profiles, key=_number, reverse=True):
        if not (path / "key").exists():  # it was cut off before there was a profile
            assert _number(path) > (done - RESTORING - 1) // KINDS
            continue
        with closing(ProfileFolder.take(path)) as folder:
            data = folder.read_key_file()
            assert data == key_of(_number(path))
            _check_copy(folder, folder.open(data), _number(path))
        break  # the ones before are being removed


def _number(path: Path) -> int:
    return int(path.name.split()[1])


def _check_copy(folder: ProfileFolder, database: Database, turn: int) -> None:
    with closing(database):
        database.require_whole()
        assert found(database, folder.home) == after(turn * KINDS + BACKING_UP).restored
