"""What a person wants to give to contacts, until each of them is met and has it."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from satchel.core.identity.contacts import ContactId
from satchel.ports.records import HandoverId

QUEUED_MAX = 1000  # for one contact


class QueueState(Enum):
    """The last two are told until the person has removed them."""

    WAITING = 0
    DECLINED = 1  # the contact does not want it
    FAILED = 2  # it could not be read when it was its turn; tried again when the contact is met next


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One thing for one contact. Files are read where they lie, when the contact is met."""

    id: HandoverId  # 16 random bytes; the contact is told it, inside of sessions
    contact: ContactId
    paths: tuple[bytes, ...] = ()  # absolute, as the person named them; none for a text alone
    note: str | None = None
    made_s: int | None = None  # wall clock, seconds since 1970; None: it could not be right
    state: QueueState = QueueState.WAITING
    accepted: bool = False  # the contact wants it: a sender's record of this id is there


class Queue(Protocol):
    """Durable when a call returns; what is removed is overwritten (T2). What waits has no end of its own."""

    def add(self, queued: Queued) -> None:
        """`accepted` is not looked at. Raises MisuseError: there is no such contact (any more), or QUEUED_MAX
        wait for it."""
        ...

    def all(self) -> list[Queued]:
        """The oldest first."""
        ...

    def set_state(self, id: HandoverId, state: QueueState) -> None:
        """What is over keeps no record. Nothing of this id is no error: it was just taken back."""
        ...

    def remove(self, id: HandoverId) -> None:
        """Its record, too. Nothing of this id is no error."""
        ...
