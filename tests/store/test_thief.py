"""T1: the thief copies the disk of a profile in use, twice, and looks for what was in it, in any form."""

import base64
import bz2
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from satchel.core.identity import keyfile
from satchel.core.identity.backup import encode_head
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.keyfile import Bare, Cost, encode, seal
from satchel.core.identity.networks import StoredAddress, network_id
from satchel.core.identity.settings import Setting
from satchel.core.sealing.letter import LetterId
from satchel.ports import FileState, HandoverId, RecordHead, Role
from satchel.ports.queue import Queued, QueueState
from satchel.store.contacts import SqliteContacts
from satchel.store.custody import open_custody
from satchel.store.database import Database
from satchel.store.history import SqliteHistory
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from satchel.store.settings import SqliteSettings
from store.contact_samples import DAY, contact
from store.history_samples import past
from store.letter_samples import NOW, Desk, carried, id_of, letter, put
from store.queue_samples import head_with
from store.record_samples import NOW_S, entry
from store.upload_samples import GROUP, bring, content_of, one_begun, uploads_of

PHRASE, SECOND = "correct horse battery", "другая тайная фраза"
KEY, SECOND_KEY = (bytes(range(start, start + 32)) for start in (64, 128))
CHEAP = Cost(memory_kib=keyfile.MEMORY_KIB_MIN, passes=1, lanes=1)
NAMES = ("Amina Yusuf", "عائشة بنت محمد", "Наталья Шевченко", "王小明李大华", "שרה לוי כהן", "Zoë Ångström")
FILES = ("list of the witnesses.pdf", "قائمة الشهود.pdf", "свидетели 2026.odt", "证人名单二〇二六.txt")
PLACE, SERVER = "/home/amina/very secret place", b"fe80::5eed:beef:cafe"
NOTES = ("Bring this to the lawyer on Friday", "خذ هذا إلى المحامية", "Отдай это адвокату лично")
WAITING = ("/home/amina/for the lawyer/testimony.mp4", "/media/stick/показания свидетелей", "/srv/证词.pdf")
LETTERS = ("I saw it with my own eyes", "رأيت ذلك بعيني")
GIVEN = ("what was given to her.odt", "ما أُعطي لها.pdf")
BROUGHT = ("what a browser brought", "the testimony, word by word. ")
INSIDE = ("inside of what was accepted.mp4", "inside of what comes from a contact.mp4")
SHAPES = ("CREATE TABLE", "SQLite format 3", "contact_address", "their_static", "queued")
SHORTEST = 6  # bytes: a shorter string is met by chance in so much ciphertext


def salt_of(letter: int) -> bytes:
    return bytes([letter]) * 15 + b"\x01"


def secrets_of(number: int) -> bytes:
    return b"secret of hand-over %02d, 32 bytes!!" % number


def thing_of(number: int) -> HandoverId:
    return HandoverId(b"it waits, no. %02d" % number)


def theirs_of(number: int) -> bytes:
    return b"of contact no %02d" % number


def corpus() -> list[bytes]:
    """All that was put in, but for what is only a number."""
    people = [contact(name=name, seed=10 * n + 1).pair for n, name in enumerate(NAMES, 2)]
    keys = [key for pair in people for key in (pair.static, pair.their_static, pair.letters_speaking)]
    keys += [chain.secret for pair in people for chain in (pair.epochs.speaking, pair.epochs.listening)]
    texts = (
        *NAMES,
        *FILES,
        *NOTES,
        *WAITING,
        *INSIDE,
        *BROUGHT,
        *GIVEN,
        *LETTERS,
        PLACE,
        PHRASE,
        SECOND,
        *SHAPES,
    )
    flights = [b"flight %02d" % n + bytes(23) for n in range(len(NAMES))]
    secrets = [secrets_of(n)[:32] for n in range(4)]
    things = [id for number in range(len(NAMES)) for id in (thing_of(number), theirs_of(number))]
    carrying = [b"mine no. %07d" % n for n in range(2)] + [id_of(carried(n)[0]) for n in range(3)]
    return [
        *(t.encode() for t in texts),
        *keys,
        *carrying,
        *flights,
        *secrets,
        *things,
        SERVER,
        KEY,
        SECOND_KEY,
    ]


def fill(database: Database) -> None:
    """Weeks of use: people come, are renamed, met and forgotten; hand-overs begin, break off and end."""
    contacts = SqliteContacts(database, salt=b"the salt of this profile, random")
    network = network_id(
        salt=contacts.network_salt(), gateway_mac=b"router", subnet=bytes(16), prefix_bits=64
    )
    for number, name in enumerate(NAMES):
        id = ContactId(b"contact id no %02d!" % number)
        contacts.add(contact(id, f"{name}'s first name", seed=10 * (number + 2) + 1))
        contacts.rename(id, name)
        assert contacts.remember_flight(id, DAY, b"flight %02d" % number + bytes(23), places=9)
        contacts.spend_nonce(id, DAY, salt_of(number))
        contacts.learn_address(StoredAddress(contact=id, address=SERVER[:16], network=network))
    records = SqliteRecords(database, now_s=NOW_S)
    fill_queue(database, records)
    fill_history(database)
    contacts.forget(ContactId(b"contact id no 05!"))
    for number, role in enumerate((Role.RECEIVER, Role.SENDER) * 2):
        id_ = HandoverId(b"hand-over no. %02d" % number)
        into = os.fsencode(PLACE) if role is Role.RECEIVER else b""
        records.create(
            RecordHead(
                id=id_,
                role=role,
                secret=secrets_of(number)[:32],
                older_secret=None,
                into=into,
                finished=False,
            ),
            [entry(n, os.fsencode(PLACE[1:].split("/")[1]), FILES[n % 4].encode()) for n in range(40)],
        )
        records.mark(id_, range(10), FileState.DONE)
        records.replace_secret(id_, bytes([200 + number]) * 32)
        records.confirm_secret(id_)
    records.forget(HandoverId(b"hand-over no. 03"))


def fill_history(database: Database) -> None:
    """Switched on, used, off, and on again."""
    settings, history = SqliteSettings(database), SqliteHistory(database)
    for value in (b"on", b"off", b"on"):
        settings.put(Setting.HISTORY, value)
        for number in range(len(NAMES)):
            whose = ContactId(b"contact id no %02d!" % number)
            history.add(past(GIVEN[number % 2].encode(), contact=whose if number else None))


def fill_queue(database: Database, records: SqliteRecords) -> None:
    """Something waits for each contact: accepted, declined, taken back; and something comes from each."""
    queue = SqliteQueue(database)
    for number in range(len(NAMES)):
        whose, paths = ContactId(b"contact id no %02d!" % number), WAITING[number % 3 :]
        note = NOTES[(number + number // 3) % 3]
        files = tuple(os.fsencode(path) for path in paths)
        queue.add(Queued(id=thing_of(number), contact=whose, paths=files, note=note, made_s=NOW_S + number))
        records.create(head_with(thing_of(number), whose), [entry(n, *inside(0)) for n in range(9)])
        hers = HandoverId(b"random id no. %02d" % number)
        came = replace(head_with(hers, whose, Role.RECEIVER, theirs_of(number)), into=os.fsencode(PLACE))
        records.create(came, [entry(n, *inside(1)) for n in range(9)])
        records.mark_finished(hers)
    queue.set_state(thing_of(1), QueueState.DECLINED)
    queue.remove(thing_of(2))


def inside(which: int) -> tuple[bytes, bytes]:
    return b"folder", INSIDE[which].encode()


def forms(secret: bytes) -> Iterator[bytes]:
    """What a thief's tools look for: as it is, in other alphabets, backwards, as text of it, packed."""
    alike = {secret, secret[::-1], zlib.compress(secret)[2:-4], bz2.compress(secret), lzma.compress(secret)}
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        pass
    else:
        turned = {text, text.lower(), text.upper(), text[::-1]}
        for alphabet in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-7", "punycode"):
            alike |= {each.encode(alphabet) for each in turned}
    for each in tuple(alike):
        alike |= {each.hex().encode(), each.hex().upper().encode()}
        for shift in range(3):  # base64 of what begins anywhere; but for the ends, which neighbours change
            for packed in (base64.b64encode, base64.urlsafe_b64encode):
                alike.add(packed(bytes(shift) + each)[4:-4])
    yield from (each for each in alike if len(each) >= SHORTEST)


def unpacked(image: bytes) -> Iterator[bytes]:
    """The image, and what any place of it that looks packed unpacks to."""
    yield image
    for begins, opened in ((b"\x1f\x8b", 31), (b"x\x9c", 15), (b"x\x01", 15), (b"x\xda", 15)):
        at = image.find(begins)
        while at >= 0:
            with suppress(zlib.error):
                yield zlib.decompressobj(opened).decompress(image[at:], 1 << 20)
            at = image.find(begins, at + 1)


def found_in(images: dict[str, bytes]) -> set[bytes]:
    everything = b"\0".join(image for whole in images.values() for image in unpacked(whole))
    return {secret for secret, looked_for in needles() if any(form in everything for form in looked_for)}


@cache
def needles() -> list[tuple[bytes, list[bytes]]]:
    """They cost more than the search, and are the same for every disk."""
    return [(secret, list(forms(secret))) for secret in corpus()]


def copied(home: Path) -> dict[str, bytes]:
    """Names of files too: they say nothing either."""
    return {path.name: path.name.encode() + path.read_bytes() for path in home.rglob("*") if path.is_file()}


def fill_blobs(home: Path, database: Database) -> None:
    """What the owner's page has brought: whole, half, and sent and erased."""
    uploads = uploads_of(home, database, seed="thief")
    for number, name in enumerate(FILES):
        bring(uploads, (BROUGHT[0].encode(), name.encode()), BROUGHT[1].encode() * (number * 9000 + 1))
    half = one_begun(uploads, GROUP, (BROUGHT[0].encode(),), size=300_000, mtime_ns=7)
    with closing(uploads.append(half.id, 0)) as incoming:
        incoming.write(memoryview(BROUGHT[1].encode() * 5000))
        incoming.sync()
    uploads.remove(uploads.all()[2].id)


def fill_letters(home: Path, database: Database) -> None:
    """Written, under way, received and deleted; and what is carried for others."""
    custody = open_custody(home, database, SECOND_KEY[::-1])
    with closing(custody):
        desk = Desk(home, database, custody)
        whom = ContactId(b"contact id no 00!")
        for number, text in enumerate(LETTERS):
            for id in (b"mine no. %07d", b"hers no. %07d"):
                one = letter(text, number + 1, text.encode() * 3000, text.encode())
                if id.startswith(b"mine"):
                    desk.send(whom, LetterId(id % number), one)
                else:
                    desk.receive(whom, 2 * number + 2, LetterId(id % number), one)
        desk.letters.delete(whom, LetterId(b"hers no. %07d" % 0), lambda: NOW)
        put(desk, *(carried(number)[0] for number in range(9)), ingress=whom)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ProfileFolder]:
    with closing(ProfileFolder.take(tmp_path / "profile")) as taken:
        yield taken


@pytest.mark.slow
def test_t1_a_copied_disk_has_nothing_of_it(folder: ProfileFolder, tmp_path: Path) -> None:
    """While it is open, closed, under another passphrase, in a backup and in what is made of it."""
    first = encode(seal(KEY, PHRASE, salt=bytes(16), cost=CHEAP))
    second = encode(seal(SECOND_KEY, SECOND, salt=bytes(16), cost=CHEAP))
    folder.create(first, KEY)
    database = folder.open(KEY)
    fill(database)
    fill_blobs(folder.home, database)
    fill_letters(folder.home, database)
    with database.reading() as connection:
        plain = connection.serialize("main")  # as who has the key sees it
    assert all(
        text.encode() in plain for text in (*NAMES[:5], *FILES, *NOTES, *WAITING, *INSIDE, *LETTERS, PLACE)
    )
    disks = [copied(folder.home)]
    assert {"data", "data-wal"} <= set(disks[0])
    assert len(disks[0]) == 5 + 4 + 5  # key, lock and what is carried; what was brought; files of letters
    folder.back_up(database, encode_head(first), KEY, tmp_path / "backup")
    database.close()
    disks.append(copied(folder.home))
    folder.replace_key(folder.open(KEY), second, SECOND_KEY).close()
    disks += [copied(folder.home), {"backup": (tmp_path / "backup").read_bytes()}]
    for disk in disks:
        assert found_in(disk) == set()
    database = folder.open(SECOND_KEY)
    assert [each.note for each in SqliteQueue(database).all()] == [NOTES[n] for n in (0, 1, 1, 2)]
    assert [each.name for each in SqliteContacts(database, salt=bytes(32)).all()] == list(NAMES[:5])
    uploads = uploads_of(folder.home, database)
    assert content_of(uploads, uploads.all()[0]) == BROUGHT[1].encode()
    database.close()
    folder.wipe()
    assert not folder.home.exists()


def test_t1_two_copies_have_no_page_in_common(folder: ProfileFolder, tmp_path: Path) -> None:
    """The same key and the same content: what did not change is not seen either, and no nonce comes twice."""
    folder.create(KEY, KEY)
    with closing(folder.open(KEY)) as database:
        fill(database)
        for name in ("one", "two"):
            database.copy_to(tmp_path / name, KEY)
    one, two = ((tmp_path / name).read_bytes() for name in ("one", "two"))
    pages = range(4096, len(one), 4096)  # the first one has a header with sizes
    assert len(one) == len(two)
    assert len(pages) > 5
    nonces = {image[at + 4096 - 32 : at + 4096 - 16] for image in (one, two) for at in pages}
    assert len(nonces) == 2 * len(pages)
    assert not {one[at : at + 64] for at in pages} & {two[at : at + 64] for at in pages}


@pytest.mark.parametrize(
    "secret", ["Наталья Шевченко", "list of the witnesses.pdf", PLACE, NOTES[2], WAITING[0], INSIDE[1]]
)
def test_the_search_finds_what_lies_open(tmp_path: Path, secret: str) -> None:
    """A search that cannot find proves nothing: each form, in the middle of something else."""
    plain = secret.encode()
    for left in (
        plain,
        plain[::-1],
        secret.encode("utf-16-le"),
        secret.upper().encode("utf-16-be"),
        plain.hex().upper().encode(),
        base64.b64encode(b"ab" + plain + b"cd"),
        base64.b64encode(b"x" + plain),
        zlib.compress(b"before " + plain + b" after"),
    ):
        assert plain in found_in({"data": os.urandom(5000) + left + os.urandom(500)}), left


def test_without_a_passphrase_the_key_is_found(folder: ProfileFolder) -> None:
    """T1 is void there, as is said at each start; and the search sees it."""
    folder.create(encode(Bare(key=KEY)), KEY)
    with closing(folder.open(KEY)) as database:
        fill(database)
    assert found_in(copied(folder.home)) == {KEY}


def test_t3_an_older_copy_and_its_passphrase_open_nothing_of_later(
    folder: ProfileFolder, tmp_path: Path
) -> None:
    """T1, T2: the files of later under the key file of before, mixed in each way."""
    folder.create(KEY, KEY)
    database = folder.open(KEY)
    fill(database)
    database.close()
    before = copied(folder.home)
    folder.replace_key(folder.open(KEY), SECOND_KEY, SECOND_KEY).close()
    after = copied(folder.home)
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "data").write_bytes(after["data"])
    assert not Database.opens(mixed / "data", KEY)
    (mixed / "data").write_bytes(before["data"])
    assert not Database.opens(mixed / "data", SECOND_KEY)
    assert found_in(after) == {SECOND_KEY}
