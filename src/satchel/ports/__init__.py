"""What the node needs from the world, as interfaces.

store/ and carriers/ implement these, node/ uses them, cli/ puts them together; none of the three
knows another. Nothing here does anything. People have a module of their own, `contacts`, which a hand-over by
code has no need to load.
"""

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
    Surroundings,
)
from satchel.ports.records import FileState, HandoverId, RecordEntry, RecordHead, Records, Role

__all__ = [
    "DATAGRAM_BYTES",
    "FLIGHT_BYTES",
    "Address",
    "Arrival",
    "Arrived",
    "Chosen",
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
    "Surroundings",
]
