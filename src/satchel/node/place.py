"""One link of a running node, with its beacon."""

from dataclasses import dataclass

from satchel.core.discovery.beacon import Beacon
from satchel.ports import Link


@dataclass(slots=True, eq=False)
class Place:
    """Used from the loop of Neighbours."""

    link: Link
    machine: Beacon
    wake_at_s: float = float("inf")
