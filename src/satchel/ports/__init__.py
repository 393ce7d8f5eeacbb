"""What the node needs from the world, as interfaces.

store/ and carriers/ implement these, node/ uses them, cli/ puts them together; none of the three
knows another. Nothing here does anything.
"""

from satchel.ports.contacts import Contact, Contacts, Taking
from satchel.ports.entropy import Entropy
from satchel.ports.files import Chosen, Landing, OpenSource, Placed, Source, SourceEntry
from satchel.ports.lan import (
    DATAGRAM_BYTES,
    FLIGHT_BYTES,
    Address,
    Arrival,
    Arrived,
    Endpoint,
    Heard,
    Lan,
    LanEvent,
    Link,
    LinkDown,
    LinkUp,
    Pipe,
)
from satchel.ports.records import FileState, HandoverId, RecordEntry, RecordHead, Records, Role

__all__ = [
    "DATAGRAM_BYTES",
    "FLIGHT_BYTES",
    "Address",
    "Arrival",
    "Arrived",
    "Chosen",
    "Contact",
    "Contacts",
    "Endpoint",
    "Entropy",
    "FileState",
    "HandoverId",
    "Heard",
    "Lan",
    "LanEvent",
    "Landing",
    "Link",
    "LinkDown",
    "LinkUp",
    "OpenSource",
    "Pipe",
    "Placed",
    "RecordEntry",
    "RecordHead",
    "Records",
    "Role",
    "Source",
    "SourceEntry",
    "Taking",
]
