"""What was used once and must not work again until its key is erased (P3, W1): nonces of beacons that were
recognised. Bounded for each contact and day, so that no contact can fill a memory (M3).

Keeps nothing on a disk: what it takes in, the node stores, and gives back at the next start.
Spec: docs/spec/discovery.md, 6.4.
"""

from collections.abc import Iterable

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Epochs
from satchel.errors import MisuseError

SPENT_BYTES = 16
SPENT_PER_EPOCH_MAX = 1000  # an honest contact that never leaves uses 720 nonces a day


class Spent:
    """Values of 16 bytes by contact and epoch: 16 kB for each at most."""

    def __init__(self, stored: Iterable[tuple[ContactId, int, bytes]] = ()) -> None:
        """`stored`: contact, epoch and value, from earlier runs."""
        self._values: dict[ContactId, dict[int, bytearray]] = {}
        for contact, epoch, value in stored:
            self.spend(contact, epoch, value)

    def spend(self, contact: ContactId, epoch: int, value: bytes) -> bool:
        """Take it in. False: it was here before, or this contact used too many that day."""
        if len(value) != SPENT_BYTES:
            raise MisuseError(f"what is spent has {SPENT_BYTES} bytes")
        epochs = self._values.setdefault(contact, {})
        values = epochs.setdefault(epoch, bytearray())
        if len(values) >= SPENT_PER_EPOCH_MAX * SPENT_BYTES:
            return False
        if any(_holds(each, value) for each in epochs.values()):  # a hostile contact uses it under two keys
            return False
        values += value
        return True

    def erase_below(self, contact: ContactId, epochs: Epochs) -> None:
        """Whatever no key can match any more."""
        kept = self._values.get(contact, {})
        for epoch in [epoch for epoch in kept if not epochs.listening.reaches(epoch)]:
            del kept[epoch]

    def forget(self, contact: ContactId) -> None:
        self._values.pop(contact, None)


def _holds(values: bytearray, value: bytes) -> bool:
    at = values.find(value)
    while at % SPENT_BYTES and at >= 0:  # across two of them: not one
        at = values.find(value, at + 1)
    return at >= 0
