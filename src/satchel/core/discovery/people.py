"""What all links of a node know together about its contacts: who is to be shouted to, and who dialled.

Nothing in here is drawn for a packet: what a link sends is drawn for that link alone (W1).
Spec: docs/spec/discovery.md, 4.4 and 7.
"""

import math
from collections.abc import Collection

from satchel.core.crypto.kdf import MacKey
from satchel.core.discovery.datagram import SLOTS_MAX, fraction
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Epochs
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Tags

UNHEARD_MIN_S, UNHEARD_MAX_S = 60.0, 7 * 86_400.0
MET_LASTS_S = 600.0  # who was met so lately is dialled only for a reason
DIALS_MAX, DIALS_WITHIN_S = 3, 600.0
DIAL_GAP_S = 5.0  # one answer is waited for before another address of the same contact is tried


class People:
    """The contacts of one profile."""

    def __init__(self, *, tags: Tags, spent: Spent) -> None:
        self.tags = tags
        self.spent = spent
        self._mail: set[ContactId] = set()
        self._heard_s: dict[ContactId, float] = {}
        self._met_s: dict[ContactId, float] = {}  # infinity: we are with it now
        self._dialled_s: dict[ContactId, list[float]] = {}

    def put(self, contact: ContactId, epochs: Epochs, *, offset_s: int = 0) -> None:
        """A new contact, or what a session changed about it."""
        self.tags.put(contact, epochs, offset_s=offset_s)
        self.spent.erase_below(contact, epochs)

    def forget(self, contact: ContactId) -> None:
        self.tags.forget(contact)
        self.spent.forget(contact)
        self._mail.discard(contact)
        for table in (self._heard_s, self._met_s, self._dialled_s):
            table.pop(contact, None)

    def set_mail(self, contact: ContactId, *, waits: bool) -> None:
        """Whether anything waits for it."""
        (self._mail.add if waits else self._mail.discard)(contact)

    def began(self, contact: ContactId, now_s: float) -> None:
        """A session with it is there, whoever dialled: so it was heard, too."""
        self._met_s[contact] = math.inf
        self.heard(contact, now_s)

    def ended(self, contact: ContactId, now_s: float) -> None:
        """The last session with it is over: one of both said so."""
        self._met_s[contact] = now_s

    def broke(self, contact: ContactId) -> None:
        """The last session with it broke off: whoever hears the other dials again [7.2]."""
        self._met_s.pop(contact, None)

    def heard(self, contact: ContactId, now_s: float) -> None:
        self._heard_s[contact] = now_s

    def dial(self, contact: ContactId, now_s: float) -> bool:
        """Whether to dial it now; if so, it counts [7.2, 7.3]."""
        if contact not in self.tags or not self._wants(contact, now_s):
            return False
        lately_s = [at_s for at_s in self._dialled_s.get(contact, ()) if now_s - at_s < DIALS_WITHIN_S]
        self._dialled_s[contact] = lately_s
        if len(lately_s) >= DIALS_MAX or (lately_s and now_s - lately_s[-1] < DIAL_GAP_S):
            return False
        lately_s.append(now_s)
        return True

    def _wants(self, contact: ContactId, now_s: float) -> bool:
        met_s = self._met_s.get(contact, -math.inf)
        if met_s == math.inf:
            return False
        return contact in self._mail or now_s - met_s >= MET_LASTS_S

    def choose(self, seed: bytes, now_s: float, *, first: Collection[ContactId] = ()) -> list[ContactId]:
        """Whom the next packet is for: those with mail first, all alike; the longest unheard next [4.4].

        Args:
            seed: 32 random bytes, of this packet only.
            first: those at whose address the packet goes, too.
        """
        draw = MacKey(seed)

        def race(contact: ContactId) -> float:
            """Weighted drawing without putting back (Efraimidis and Spirakis, 2006): the smallest win."""
            unheard_s = now_s - self._heard_s.get(contact, -math.inf)
            weight = min(UNHEARD_MAX_S, max(UNHEARD_MIN_S, unheard_s))
            return -math.log(1.0 - fraction(draw.mac(contact))) / weight

        ranked = sorted(self.tags.contacts, key=race)
        urgent = [contact for contact in ranked if contact in first]
        waited_for = [contact for contact in ranked if contact in self._mail and contact not in first]
        # Not by the time unheard: who was met a minute ago would come last behind all who are elsewhere.
        urgent += sorted(waited_for, key=draw.mac)
        there = set(urgent)
        return (urgent + [contact for contact in ranked if contact not in there])[:SLOTS_MAX]
