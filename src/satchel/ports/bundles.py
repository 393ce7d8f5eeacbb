"""Bundles that are here, of whoever: what is carried for others, and own ones under way. Of the first nothing
says whose they are, also where one was for this person and has opened (C1, T2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.kept import Change, Index, Kept
from satchel.core.identity.contacts import ContactId

BLOCK_BYTES = 64 << 10
"""What a bundle comes in, where it does not come at once."""


class Bundles(Index, Protocol):
    """Durable when a call returns. Index (core.custody.kept) says how it is looked at."""

    def apply(self, changes: Sequence[Change], bundles: Mapping[BundleId, bytes] | None = None) -> None:
        """What custody ordered: all of it, or nothing.

        An own bundle is kept with its letter (Letters.seal), so no change keeps one here; one that is removed
        is still known to its letter, until that is delivered or has expired. What is remembered of it is not
        told from what a stick has brought.

        Args:
            bundles: the bytes of what is kept.
        """
        ...

    def tried(self, *, but: Iterable[BundleId], lost: Iterable[BundleId]) -> None:
        """What was removed is remembered after a kill, too, from now on; not yet what still waits in memory
        (`but`). Of `lost` nothing is remembered any more, unless its receipt has come.
        """
        ...

    def forget_untried(self) -> None:
        """Who begins: what was removed and not tried can come again (custody 6.9)."""
        ...

    def rows(self) -> Iterator[tuple[int, BundleId]]:
        """Expiry hour and id of all that is offered, in this order. Streams; it may be changed meanwhile."""
        ...

    def tags(self) -> Iterator[bytes]:
        """Of all that others brought, each once: who begins looks whether one is awaited. Streams, too."""
        ...

    def with_tag(self, tag: bytes) -> Iterator[Kept]:
        """That others brought: as a rule one; very many where somebody forged twins. Streams, too."""
        ...

    def with_commitment(self, commitment: bytes) -> list[Kept]:
        """That others brought: all that one receipt acts on."""
        ...

    def to(self, contact: ContactId) -> list[Kept]:
        """Own ones that were written to it, and are not known to have come: it is given them at once."""
        ...

    def awaited(self, start: bytes, count: int) -> list[bytes]:
        """Commitments of large bundles that are remembered, and of which no receipt has come: the first
        `count` of them in order, from `start` on and then from the lowest."""
        ...

    def read(self, id: BundleId) -> bytes | None:
        """The whole bundle, with the copies of now. None: it is not here."""
        ...

    def receipts(self) -> Iterator[Receipt]:
        """All that are public. Streams; it may be changed meanwhile."""
        ...

    def partials(self, contact: ContactId) -> dict[BundleId, int]:
        """What it has begun to bring, and how much of each is here, in bytes."""
        ...

    def append(self, contact: ContactId, id: BundleId, at: int, blocks: bytes) -> None:
        """More of an unfinished bundle: whole blocks, behind the `at` bytes that are here. When the rest has
        come, whoever has checked the id keeps all of it.

        Raises MisuseError: `at` is another place; no whole blocks; more than a bundle can have.
        """
        ...

    def give_back(self) -> bool:
        """To the disk, some of what removed ones took. False: that was all."""
        ...

    def drop_partials(self, contact: ContactId, ids: Sequence[BundleId]) -> None: ...
    def expire_partials(self, hour: int) -> list[BundleId]:
        """Unfinished ones go whose expiry is an hour before this one, hours since 2020. Returns which."""
        ...
