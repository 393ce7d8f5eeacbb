"""Bundles that nobody can open, a custody in memory, and sticks to look at."""

import hashlib
import itertools
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from satchel.carriers.stick.contents import Contents
from satchel.carriers.stick.layout import FOLDER, ID_BYTES, Head, encode_head
from satchel.core.bundles.header import SIZES_BYTES, BundleId, Header, bundle_id, decode_header, encode_header
from satchel.core.bundles.lifetime import SINCE_S
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.identity.clocks import HOUR_S
from satchel.errors import PeerError
from satchel.ports.stick import Arrived, Held, Offered

NOW_H = 60_000
CLOCK_S = SINCE_S + NOW_H * HOUR_S


def drawn(name: object, count: int) -> bytes:
    return hashlib.shake_256(repr(name).encode()).digest(count)


def preimage_of(name: object) -> bytes:
    return drawn(("preimage", name), 20)


def bundle_of(name: object, size_class: int = 0, *, expiry_hour: int = NOW_H + 100) -> bytes:
    header = Header(
        size_class=size_class,
        expiry_hour=expiry_hour,
        copies=3,
        tag=drawn(("tag", name), 16),
        commitment=commitment(preimage_of(name)),
    )
    return encode_header(header) + drawn(name, 64).ljust(header.size_bytes - 41, b"\x55")


def receipt_of(name: object, *, expiry_hour: int = NOW_H + 100) -> Receipt:
    return Receipt(preimage=preimage_of(name), expiry_hour=expiry_hour)


class Chance:
    """The same for each name; without one never the same."""

    _others = itertools.count()

    def __init__(self, name: object = None) -> None:
        self._name = next(self._others) if name is None else name
        self._number = 0

    def draw(self, count: int) -> bytes:
        self._number += 1
        return drawn((self._name, self._number), count)

    def encapsulate(self, public_key: bytes) -> tuple[bytes, bytes]:
        raise AssertionError("sticks need no key")


class MemoryCustody:
    """Everything it is given is kept and offered, but what it refuses."""

    def __init__(self, *bundles: bytes, receipts: Sequence[Receipt] = (), refuses: bool = False) -> None:
        self.bundles: dict[BundleId, bytes] = {bundle_id(bundle): bundle for bundle in bundles}
        self.known_receipts = list(receipts)
        self.refuses = refuses
        self.handed: list[BundleId] = []
        self.handed_receipts: list[Receipt] = []
        self.heard: list[Receipt] = []
        self.salts: list[bytes] = []
        self.groups: list[int] = []
        self.asked: list[BundleId] = []

    def offered(self) -> Iterator[Offered]:
        for id, bundle in sorted(self.bundles.items(), key=self._order):
            yield Offered(id, len(bundle))

    @staticmethod
    def _order(item: tuple[BundleId, bytes]) -> tuple[int, int, bytes]:
        header = decode_header(item[1])
        return header.size_class, -header.expiry_hour, item[0]

    def read(self, id: BundleId) -> bytes | None:
        return self.bundles.get(id)

    def handed_over(self, ids: Sequence[BundleId]) -> None:
        self.handed += ids

    def receipts(self) -> Iterator[Receipt]:
        return iter(self.known_receipts)

    def receipts_handed_over(self, receipts: Sequence[Receipt]) -> None:
        self.handed_receipts += receipts

    def held(self) -> Iterator[Held]:
        return (Held(id, decode_header(bundle).expiry_hour) for id, bundle in self.bundles.items())

    def own_inventories(self) -> Collection[bytes]:
        return self.salts

    def note_inventory(self, salt: bytes) -> None:
        self.salts.append(salt)

    def wants(self, id: BundleId, header: Header) -> bool:
        self.asked.append(id)
        return id not in self.bundles and not self.refuses

    def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        self.heard += receipts
        for receipt in receipts:
            here = [id for id, bundle in self.bundles.items() if receipt.on(decode_header(bundle))]
            for id in here:
                del self.bundles[id]
                self.known_receipts.append(receipt)

    def take_bundles(self, arrived: Sequence[Arrived]) -> None:
        self.groups.append(len(arrived))
        for one in arrived:
            assert bundle_id(one.bundle) == one.id
            assert decode_header(one.bundle) == one.header
            self.bundles[one.id] = one.bundle


def files_of(stick: Path) -> list[Path]:
    here = sorted((stick / FOLDER).glob("*.DAT"))
    return [path for path in here if path.is_file() and not path.is_symlink()]


def on_stick(stick: Path) -> dict[BundleId, bytes]:
    """What a reader finds, whoever wrote it."""
    found: dict[BundleId, bytes] = {}
    for path in files_of(stick):
        # As a reader does: what was whole before a file could not be read any further counts.
        with path.open("rb") as file, suppress(PeerError, OSError):
            for one in Contents(file).records(lambda _id, _header: True):
                found[one.id] = one.bundle
    return found


def file_with(*bundles: bytes, salt: bytes = bytes(16)) -> bytes:
    """As a stranger could write it: not filled up."""
    records = b"".join(bundle_id(bundle) + bundle for bundle in bundles)
    assert len(records) == sum(map(len, bundles)) + ID_BYTES * len(bundles)
    return encode_head(Head(salt=salt)) + records


def lay(stick: Path, name: str, data: bytes) -> Path:
    (stick / FOLDER).mkdir(exist_ok=True)
    path = stick / FOLDER / name
    path.write_bytes(data)
    return path


SMALL = SIZES_BYTES[0]
