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
    offered: Offered | None = None  # as the contact has described it
    direct: bool = False
    unfinished: bytes = b""  # whole blocks that came in an earlier exchange
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
        offered = (_Lack(id=one.id, offered=one, direct=offer.direct) for one in offer.bundles)
        return self._want(offered, clock_s)

    def need(self, ids: Iterable[BundleId]) -> list[Effect]:
        """Found by comparing."""
        return self._want((_Lack(id=id) for id in ids), None)[0]

    def _want(self, lacks: Iterable[_Lack], clock_s: int | None) -> tuple[list[Effect], int]:
        receipts: list[Receipt] = []
        wanted: list[Wanted] = []
        in_vain = 0
        for lack in lacks:
            if len(self._lacks) >= WANTED_MAX:  # what is left out is not even looked up (M3)
                self.is_full = True
                break
            if not self._is_lacked(lack, clock_s, receipts):
                in_vain += 1
                continue
            lack.unfinished = self._custody.index.partial(self._contact, lack.id)
            lack.place = len(lack.unfinished) // BLOCK_BYTES
            self._lacks[self._numbers] = lack
            self._number_of[lack.id] = self._numbers
            self._numbers += 1
            wanted.append(Wanted(id=lack.id, blocks=lack.place))
        said: list[Effect] = [Say(message=Receipts(receipts=some)) for some in pieces(receipts)]
        return [*said, *(Say(message=Want(bundles=some)) for some in pieces(wanted))], in_vain

    def _is_lacked(self, lack: _Lack, clock_s: int | None, receipts: list[Receipt]) -> bool:
        """Whoever has what was receipted here is told [6.2]."""
        past = self._custody.index.past(lack.id)
        if past is not None and (receipt := receipt_of(past)) is not None:
            receipts.append(receipt)
            return False
        if lack.id in self._number_of:  # who offers one twice has one
            return False
        if lack.direct:
            return self._custody.index.kept(lack.id) is None
        hour = lack.offered.expiry_hour if lack.offered is not None else 0  # not known, where none is told
        return not self._custody.refuses(lack.id, hour, clock_s)

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
        told, described = lack.offered, (header.size_class, header.expiry_hour)
        if told is not None and (told.size_class, told.expiry_hour) != described:
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

    def hear_gone(self, numbers: Iterable[int]) -> int:
        """How many were offered in vain, or named in a comparison."""
        in_vain = 0
        for number in numbers:
            lack = self._lacks.get(number)
            if lack is None or lack.is_whole:
                raise PeerError("custody 8.6: gone, and was not wanted")
            self._over(number)
            in_vain += not lack.is_skipped
            if self._current == number:
                self._current, self._header, self._body = None, None, bytearray()
        return in_vain

    # --- the owner's word ---------------------------------------------------------------------------

    def awaits(self, id: BundleId) -> bool:
        lack = self._lacks.get(self._number_of.get(id, -1))
        return lack is not None and not (lack.is_whole or lack.is_skipped)

    def skip(self, ids: Iterable[BundleId]) -> list[Effect]:
        """Of those that are awaited."""
        skipped = [self._number_of[id] for id in ids if self.awaits(id)]
        for number in skipped:
            self._lacks[number].is_skipped = True
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
        kind = Got if durable else Skip
        return [Say(message=kind(numbers=some)) for some in pieces(numbers)]

    def _over(self, number: int) -> None:
        del self._number_of[self._lacks.pop(number).id]
