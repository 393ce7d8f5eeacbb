"""Letters between this person and contacts, what is under way of them, and the chains they are sealed by.

What belongs together is one call: a letter is stored in the transaction that erases what opened it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.receipt import Receipt
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry, Speaking
from satchel.core.sealing.letter import Letter, LetterId
from satchel.core.sealing.listening import Change, Listening
from satchel.core.sealing.parts import Gathering, Part
from satchel.ports.letter_states import LetterState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAttachment:
    name: bytes
    size_bytes: int
    is_here: bool  # False: this profile was restored, and a backup has no files


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter:
    """A letter as a conversation shows it. See core.sealing.letter.Letter."""

    contact: ContactId
    id: LetterId
    state: LetterState
    order: int
    text: str | None = field(repr=False)  # None: long, and not in the backup that this profile comes from
    is_cut: bool = False  # it goes on: Conversations.text has all of it
    written_s: int | None = None
    reply_to: LetterId | None = None
    expiry_hour: int | None = None
    attachments: tuple[StoredAttachment, ...] = ()
    handed: int = 0  # while it is under way: how many carriers have the bundle of it that fewest have


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPart:
    """A bundle of an own letter, about to be stored."""

    number: int  # in the chain
    bundle: bytes = field(repr=False)
    preimage: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReceipt:
    """A receipt of ours, until it has left."""

    receipt: Receipt
    due: Reading
    contact: ContactId  # with whom the letter was written
    is_own: bool = False  # we wrote it: the contact told us that it came, or we have deleted it
    deliverer: ContactId | None = None  # who brought the bundle, or the receipt; None: a stick, or nobody
    bundle: BundleId | None = None  # None: it was stored by a version that did not note it


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLetter:
    """With what was opened a letter is whole; its pieces are erased."""

    id: LetterId
    letter: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePart:
    """With what was opened a letter has one part more, and is not whole."""

    part: Part
    expiry_hour: int  # the latest of its bundles, as core.sealing.parts.Unfinished has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """To be kept as it came, for a newer version (letter 5.1)."""

    content: bytes = field(repr=False)
    letter_id: LetterId | None = None  # it is a whole letter; None: what was in one bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A bundle has opened: all that is to be stored and erased because of it."""

    contact: ContactId
    change: Change
    came: WholeLetter | OnePart | Unreadable | None = None  # None: it was here before, or is spoilt
    due: DueReceipt | None = None  # None: receipts are off


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A receipt has come for a bundle that may be ours."""

    receipt: Receipt
    deliverer: ContactId | None
    due: Reading  # when it may be passed on: the delay is drawn anew (receipt 3.3)


class Chains(Protocol):
    """Durable when a call returns; a secret that is replaced is overwritten (W4, T2).

    Whoever changes one chain of a contact does it alone, from what is stored: a Change says what follows from
    that. A profile that was made from a backup leaves out numbers before it tells any (chain 3.4). Every call
    raises MisuseError when there is no contact of this id (any more).
    """

    def speaking(self, contact: ContactId) -> Speaking: ...
    def listening(self, contact: ContactId) -> Listening: ...
    def tags(self, contact: ContactId) -> list[tuple[int, bytes]]:
        """Number and tag of each entry that was passed over: see TagTable.put."""
        ...

    def entry(self, contact: ContactId, number: int) -> Entry | None:
        """One that was passed over."""
        ...

    def put_speaking(self, contact: ContactId, speaking: Speaking) -> None:
        """What was told in a session (chain 3.3, 3.5)."""
        ...

    def change(self, contact: ContactId, change: Change) -> None:
        """Without a letter: what a session told, or what is old (chain 4.5, 4.6)."""
        ...


class Letters(Protocol):
    """Durable when a call returns; what is deleted is overwritten, files included (T2).

    Every call about one contact raises MisuseError when there is none of this id (any more); about one
    letter, NothingToDo where it is not here. So do those of the next two.
    """

    def write(self, contact: ContactId, id: LetterId, letter: Letter) -> None:
        """An own one, kept until it is sealed. Raises MisuseError: such a letter cannot be sent."""
        ...

    def letter(self, contact: ContactId, id: LetterId) -> Letter:
        """With its files. Raises NothingToDo also where a backup has left out some of it."""
        ...

    def attachment(self, contact: ContactId, id: LetterId, number: int) -> bytes:
        """The content of one, from 0. Raises NothingToDo, EnvironmentProblem."""
        ...

    def is_here(self, contact: ContactId, id: LetterId) -> bool: ...
    def highest_order(self, contact: ContactId) -> int:
        """Of both sides; 0: there is no letter."""
        ...

    def kept(self) -> list[tuple[ContactId, LetterId]]:
        """Those that wait to be sealed, in order."""
        ...

    def delete(self, contact: ContactId, id: LetterId, due: Callable[[], Reading]) -> None:
        """Of an own one under way the receipts are to leave, each from a time that `due` draws. Its bundles
        that are shown stay until then, as those that have come: see Sending.delivered."""
        ...


class Conversations(Protocol):
    """Letters as a screen reads them: of a long text the beginning, else a contact fills the memory (M3)."""

    def conversation(self, contact: ContactId) -> list[StoredLetter]:
        """In order (letter 4.2); of each text its first words."""
        ...

    def stretch(self, contact: ContactId, *, last: int | None, skip: int) -> list[StoredLetter]:
        """The `last` newest (None: all) but for the `skip` newest of them; of each text some paragraphs."""
        ...

    def text(self, contact: ContactId, id: LetterId) -> str | None:
        """All of it. None as in StoredLetter. Raises NothingToDo."""
        ...

    def count(self, contact: ContactId) -> int:
        """How many there are, of both sides."""
        ...


class Sending(Protocol):
    """What becomes of own letters, and of receipts until they have left."""

    def seal(
        self,
        contact: ContactId,
        id: LetterId,
        speaking: Speaking,
        parts: Sequence[SealedPart],
        *,
        now_s: int,
    ) -> None:
        """A kept letter is under way. Before anybody is shown a bundle of it; nobody but its reader is, until
        custody says so.

        Args:
            speaking: behind the numbers of the parts.
            now_s: node time.
        Raises:
            NothingToDo: it does not wait (any more). MisuseError: a number was used.
        """
        ...

    def delivered(self, deliveries: Sequence[Delivery]) -> list[LetterId]:
        """As one: those of them that are of own bundles end these, and wait to be passed on. A bundle that is
        shown stays until then, and is not given to its reader any more (custody 3.5).

        Returns the letters that are delivered with it.
        """
        ...

    def expire(self, now_hour: int) -> list[LetterId]:
        """By the best clock: own bundles, and receipts. Returns the letters that end with it."""
        ...

    def due_receipts(self, commitments: Sequence[bytes] | None = None) -> list[DueReceipt]:
        """All of them; or those with these commitments, each a look-up."""
        ...

    def receipts_left(self, commitments: Iterable[bytes]) -> None:
        """They are receipts like any other now, and own bundles that stayed for them go: call it when custody
        remembers them."""
        ...

    def handed_over(self, ids: Iterable[BundleId]) -> set[LetterId]:
        """To one carrier. Returns the letters of these; bundles that are not own ones are passed over."""
        ...


class Arrivals(Protocol):
    """What bundles of contacts brought."""

    def open(self, openings: Sequence[Opening]) -> list[LetterId]:
        """As one, in order. Two parts of one letter are two of them.

        Returns own letters that have come, since one that is here now answers them. Their bundles stay under
        way, and end as if nothing was known.
        """
        ...

    def held_bytes(self, contact: ContactId) -> int:
        """How much room what has come from it takes: texts, files, parts, and what could not be read."""
        ...

    def rehearse(self) -> None:
        """Write as `open` does, and change nothing: whoever sees how long this node is busy sees no more."""
        ...

    def gathering(self, contact: ContactId) -> Gathering: ...
    def pieces(self, contact: ContactId, id: LetterId) -> dict[int, bytes]:
        """What is here of an unfinished letter, by index."""
        ...

    def let_go(self, contact: ContactId, ids: Iterable[LetterId]) -> None:
        """Of unfinished letters that cannot become whole any more."""
        ...

    def unreadable(self) -> list[tuple[int, ContactId]]:
        """What is to be tried again by a newer version, by number."""
        ...

    def read_unreadable(self, number: int) -> Unreadable: ...
    def read_now(self, number: int, came: WholeLetter | OnePart | None) -> list[LetterId]:
        """It could be read. None: it was here before, or the person has deleted it. Returns as `open`."""
        ...
