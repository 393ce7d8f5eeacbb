"""Sets, and a whole conversation between two of them."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from satchel.core.reconcile.effects import Have, Need, Say, Settled
from satchel.core.reconcile.initiator import Initiator
from satchel.core.reconcile.message import MESSAGE_BYTES_MAX
from satchel.core.reconcile.records import Records
from satchel.core.reconcile.responder import Responder

Row = tuple[int, bytes]
HOUR = 60_000  # of 2026, counted from 2020


def named(name: object) -> bytes:
    """An id as they are: a hash."""
    return hashlib.sha256(repr(name).encode()).digest()


def drawn(name: object, count: int, *, hours: int = 700) -> list[Row]:
    """Records that are the same in every run, spread over some hours."""
    ids = [named((name, number)) for number in range(count)]
    return [(HOUR + int.from_bytes(id[:4], "big") % hours, named(id)) for id in ids]


def listed(vector: dict[str, Any]) -> list[Row]:
    """What a vector means by a set (page, 9)."""
    hours = vector["hours"]
    numbers = range(len(hours) * vector["each"])
    ids = (hashlib.sha256(b"record" + number.to_bytes(4, "big")).digest() for number in numbers)
    return [(hours[number % len(hours)], id) for number, id in zip(numbers, ids, strict=True)]


@dataclass
class Talk:
    """What came of a conversation."""

    messages: list[bytes] = field(default_factory=list)  # of both, in turn
    has: list[bytes] = field(default_factory=list)
    needs: list[bytes] = field(default_factory=list)
    settled: bool = False

    @property
    def rounds(self) -> int:
        return len(self.messages) // 2

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.messages))

    def hear(self, initiator: Initiator, answer: bytes) -> bytes | None:
        """The next message, where there is one."""
        following = None
        for effect in initiator.hear(answer):
            match effect:
                case Say(message=message):
                    following = message
                case Have(ids=ids):
                    self.has += ids
                case Need(ids=ids):
                    self.needs += ids
                case Settled():
                    self.settled = True
        return following


def reconcile(
    ours: Records,
    theirs: Records,
    *,
    limit_bytes: int = MESSAGE_BYTES_MAX,
    answer_bytes: int = MESSAGE_BYTES_MAX,
) -> Talk:
    """From the first message to the end."""
    talk = Talk()
    initiator = Initiator(ours, limit_bytes=limit_bytes)
    responder = Responder(theirs, limit_bytes=answer_bytes)
    said: bytes | None = initiator.begin().message
    while said is not None:
        answer = responder.hear(said)
        talk.messages += [said, answer]
        said = talk.hear(initiator, answer)
    return talk
