"""What we want of a contact, and what comes of it: the other direction of an exchange.

Wants all that it lacks and may keep, whosever it is: who asks shows nothing (C1). One bundle at a time is in
memory. Spec: docs/spec/custody.md, section 8.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from satchel.core.bundles.header import BundleId, Header, bundle_id, decode_header
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.codec import BLOCK_BYTES, pieces
from satchel.core.custody.effects import Arrived, Effect, Partly, Say, Spoilt
from satchel.core.custody.giving import blocks_of
from satchel.core.custody.limits import WANTED_MAX
from satchel.core.custody.messages import Block, Got, Offer, Offered, Receipts, Skip, Want, Wanted
from satchel.core.custody.policy import Custody, receipt_of
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError, PeerError


@dataclass(slots=True, kw_only=True)
class _Lack:
    """A number that is not over."""

    id: BundleId
    offered: Offered | None  # as the contact has described it
    direct: bool
    unfinished: bytes  # whole blocks that came in an earlier exchange
    place: int = 0  # of the next block
    is_skipped: bool = False
    is_whole: bool = False  # our word is awaited: stored, or not


class Taking:
    def __init__(self, custody: Custody, contact: ContactId) -> None:
        self._custody = custody
        self._contact = contact
        self._numbers = 0  # that were told
        self._lacks: dict[int, _Lack] = {}
        self._number_of: dict[BundleId, int] = {}
        self._current: int | None = None
        self._header: Header | None = None  # of the current one
        self._body = bytearray()
        self.is_full = False  # something was left out: it is found again by another comparison

    # --- what is wanted -----------------------------------------------------------------------------

    def offered(self, offer: Offer, clock_s: int | None) -> tuple[list[Effect], int]:
        """And how many were offered in vain."""
        if self._leave_out():
            return [], 0
        wanted: list[_Lack] = []
        receipts: list[Receipt] = []
        for one in offer.bundles:
            if self._is_lacked(one.id, receipts, direct=offer.direct) and (
                offer.direct or not self._custody.refuses(one.id, one.expiry_hour, clock_s)
            ):
                wanted.append(self._lack(one.id, offered=one, direct=offer.direct))
        return self._want(wanted, receipts), len(offer.bundles) - len(wanted)

    def need(self, ids: Iterable[BundleId]) -> list[Effect]:
        """Found by comparing."""
        if self._leave_out():
            return []
        receipts: list[Receipt] = []
        lacked = [self._lack(id) for id in ids if self._is_lacked(id, receipts, direct=False)]
        return self._want(lacked, receipts)

    def _leave_out(self) -> bool:
        """Nothing is even looked up once as much is wanted as may be (M3)."""
        is_full = len(self._lacks) >= WANTED_MAX
        self.is_full |= is_full
        return is_full

    def _lack(self, id: BundleId, *, offered: Offered | None = None, direct: bool = False) -> _Lack:
        unfinished = self._custody.index.partial(self._contact, id)
        return _Lack(id=id, offered=offered, direct=direct, unfinished=unfinished)

    def _is_lacked(self, id: BundleId, receipts: list[Receipt], *, direct: bool) -> bool:
        """Whoever has what was receipted here is told [6.2]."""
        past = self._custody.index.past(id)
        if past is not None and (receipt := receipt_of(past)) is not None:
            receipts.append(receipt)
            return False
        if past is not None and not direct:
            return False
        return id not in self._number_of and self._custody.index.kept(id) is None

    def _want(self, lacked: list[_Lack], receipts: list[Receipt]) -> list[Effect]:
        room = WANTED_MAX - len(self._lacks)
        self.is_full |= len(lacked) > room
        wanted: dict[BundleId, _Lack] = {}
        for lack in lacked:
            if len(wanted) < room:
                wanted[lack.id] = lack  # who offers one twice has one
        for lack in wanted.values():
            self._lacks[self._numbers] = lack
            self._number_of[lack.id] = self._numbers
            self._numbers += 1
            lack.place = len(lack.unfinished) // BLOCK_BYTES
        effects: list[Effect] = [Say(message=Receipts(receipts=some)) for some in pieces(receipts)]
        asked = (Wanted(id=lack.id, blocks=lack.place) for lack in wanted.values())
        return effects + [Say(message=Want(bundles=some)) for some in pieces(asked)]

    # --- what comes ---------------------------------------------------------------------------------

    def hear_block(self, block: Block, clock_s: int | None) -> list[Effect]:
        lack = self._lacks.get(block.number)
        if lack is None or lack.is_whole:
            raise PeerError("custody 8.4: a block of what was not wanted")
        if self._current not in (None, block.number):
            raise PeerError("custody 8.4: another bundle before the last one has ended")
        if block.place != lack.place:
            raise PeerError(f"custody 8.4: block {block.place} instead of {lack.place}")
        effects = [] if self._current is not None else self._start(block, lack, clock_s)
        header = self._header
        assert header is not None
        if len(block.data) != min(BLOCK_BYTES, header.size_bytes):
            raise PeerError("custody 8.4: a block of another size than the bundle has")
        lack.place += 1
        self._body += block.data
        if lack.place == blocks_of(header.size_bytes):
            return effects + self._end(block.number, lack, header)
        if not lack.is_skipped and self._custody.index.kept(lack.id) is not None:
            effects += self.skip([lack.id])  # somebody else was faster
        if lack.is_skipped:
            return effects
        at = block.place * BLOCK_BYTES
        return [*effects, Partly(id=lack.id, at=at, data=block.data)]

    def _start(self, block: Block, lack: _Lack, clock_s: int | None) -> list[Effect]:
        """The header is known: whether it is kept at all is looked at before more comes."""
        self._current = block.number
        self._body = bytearray(lack.unfinished)
        self._header = header = decode_header(lack.unfinished or block.data)
        told = lack.offered
        if told is not None and (told.size_class, told.expiry_hour) != (
            header.size_class,
            header.expiry_hour,
        ):
            raise PeerError("custody 8.5: another bundle than was offered")
        if lack.direct or lack.is_skipped:
            return []
        receipt = self._custody.receipt_of(header.commitment)
        if receipt is None and not self._custody.refuses(lack.id, header.expiry_hour, clock_s):
            return []
        said: list[Effect] = [Say(message=Receipts(receipts=(receipt,)))] if receipt is not None else []
        return said + self.skip([lack.id])

    def _end(self, number: int, lack: _Lack, header: Header) -> list[Effect]:
        body, self._body = bytes(self._body), bytearray()
        self._current = self._header = None
        if lack.is_skipped:
            self._over(number)
            return []
        if bundle_id(body) != lack.id:
            if not lack.unfinished:
                raise PeerError("custody 8.5: a bundle that is not what its id says")
            self._over(number)  # perhaps our own disk has lost a part of it: nobody's fault
            return [Spoilt(id=lack.id), Say(message=Skip(numbers=(number,)))]
        lack.is_whole = True
        return [Arrived(id=lack.id, header=header, bundle=body, direct=lack.direct)]

    def hear_gone(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            lack = self._lacks.get(number)
            if lack is None or lack.is_whole:
                raise PeerError("custody 8.6: gone, and was not wanted")
            self._over(number)
            if self._current == number:
                self._current, self._header, self._body = None, None, bytearray()

    # --- the owner's word ---------------------------------------------------------------------------

    def skip(self, ids: Iterable[BundleId]) -> list[Effect]:
        """These have come from somebody else, or their receipts have: as far as they are wanted."""
        skipped = []
        for id in ids:
            number = self._number_of.get(id)
            if number is not None and not (self._lacks[number].is_whole or self._lacks[number].is_skipped):
                self._lacks[number].is_skipped = True
                skipped.append(number)
        return [Say(message=Skip(numbers=some)) for some in pieces(skipped)]

    def stored(self, ids: Iterable[BundleId], *, durable: bool) -> list[Effect]:
        """They are here for good; or not kept after all."""
        numbers = []
        for id in ids:
            number = self._number_of.get(id)
            if number is None or not self._lacks[number].is_whole:
                raise MisuseError("stored what has not arrived")
            self._over(number)
            numbers.append(number)
        if durable:
            return [Say(message=Got(numbers=some)) for some in pieces(numbers)]
        return [Say(message=Skip(numbers=some)) for some in pieces(numbers)]

    def _over(self, number: int) -> None:
        del self._number_of[self._lacks.pop(number).id]
