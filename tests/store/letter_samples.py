"""Letters and bundles to test with: real ones, sealed and opened by core/sealing."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from satchel.core.bundles.header import BundleId, bundle_id, decode_bundle
from satchel.core.custody.kept import Ingress, Keep, Kept, Source
from satchel.core.identity.clocks import BUILT_S, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry
from satchel.core.sealing.letter import Attachment, Letter, LetterId, encode_letter
from satchel.core.sealing.parts import encode_part, split
from satchel.core.sealing.seal import seal
from satchel.ports.letters import Opening, SealedPart, WholeLetter
from satchel.store.arrivals import SqliteArrivals
from satchel.store.blobs import BlobFolder
from satchel.store.bundles import SqliteBundles
from satchel.store.chains import SqliteChains
from satchel.store.contacts import SqliteContacts
from satchel.store.contents import Contents
from satchel.store.custody import custody_in_memory, open_custody
from satchel.store.database import Database
from satchel.store.inventories import SqliteInventories
from satchel.store.letters import SqliteLetters
from satchel.store.sending import SqliteSending
from store.contact_samples import AMINA, BILAL, contact
from store.record_samples import KEY

CUSTODY_KEY = b"key of what is carried, 32 bytes"
NOW = Reading(time_s=BUILT_S + 1000, plausible=True)
HOUR = 61_000
ONE, TWO, THREE = (LetterId(b"letter, no. %04d" % n) for n in (1, 2, 3))


def drawn(*what: object) -> bytes:
    """32 bytes that look random, the same in each run."""
    return hashlib.sha256(repr(what).encode()).digest()


@dataclass
class Desk:
    """All of a profile that letters need."""

    home: Path
    database: Database
    custody: Database

    def __post_init__(self) -> None:
        blobs = BlobFolder(self.home, self.database, draw=os.urandom)
        self.contents = Contents(self.database, blobs, draw=os.urandom)
        self.contacts = SqliteContacts(self.database, salt=bytes(32))
        self.chains = SqliteChains(self.database)
        self.letters = SqliteLetters(self.database, self.contents)
        self.sending = SqliteSending(self.database, self.contents)
        self.arrivals = SqliteArrivals(self.database, self.contents)
        self.bundles = SqliteBundles(self.database, self.custody, self.contents)
        self.inventories = SqliteInventories(self.database)

    def send(self, whom: ContactId, id: LetterId, written: Letter, *, hour: int = HOUR) -> list[bytes]:
        """Write and seal; returns the bundles."""
        self.letters.write(whom, id, written)
        return self.seal(whom, id, hour=hour)

    def seal(self, whom: ContactId, id: LetterId, *, hour: int = HOUR) -> list[bytes]:
        speaking = self.chains.speaking(whom)
        parts = []
        for part in split(id, encode_letter(self.letters.letter(whom, id))):
            entry, speaking = speaking.take()
            parts.append(sealed_part(entry, encode_part(part), hour=hour))
        self.sending.seal(whom, id, speaking, parts, now_s=NOW.time_s)
        return [part.bundle for part in parts]

    def receive(self, whom: ContactId, number: int, id: LetterId, written: Letter) -> None:
        """As if the bundle of that number had opened, with a whole letter in it."""
        change = self.chains.listening(whom).opened(number, NOW)
        came = WholeLetter(id=id, letter=written)
        self.arrivals.open([Opening(contact=whom, change=change, came=came)])


@contextmanager
def desk(home: Path, *, people: bool = True) -> Iterator[Desk]:
    """With two contacts, if they are not there yet."""
    home.mkdir(mode=0o700, exist_ok=True)
    database = Database.open(home / "data", KEY)
    try:
        custody = open_custody(home, database, CUSTODY_KEY)
        try:
            opened = Desk(home, database, custody)
            if people and not opened.contacts.all():
                opened.contacts.add(contact())
                opened.contacts.add(contact(BILAL, "Bilal", seed=20))
            yield opened
        finally:
            custody.close()
    finally:
        database.close()


@contextmanager
def desk_in_memory(home: Path) -> Iterator[Desk]:
    """But for blobs, whose files lie in `home`: for tests that need no disk, and many of them."""
    with closing(Database.in_memory()) as database, closing(custody_in_memory()) as custody:
        opened = Desk(home, database, custody)
        opened.contacts.add(contact())
        opened.contacts.add(contact(BILAL, "Bilal", seed=20))
        yield opened


def letter(text: str = "What I saw on Monday", order: int = 1, *files: bytes) -> Letter:
    return Letter(
        order=order,
        text=text,
        written_s=NOW.time_s,
        reply_to=TWO,
        expiry_hour=HOUR,
        attachments=tuple(
            Attachment(name=b"photo %d.jpg" % number, content=content) for number, content in enumerate(files)
        ),
    )


def sealed_part(entry: Entry, content: bytes, *, hour: int = HOUR) -> SealedPart:
    preimage = drawn("preimage", entry.tag)[:20]
    nonce = drawn("nonce", entry.tag)[:12]
    bundle = seal(entry, content, preimage=preimage, nonce=nonce, expiry_hour=hour, copies=25)
    return SealedPart(number=entry.number, bundle=bundle, preimage=preimage)


def carried(number: int, size_bytes: int = 2048, *, hour: int = HOUR) -> tuple[bytes, bytes]:
    """A bundle of people whom we do not know, and the preimage of its receipt."""
    entry = Entry(number=1, tag=drawn("tag", number)[:16], key=drawn("key", number))
    part = sealed_part(entry, bytes(max(0, size_bytes // 2)), hour=hour)
    assert len(part.bundle) == size_bytes
    return part.bundle, part.preimage


def id_of(bundle: bytes) -> BundleId:
    return bundle_id(bundle)


def keep(
    bundle: bytes, ingress: Ingress = AMINA, *, offered: bool = True, arrived_s: int = NOW.time_s
) -> Keep:
    header = decode_bundle(bundle)
    kept = Kept(id=bundle_id(bundle), header=header, ingress=ingress, arrived_s=arrived_s, offered=offered)
    return Keep(kept=kept)


def put(desk: Desk, *bundles: bytes, ingress: Ingress = AMINA) -> None:
    keeps = [keep(bundle, ingress) for bundle in bundles]
    desk.bundles.apply(keeps, {id_of(bundle): bundle for bundle in bundles})


STICK = Source.STICK
