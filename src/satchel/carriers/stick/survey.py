"""What lies on a stick, and what of it may go: pure decisions, file by file.

Nothing that is alive goes before it stands elsewhere on the stick, whoever wrote it: a third person may be
waiting for it. Spec: docs/spec/stick.md, section 5.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum

from satchel.carriers.stick.contents import Contents
from satchel.carriers.stick.layout import RECEIPTS_MAX, SIZES_BYTES, tag_number
from satchel.core.bundles.header import BundleId
from satchel.core.bundles.lifetime import Life, life
from satchel.core.bundles.receipt import RECEIPT_BYTES, Receipt, commitment
from satchel.core.crypto.kdf import MacKey

FILES_MAX = 4096  # on one stick, about 68 GiB; more are not looked at
BUNDLES_MAX = 1 << 19  # told apart on one stick; what is beyond stays as it is
INVENTORIES_MAX = 16
TAGS_SUM_MAX = 1 << 22  # of all inventories; what is beyond counts as not known
OVER_FOR_H = 48  # until what is over may go: clocks are up to two days apart


class Fate(Enum):
    """What becomes of a file when the stick is written."""

    STAYS = "somebody may need it"
    GOES = "nothing in it is alive"
    REPLACED = "it goes when all that is alive in it stands elsewhere"


@dataclass(slots=True, kw_only=True)
class Note:
    """One file, as far as deciding about it goes."""

    name: str
    size_bytes: int = 0
    readable: bool = True
    known: bool = True  # all of it was read and is counted here
    shows: bool = False  # an inventory of somebody else that still counts
    receipts: set[Receipt] = field(default_factory=set)  # that still count
    live: list[BundleId] = field(default_factory=list)
    fate: Fate = Fate.STAYS


class Survey:
    """Of one stick. First `look` at all files, then `judge` each."""

    def __init__(
        self, *, clock_s: int | None, own: Collection[bytes] = (), receipts: Iterable[Receipt] = ()
    ) -> None:
        """Begin.

        clock_s: best clock, seconds since 1970; None: nothing is over.
        own: the salts of inventories that are ours.
        receipts: of ours that go out now. No others: what we delete must not tell more than they do (C1).
        """
        self._own = own
        self._clock_s = clock_s
        self._ours = {commitment(receipt.preimage) for receipt in receipts}
        self._inventories: dict[bytes, tuple[MacKey, array[int]]] = {}
        self._unsure = False
        self._tags_left = TAGS_SUM_MAX
        self._delivered: set[bytes] = set()
        self.receipts: set[Receipt] = set()  # in files that stay
        self.on_stick: set[BundleId] = set()  # whole, read just now, in files that stay
        self._moving: set[BundleId] = set()  # and in those that are to be replaced
        self._live = 0

    # --- first ----------------------------------------------------------------------------------------------

    def look(self, note: Note, contents: Contents) -> None:
        """Its receipts."""
        for receipt in contents.receipts():
            if len(self._delivered) >= RECEIPTS_MAX:
                note.known = False
                break
            self._delivered.add(commitment(receipt.preimage))
            if not self._is_over(receipt.expiry_hour):
                note.receipts.add(receipt)

    def delivered(self, commitment: bytes) -> bool:
        """Whether a receipt goes out, or stands anywhere on the stick."""
        return commitment in self._delivered or commitment in self._ours

    # --- then -----------------------------------------------------------------------------------------------

    def judge(self, note: Note, contents: Contents) -> None:
        """Its inventory, and all bundles: what counts as being there was read, and is what its id says."""
        self._look_at_inventory(note, contents)
        live_bytes = RECEIPT_BYTES * len(note.receipts - self.receipts)
        dead_bytes = RECEIPT_BYTES * contents.head.receipts - live_bytes
        live: dict[BundleId, None] = {}
        for id, header, bundle in contents.records(lambda _id, _header: True):
            is_dead = self._is_over(header.expiry_hour) or self.delivered(header.commitment)
            if is_dead or id in self.on_stick or id in live:
                dead_bytes += len(bundle)
            elif self._live + len(live) < BUNDLES_MAX:
                live[id] = None
                live_bytes += len(bundle)
            else:
                note.known = False
        note.live = list(live)
        self._live += len(live)
        is_cut = note.size_bytes not in SIZES_BYTES
        is_old = contents.head.until_hour > 0  # an inventory that does not count any more, or was ours
        note.fate = self._fate(note, is_wasteful=is_cut or is_old or dead_bytes >= live_bytes)
        if note.fate is Fate.STAYS:
            self.on_stick.update(live)
            self.receipts.update(note.receipts)
        else:
            self._moving.update(live)

    def doubt(self) -> None:
        """Something could not be read: there may be an inventory in it, of somebody who lacks all."""
        self._unsure = True

    def leave_out(self, id: BundleId) -> bool:
        """Whether it need not be written: it stands there and stays, or it does not stand there and all who
        left an inventory have it."""
        return id in self.on_stick or (id not in self._moving and self._all_have(id))

    def _look_at_inventory(self, note: Note, contents: Contents) -> None:
        head = contents.head
        if head.until_hour and head.salt not in self._own and not self._is_over(head.until_hour):
            note.shows = True
            self._unsure |= len(self._inventories) >= INVENTORIES_MAX
            if not self._unsure:
                tags = contents.tags()[: self._tags_left]
                self._tags_left -= len(tags)
                self._inventories.setdefault(head.salt, (MacKey(head.salt), tags))

    def _fate(self, note: Note, *, is_wasteful: bool) -> Fate:
        if note.shows or not note.known:
            return Fate.STAYS
        if not note.live and not note.receipts:
            return Fate.GOES
        return Fate.REPLACED if is_wasteful else Fate.STAYS

    def _all_have(self, id: BundleId) -> bool:
        if self._unsure or not self._inventories:
            return False
        return all(_has(tags, tag_number(key, id)) for key, tags in self._inventories.values())

    def _is_over(self, expiry_hour: int) -> bool:
        """Not by the hour: who deletes what others wait for had better be sure. What is too far ahead is not
        over, since perhaps it is our clock that is behind."""
        return life(expiry_hour + OVER_FOR_H, self._clock_s) is Life.EXPIRED


def _has(tags: "array[int]", number: int) -> bool:
    """Where a stranger has not sorted them, some are not found: then more is written."""
    at = bisect_left(tags, number)
    return at < len(tags) and tags[at] == number
