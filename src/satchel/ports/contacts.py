"""People met in person, as a profile remembers them."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from satchel.core.identity.clocks import Clocks
from satchel.core.identity.comparison import Comparison
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.pair import Pair, Proof
from satchel.core.opening.effects import Kept


class Taking(Enum):
    """What becomes of what this contact offers. Of an unverified one nothing is taken without asking."""

    ASK = 0
    ACCEPT = 1
    REFUSE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody's device, as this profile knows it."""

    id: ContactId
    name: str  # given here, never sent
    pair: Pair
    counter: int = 0  # of our sessions with them
    heard: int = 0  # the highest counter they told
    ahead_s: int | None = None  # how far their clock was ahead of ours; None: they had none that was right
    taking: Taking = Taking.ASK
    comparison: Comparison | None = None  # what both people may still compare; gone once it is verified

    @property
    def kept(self) -> Kept:
        """What an opening begins with."""
        return Kept(epochs=self.pair.epochs, counter=self.counter, heard=self.heard)


class Contacts(Protocol):
    """Durable when a call returns; what is replaced or forgotten is overwritten (W4, T2).

    Every call about one contact raises MisuseError when there is none of this id (any more).
    """

    def all(self) -> list[Contact]: ...
    def add(self, contact: Contact, *, replacing: ContactId | None = None) -> None:
        """In one transaction; `replacing` is forgotten. Raises MisuseError: the name is taken."""
        ...

    def rename(self, id: ContactId, name: str) -> None:
        """Raises MisuseError: the name is taken."""
        ...

    def succeed(self, id: ContactId, old: ContactId, name: str, *, inherits: bool) -> None:
        """This contact is `old`, paired again: in one transaction it gets the name, the history, and
        what is unfinished from the old one, which is forgotten. `inherits`: also what waits for the old one,
        to be offered anew.

        Raises MisuseError: the name is taken by somebody else.
        """
        ...

    def verify(self, id: ContactId, proof: Proof) -> None:
        """What was to be compared is erased."""
        ...

    def set_taking(self, id: ContactId, taking: Taking) -> None: ...
    def keep(self, id: ContactId, kept: Kept) -> None:
        """What a session changed. Flights and nonces of epochs without keys are erased with the keys."""
        ...

    def forget(self, id: ContactId) -> None:
        """Everything about it. No contact of this id is no error."""
        ...

    def remember_flight(self, id: ContactId, epoch: int, ephemeral: bytes, *, places: int) -> bool:
        """False: it was here before, or `places` others of this contact and epoch are."""
        ...

    def spend_nonce(self, id: ContactId, epoch: int, nonce: bytes) -> None: ...
    def spent_nonces(self) -> list[tuple[ContactId, int, bytes]]: ...
    def learn_address(self, address: StoredAddress) -> None:
        """The latest ADDRESSES_KEPT_MAX of each contact and network are kept."""
        ...

    def addresses(self) -> list[StoredAddress]:
        """The latest of each contact first."""
        ...

    def network_salt(self) -> bytes: ...
    def clocks(self, *, build_s: int) -> Clocks: ...
    def save_clocks(self, clocks: Clocks) -> None:
        """All of it, the offsets of contacts, too."""
        ...
