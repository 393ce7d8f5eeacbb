"""What a post office needs of the world."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from satchel.core.identity.clocks import Reading
from satchel.node import events
from satchel.ports import Entropy
from satchel.ports.bundles import Bundles
from satchel.ports.contacts import Contact
from satchel.ports.inventories import Inventories
from satchel.ports.letters import Arrivals, Chains, Letters, Sending


class Clock(Protocol):
    """Node time; NodeClock is one."""

    def read(self) -> Reading: ...
    def best_s(self) -> int | None:
        """See core.bundles.lifetime.best_clock_s."""
        ...


class People(Protocol):
    """What is asked of ports.contacts.Contacts."""

    def all(self) -> list[Contact]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Of one profile."""

    contacts: People
    chains: Chains
    letters: Letters
    sending: Sending
    arrivals: Arrivals
    bundles: Bundles
    inventories: Inventories


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """And what else there is."""

    stores: Stores
    entropy: Entropy
    clock: Clock
    now_s: Callable[[], float]  # of a clock that is never set
    report: events.Report
    space_bytes: int  # for bundles (custody 2.3); more, where that is not twice the next
    others_bytes: Callable[[int], int]
    """How much what others brought may take, where it takes so much now."""
    has_room: Callable[[int], bool]
    """On the disk, for a letter of a contact whose letters take so many bytes already."""
