"""What is remembered of a hand-over until it is whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NewType, Protocol

from satchel.core.handover.messages import EntryKind
from satchel.core.identity.contacts import ContactId

HandoverId = NewType("HandoverId", bytes)  # 16 random bytes; only contacts are told it, inside of sessions


class Role(Enum):
    SENDER = 0
    RECEIVER = 1


class FileState(Enum):
    REFUSED = 0  # the receiver did not want it
    WANTED = 1
    PLACING = 2  # receiver: complete and durable, on its way to its final name
    DONE = 3  # receiver: under its final name, durable. Sender: the receiver said so
    FAILED = 4  # will not arrive in this hand-over (changed while it was read, refused by the disk)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEntry:
    number: int  # 0.. in the order of the offer
    path: tuple[bytes, ...]
    kind: EntryKind
    size: int
    mtime_ns: int
    executable: bool
    state: FileState
    location: bytes = b""  # sender only
    stamp: bytes = b""  # sender only
    inode: int = 0  # receiver, PLACING only


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """A hand-over that is not whole yet, without its entries."""

    id: HandoverId
    role: Role
    secret: bytes  # 32 bytes, from the session key; b"" with a contact, whose sessions need none
    older_secret: bytes | None  # kept until the peer confirms the newer one
    into: bytes  # receiver: absolute path of the chosen folder; sender: b""
    finished: bool  # receiver: nothing of it is awaited any more, only the sender may not know it yet
    contact: ContactId | None = None  # None: by code
    theirs: bytes = b""  # receiver, with a contact: the 16 bytes by which the contact calls it
    is_refused: bool = False  # with a contact: the person has stopped it; its entries are not known any more


class Records(Protocol):
    """Resumption records, durable when a call returns.

    Those by code are kept 7 days. With a contact, the receiver's are kept 28 days, the sender's as long as it
    is in the queue, under the same id.
    """

    def create(self, head: RecordHead, entries: Iterable[RecordEntry]) -> None:
        """Raises MisuseError: there is no such contact, or it does not wait for it (any more), or what the
        contact calls by this name is here already."""
        ...

    def unfinished(self, role: Role) -> list[RecordHead]:
        """Those by code."""
        ...

    def of_contact(self, contact: ContactId, role: Role) -> list[RecordHead]: ...
    def of_contacts(self, role: Role) -> list[RecordHead]:
        """Those with any contact."""
        ...

    def awaited_bytes(self, *, a_file_bytes: int) -> int:
        """What contacts were promised a place for, and is not there yet; of a file that has begun, all of it.
        `a_file_bytes`: what each costs besides its content."""
        ...

    def go_on(self, id: HandoverId) -> None:
        """A session with the contact goes on with it: its days are counted from now."""
        ...

    def entries(self, id: HandoverId) -> list[RecordEntry]: ...
    def replace_secret(self, id: HandoverId, new: bytes, *, used: bytes | None = None) -> None:
        """`new` becomes the secret, the one that was `used` in this session becomes the older one.

        Without `used`, the one that the peer is known to have: the older one as long as it is there.
        """
        ...

    def confirm_secret(self, id: HandoverId) -> None:
        """The peer has stored the newer one: forget the older."""
        ...

    def remember_flight(self, id: HandoverId, ephemeral: bytes) -> bool:
        """False if this 32-byte ephemeral key was seen before, or too many were: a replay."""
        ...

    def mark(self, id: HandoverId, numbers: Sequence[int], state: FileState) -> None: ...
    def mark_placing(self, id: HandoverId, inodes: Sequence[tuple[int, int]]) -> None:
        """(number, inode) of files about to be given their names."""
        ...

    def mark_finished(self, id: HandoverId) -> None: ...
    def refuse(self, id: HandoverId) -> None:
        """Receiver, with a contact: what was accepted is not wanted any more. All that stays is that, for its
        28 days. Nothing of this id, or that it is all in place, is no error."""
        ...

    def forget(self, id: HandoverId) -> None: ...
