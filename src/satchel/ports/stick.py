"""What goes out on a stick and comes in from one, as custody sees it. Spec: docs/spec/stick.md.

A stick is read by whoever finds it, any number of people. What may be on it, and what is taken from it, is
custody's to say; how it lies there is the carrier's.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

from satchel.core.bundles.header import BundleId, Header
from satchel.core.bundles.receipt import Receipt


class Offered(NamedTuple):
    """A bundle that may go out, by name: its bytes are asked for when they are written."""

    id: BundleId
    size_bytes: int  # of the whole bundle


class Held(NamedTuple):
    """A bundle that need not be brought here."""

    id: BundleId
    expiry_hour: int  # since 2020


class Arrived(NamedTuple):
    """From a stick: as long as its class says, and with the id that stood beside it. No more is sure."""

    id: BundleId
    header: Header
    bundle: bytes  # all of it, header included


class StickCustody(Protocol):
    """Custody, for one run of `carry`. The ingress of all that comes is *a stick*."""

    # --- out ----------------------------------------------------------------------------------------------

    def offered(self) -> Iterator[Offered]:
        """What may go out, own letters at once: who carries out by hand has chosen the moment. Small to
        large, newest first, then by id; in this order it is written, and what does not fit stays behind."""
        ...

    def read(self, id: BundleId) -> bytes | None:
        """A whole bundle as it is to be written, with the copies that each reader may have. None: gone."""
        ...

    def handed_over(self, ids: Sequence[BundleId]) -> None:
        """These are on the stick now, durably."""
        ...

    def receipts(self) -> Iterator[Receipt]:
        """What may go out at this visit, asked once. One of ours that still waits for its moment (3.1, 3.2 of
        the page on receipts) is not among them, and its bundle is treated as if it had not come: else who
        tidies up too early would show whose it was (C1)."""
        ...

    def receipts_handed_over(self, receipts: Sequence[Receipt]) -> None:
        """Of those, these are on the stick now, durably."""
        ...

    def held(self) -> Iterator[Held]:
        """What the inventory is made of: all that would not be taken again, also what was opened here, as
        long as it travels. (Else an inventory would show what its writer opened: C1.)"""
        ...

    def own_inventories(self) -> Collection[bytes]:
        """The salts given to `note_inventory` in the last 40 days."""
        ...

    def note_inventory(self, salt: bytes) -> None:
        """An inventory of ours is about to be written; durable when this returns."""
        ...

    # --- in -----------------------------------------------------------------------------------------------

    def wants(self, id: BundleId, header: Header) -> bool:
        """Whether its body is worth reading: not here, not delivered, not refused, not over."""
        ...

    def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        """From anybody; before any bundle. Those that are for nothing that is or was here are dropped."""
        ...

    def take_bundles(self, arrived: Sequence[Arrived]) -> None:
        """Durable when this returns, as far as they are kept."""
        ...
