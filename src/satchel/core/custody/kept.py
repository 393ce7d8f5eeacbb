"""What custody asks of the store, and what it orders there. The store decides nothing of it.

Reading only: `Index` is looked at, and a list of `Change` is what is to become true, all of it in one
transaction or nothing. Spec: docs/spec/custody.md, section 2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from satchel.core.bundles.header import BundleId, Header
from satchel.core.identity.contacts import ContactId


class Source(Enum):
    """Where a bundle comes from that no contact has brought."""

    STICK = "sticks, all of them together"
    OWN = "written here"


Ingress = ContactId | Source
"""Who pays for a bundle: who brought it, never what a sender wrote in it (M3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A whole bundle that is here."""

    id: BundleId
    header: Header  # with the copies that may still be handed on
    ingress: Ingress
    arrived_s: int  # node time
    offered: bool  # whether contacts are shown it; else only its recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A bundle that was here, and is not taken again."""

    id: BundleId
    commitment: bytes  # 20 bytes
    expiry_hour: int  # since 2020: remembered until it is over
    ingress: Ingress
    preimage: bytes | None  # of its receipt, 20 bytes; None: it made room, or its last copy was handed on
    is_large: bool = False  # until its receipt comes, contacts are asked for that [6.10]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is here of bundles with one commitment: as a rule one, more where somebody forged twins."""

    own: Kept | None  # the one that was written here
    receipt: Past | None  # any of those that its receipt has deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one ingress takes up."""

    size_bytes: int = 0  # of whole bundles and unfinished ones
    bundles: int = 0
    past: int = 0


class Index(Protocol):
    """What is looked up. Each is a look-up in a table, never a scan, with a million bundles, too."""

    def kept(self, id: BundleId) -> Kept | None: ...

    def past(self, id: BundleId) -> Past | None: ...

    def known(self, commitment: bytes) -> Known | None:
        """None: no bundle with this commitment is here or is remembered."""

    def shares(self) -> Mapping[Ingress, Share]:
        """Of everybody of whom something is here; totals that are kept, not counted."""

    def oldest(self, ingress: Ingress, size_class: int) -> Iterator[Kept]:
        """In the order in which they came, by a number: no clock, it may have been wrong. But the ones of
        FIRST_MIN copies and more, of which nothing was handed on yet, behind all others [2.4]."""

    def oldest_past(self, ingress: Ingress) -> Iterator[Past]: ...

    def expired(self, hour: int) -> Iterator[Kept | Past]:
        """Whose expiry is an hour before this one, hours since 2020."""

    def partial(self, contact: ContactId, id: BundleId) -> bytes:
        """What has come of an unfinished bundle from this contact: whole blocks of 64 KiB, never all; or b"".

        At most limits.PARTIALS_MAX of a contact are kept; of one more the oldest goes.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Store this with its bytes. What was unfinished of it, of any contact, goes."""

    kept: Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Its bytes go for good. `past`: what is remembered instead; after a kill only if it was tried [6.9]."""

    id: BundleId
    past: Past | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipted:
    """All bundles with this commitment go, and are remembered with its receipt; so are those of the past.

    One change however many there are: a forger may make thousands of twins.
    """

    commitment: bytes
    preimage: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """It was never in custody, and is not to be."""

    past: Past


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Nothing is remembered of it any more."""

    id: BundleId


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """So many copies may still be handed on."""

    id: BundleId
    copies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """From now on contacts are shown it, or are not."""

    id: BundleId
    offered: bool


Change = Keep | Remove | Receipted | Remember | Forget | Recount | Show
