"""What goes out on a stick and comes in from one: ports.stick.StickCustody, for one run of `carry`.

All that is decided is decided in the turn of the post office; between two calls sessions go on. Spec:
docs/spec/stick.md; docs/spec/custody.md, 4 and 5; docs/spec/receipt.md, 3.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

from satchel.core.bundles.header import HOUR_MAX, SIZES_BYTES, BundleId, Header, with_copies
from satchel.core.bundles.lifetime import CHANCE_BYTES, Life, life
from satchel.core.bundles.receipt import Receipt
from satchel.core.bundles.release import leaves_with
from satchel.core.custody import effects as e
from satchel.core.custody.copies import KEY_BYTES, draw, given
from satchel.core.custody.kept import Kept, Source
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import LetterId
from satchel.node.letters.shelf import Shelf, was_handed_on
from satchel.node.letters.stores import World
from satchel.node.letters.times import is_due
from satchel.ports.letters import DueReceipt
from satchel.ports.stick import Arrived, Held, Offered

HOUR_BYTES = 3
_READER = ContactId(bytes(16))  # any: copies are drawn as for one contact


class Owner(Protocol):
    """What a stick asks of the post office, in its turn."""

    turn: threading.RLock

    def heard_receipts(self, receipts: Sequence[Receipt], deliverer: ContactId | None) -> None: ...
    def take_in(self, contact: ContactId | None, arrived: Sequence[e.Arrived]) -> list[BundleId]: ...
    def handed_over(self, contact: ContactId | None, over: e.HandedOver) -> set[LetterId]: ...
    def release(self, leaving: Sequence[DueReceipt], contact: ContactId | None) -> None: ...


class StickVisit:
    """One run, from one thread. Every call raises EnvironmentProblem: our own disk."""

    def __init__(self, world: World, shelf: Shelf, *, owner: Owner) -> None:
        self._world = world
        self._stores = world.stores
        self._shelf = shelf
        self._owner = owner
        self._copies_key = world.entropy.draw(KEY_BYTES)
        self.own_letters: set[LetterId] = set()  # of which something went out
        self._given: dict[BundleId, int] = {}  # copies, as they were written
        self._leaving: dict[Receipt, DueReceipt] = {}

    # --- out ----------------------------------------------------------------------------------------

    def offered(self) -> Iterator[Offered]:
        """With a million bundles 90 MB for a while: those of one class are sorted here."""
        clock_s = self._world.clock.best_s()
        with self._owner.turn:
            everybody = [Source.OWN, *(self._stores.bundles.shares().keys() - {Source.OWN})]
        for size_class, size_bytes in enumerate(SIZES_BYTES):
            order = [
                (HOUR_MAX - kept.header.expiry_hour).to_bytes(HOUR_BYTES, "big") + kept.id
                for ingress in everybody
                for kept in self._stores.bundles.oldest(ingress, size_class)
                if _may_go(kept, clock_s)
            ]
            order.sort()
            for key in order:
                yield Offered(BundleId(key[HOUR_BYTES:]), size_bytes)

    def read(self, id: BundleId) -> bytes | None:
        with self._owner.turn:
            kept = self._stores.bundles.kept(id)
            bundle = self._stores.bundles.read(id)
            if kept is None or bundle is None or not _may_go(kept, self._world.clock.best_s()):
                return None
            self._given[id] = given(kept.header.copies, draw(self._copies_key, id, _READER))
            return with_copies(bundle, self._given[id])

    def handed_over(self, ids: Sequence[BundleId]) -> None:
        with self._owner.turn:
            for id in ids:
                over = e.HandedOver(id=id, copies=self._given.pop(id), direct=False)
                self.own_letters |= self._owner.handed_over(None, over)

    def receipts(self) -> Iterator[Receipt]:
        """A stick is a meeting, and all sticks are one deliverer: what one has brought and was opened here is
        not told by a stick before it has left with a contact (receipt 3.2)."""
        with self._owner.turn:
            now = self._world.clock.read()
            for due in self._stores.sending.due_receipts():
                if due.receipt.expiry_hour and self._leaves(due, is_over=is_due(due.due, now)):
                    self._leaving[due.receipt] = due
        yield from self._leaving
        yield from self._stores.bundles.receipts()

    def _leaves(self, due: DueReceipt, *, is_over: bool) -> bool:
        chance = self._world.entropy.draw(CHANCE_BYTES)
        if due.is_own and due.deliverer is None:
            # Nobody has brought it, since the letter was deleted; or a stick, where all can read it anyway.
            return leaves_with(_READER, due=is_over, deliverer=None, writer=None, chance=chance)
        return leaves_with(None, due=is_over, deliverer=due.deliverer, writer=None, chance=chance)

    def receipts_handed_over(self, receipts: Sequence[Receipt]) -> None:
        with self._owner.turn:
            leaving = [self._leaving.pop(one) for one in receipts if one in self._leaving]
            if leaving:
                self._owner.release(leaving, None)

    def held(self) -> Iterator[Held]:
        clock_s = self._world.clock.best_s()
        for one in self._stores.bundles.expired(HOUR_MAX + 1):  # that is all, and none for sessions only
            expiry_hour = one.header.expiry_hour if isinstance(one, Kept) else one.expiry_hour
            if life(expiry_hour, clock_s) is Life.TRAVELS:
                yield Held(one.id, expiry_hour)

    def own_inventories(self) -> frozenset[bytes]:
        return frozenset(self._stores.inventories.salts())

    def note_inventory(self, salt: bytes) -> None:
        self._stores.inventories.note(salt, self._world.clock.read())

    # --- in -----------------------------------------------------------------------------------------

    def wants(self, id: BundleId, header: Header) -> bool:
        with self._owner.turn:
            custody = self._shelf.custody
            if custody.refuses(id, header.expiry_hour, self._world.clock.best_s()):
                return False
            return custody.receipt_of(header.commitment) is None

    def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        with self._owner.turn:
            self._owner.heard_receipts(receipts, None)

    def take_bundles(self, arrived: Sequence[Arrived]) -> None:
        with self._owner.turn:
            self._owner.take_in(
                None,
                [e.Arrived(id=one.id, header=one.header, bundle=one.bundle, direct=False) for one in arrived],
            )


def _may_go(kept: Kept, clock_s: int | None) -> bool:
    """Own letters at once, held back for contacts or not (stick 6.4); none that goes in sessions only."""
    if not kept.header.expiry_hour or life(kept.header.expiry_hour, clock_s) is Life.EXPIRED:
        return False
    return kept.offered if kept.ingress is not Source.OWN else not was_handed_on(kept)
