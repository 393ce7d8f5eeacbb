"""Receipts of ours, of what was opened or written here, until they have left (C1).

Whoever hears one must not see whose it is: so none is told because it is ours, but to who wrote the letter.
Spec: docs/spec/receipt.md, section 3; decision 0224.
"""

from collections.abc import Iterable, Sequence

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.lifetime import CHANCE_BYTES
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.bundles.release import leaves_with
from satchel.core.custody.kept import Change, Past, Receipted, Remember, Source
from satchel.core.identity.contacts import ContactId
from satchel.node.letters.shelf import Moved, Shelf
from satchel.node.letters.stores import World
from satchel.node.letters.times import is_due
from satchel.ports.letters import Delivery, DueReceipt

TOLD_AGAIN_MAX = 256  # receipts in a session, 23 bytes each


class Releasing:
    """Not to be used by two threads at once."""

    def __init__(self, world: World, shelf: Shelf) -> None:
        self._world = world
        self._stores = world.stores
        self._shelf = shelf
        self._told: dict[bytes, None] = {}  # commitments, to their writers in this run, the oldest first

    def for_writer(self, contact: ContactId) -> list[Receipt]:
        """Of what this contact has written: it is told at once, and again, since what is said may be lost;
        others wait, since who delivered the bundle a minute ago would know whose it was [3.3]."""
        due = {
            commitment(one.receipt.preimage): one.receipt
            for one in self._stores.sending.due_receipts()
            if not one.is_own and one.contact == contact
        }
        again = [mark for mark in self._told if mark in due][:TOLD_AGAIN_MAX]
        marks = [*(mark for mark in due if mark not in self._told), *again]
        for mark in marks:
            self._told.pop(mark, None)
            self._told[mark] = None
        return [due[mark] for mark in marks]

    def came_directly(self, mark: bytes) -> list[Receipt]:
        """Of what its writer has just brought, and has opened; none, where receipts are off."""
        return [one.receipt for one in self._stores.sending.due_receipts([mark]) if not one.is_own]

    def without_ours(self, receipts: Iterable[Receipt], teller: ContactId | None) -> list[Receipt]:
        """Without those of own letters that their reader tells once more: they wait here, too [3.3]."""
        told = list(receipts)
        due = self._stores.sending.due_receipts([commitment(one.preimage) for one in told])
        waiting = {one.receipt.preimage for one in due if one.is_own and one.contact == teller}
        return [receipt for receipt in told if receipt.preimage not in waiting]

    def waits_for(self, contact: ContactId, mark: bytes) -> bool:
        """The receipt of a letter that this person wrote to that contact."""
        return any(one.is_own and one.contact == contact for one in self._stores.sending.due_receipts([mark]))

    def told_by_others(self, delivered: Iterable[Delivery]) -> list[DueReceipt]:
        """Those of own letters that not their reader has told: who told them knows them, and would see from
        our waiting that they are ours."""
        tellers = {commitment(one.receipt.preimage): one.deliverer for one in delivered}
        due = self._stores.sending.due_receipts(list(tellers))
        return [one for one in due if one.contact != tellers[commitment(one.receipt.preimage)]]

    def leave(self, contact: ContactId) -> tuple[list[Receipt], Moved]:
        """Which leave with this meeting, and what goes here with them. From now on they are receipts like any
        others, here too (custody 3.6)."""
        now = self._world.clock.read()
        leaving = [
            due
            for due in self._stores.sending.due_receipts()
            if (due.is_own or due.contact != contact)
            and leaves_with(
                contact,
                due=is_due(due.due, now),
                deliverer=due.deliverer,
                writer=None,
                chance=self._world.entropy.draw(CHANCE_BYTES),
            )
        ]
        return [due.receipt for due in leaving], self.release(leaving)

    def release(self, leaving: Sequence[DueReceipt]) -> Moved:
        """These leave now, all of them at once: who has written thousands of letters to us would else hold up
        everybody at the next meeting (M3)."""
        changes: list[Change] = []
        marks = [commitment(due.receipt.preimage) for due in leaving]
        for mark, due in zip(marks, leaving, strict=True):
            changes.append(Receipted(commitment=mark, preimage=due.receipt.preimage))
            known = self._shelf.bundles.known(mark)
            if known is None or known.own is not None:
                changes.append(Remember(past=_not_in_custody(mark, due)))
        moved = self._shelf.apply(changes)
        if marks:
            self._stores.sending.receipts_left(marks)
            moved = moved.with_others(self._shelf.own_changed())  # what was shown until now (custody 3.5)
        for mark in marks:
            self._told.pop(mark, None)
        return moved

    def settle(self) -> Moved:
        """Of receipts that have expired meanwhile, or whose contact was forgotten, nothing is remembered. And
        what is public here already leaves: the program has ended between the two writings of `release`."""
        due = {commitment(one.receipt.preimage): one for one in self._stores.sending.due_receipts()}
        self._told = {mark: None for mark in self._told if mark in due}
        known = ((one, self._shelf.bundles.known(mark)) for mark, one in due.items() if one.is_own)
        return self.release([one for one, what in known if what is not None and what.receipt is not None])


def _not_in_custody(mark: bytes, due: DueReceipt) -> Past:
    """It is an own one, or its writer has brought it (custody 5.1). Who brings it later is told without
    asking for it first, as by those who have had it; where an earlier version has stored it, only its
    commitment is known."""
    return Past(
        id=due.bundle or BundleId(mark.ljust(32, b"\0")),
        commitment=mark,
        expiry_hour=due.receipt.expiry_hour,
        ingress=Source.OWN,
        preimage=due.receipt.preimage,
    )
