"""What the exchange asks its owner to do, in order."""

from dataclasses import dataclass

from satchel.core.bundles.header import BundleId, Header
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Before any block: what is said decides which block is next."""

    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The contact's chains: for sealing."""

    highest: int
    next: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """We dialled: begin a comparison, and call ask(anew=True) with its first message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The contact did: have it answered, and call answer()."""

    message: bytes
    anew: bool  # by a new responder


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """To our question: what comes of it goes to ask(), have(), need() and settled()."""

    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipted:
    """Of bundles that are or were here: let custody act on them. Pass them on in other exchanges."""

    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partly:
    """Keep these bytes of an unfinished bundle of this contact, behind those that came before."""

    id: BundleId
    at: int  # in bytes
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoilt:
    """What was kept unfinished is not the beginning of that bundle: throw it away."""

    id: BundleId


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A whole bundle that is what its id says. Call stored() once it is durable, else not_stored()."""

    id: BundleId
    header: Header
    bundle: bytes
    direct: bool  # by its writer, to us: open it, or throw it away; it does not go into custody


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """The contact has it whole and durable: custody counts its copies."""

    id: BundleId
    copies: int  # that it was given
    direct: bool


Effect = Say | Numbers | Compare | Asked | Answered | Receipted | Partly | Spoilt | Arrived | HandedOver
