"""What time it is for this node, kept over its runs. Any thread may ask, and any may teach it something.

What it means is core's (identity/clocks.py); here it is read, and written down before it is used.
"""

import threading

from satchel.core.bundles.lifetime import best_clock_s
from satchel.core.identity.clocks import Clocks, Reading
from satchel.core.identity.contacts import ContactId
from satchel.node import clock
from satchel.ports.contacts import Contacts


class NodeClock:
    """One for a running node."""

    def __init__(self, contacts: Contacts, *, build_s: int) -> None:
        self._contacts = contacts
        self._changing = threading.Lock()
        # Both at once, and never changed: the loop reads them while a thread writes others to the disk.
        self._known: tuple[Clocks, float] = contacts.clocks(build_s=build_s), clock.awake_and_asleep_s()

    def read(self) -> Reading:
        """Node time. Never waits."""
        clocks, since_s = self._known
        return clocks.read(clock_s=clock.wall_s(), since_saved_s=clock.awake_and_asleep_s() - since_s)

    def best_s(self) -> int | None:
        """By which letters expire: see best_clock_s. Never waits."""
        return best_clock_s(self._known[0], self.read())

    def offset_s(self, contact: ContactId) -> int:
        """How far ahead of node time this contact's clock was last."""
        return self._known[0].offset_s(contact)

    def learn(self, contact: ContactId, *, ahead_s: int, plausible: bool) -> None:
        """What a contact told; durable when this returns. Raises PeerError: a clock that cannot be."""
        with self._changing:
            reading = self.read()
            clocks, since_s = self._known
            their_s = reading.time_s + ahead_s if plausible else None
            learned = clocks.learn(contact, their_s, reading)
            self._contacts.save_clocks(learned)
            self._known = learned, since_s

    def save(self) -> None:
        """To go on from in a later run whose clock cannot be right; blocks for a write."""
        with self._changing:
            saved = self._known[0].save(self.read())
            self._contacts.save_clocks(saved)
            self._known = saved, clock.awake_and_asleep_s()
