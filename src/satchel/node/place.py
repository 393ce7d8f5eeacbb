"""One link of a running node, with its beacon, and which network it is in."""

from dataclasses import dataclass

from satchel.core.discovery.beacon import Beacon
from satchel.core.identity.networks import network_id
from satchel.ports import Link


@dataclass(slots=True, eq=False)
class Place:
    """Used from the loop of Neighbours."""

    link: Link
    machine: Beacon
    wake_at_s: float = float("inf")


def network_of(salt: bytes, link: Link) -> bytes | None:
    """None: nothing tells this one from another with the same addresses (yet)."""
    there = link.surroundings
    if there is None:
        return None
    return network_id(
        salt=salt,
        gateway_mac=there.gateway_mac,
        subnet=there.subnet,
        prefix_bits=there.prefix_bits,
    )
