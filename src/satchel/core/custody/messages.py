"""What two contacts say about bundles. Spec: docs/spec/custody.md, section 7."""

from dataclasses import dataclass

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.receipt import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """First in each direction: where the chains of the two stand [chain 3.5, 4.6]."""

    highest: int  # number that the speaker has opened of what the other wrote
    next: int  # number that the speaker writes next


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who dialled the session: a message of its comparison [reconciliation]."""

    message: bytes
    anew: bool  # the first one of a comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The other: the answer to it."""

    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One bundle that the speaker has."""

    id: BundleId
    size_class: int
    expiry_hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    bundles: tuple[Offered, ...]
    direct: bool  # written by the speaker for the hearer: not for custody


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One bundle that the speaker lacks."""

    id: BundleId
    blocks: int  # that it has got before, from this contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """Each has a number from now on, in this direction: 0, 1, 2 and so on, in all messages together."""

    bundles: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Who wanted: not these any more."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Who gives: of these nothing (more) comes."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """Who wanted: these are stored, and will survive a power cut."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """64 KiB of a bundle, or all of a smaller one."""

    number: int
    place: int  # in blocks
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Await:
    """Large bundles that the speaker once had, of which no receipt has come there."""

    commitments: tuple[bytes, ...]


Message = Begin | Ask | Answer | Receipts | Offer | Want | Skip | Gone | Got | Block | Await
