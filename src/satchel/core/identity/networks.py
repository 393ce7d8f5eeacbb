"""Which network this is, so that an address is used again only where it was learned. Stored, never sent.

Spec: docs/spec/discovery.md, 7.5.
"""

from dataclasses import dataclass

from satchel.core.crypto.kdf import mac
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError

NETWORK_ID_BYTES = 16
SALT_BYTES = 32
MAC_BYTES = 6
ADDRESS_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAddress:
    """Where a contact was met."""

    contact: ContactId
    address: bytes
    network: bytes  # of `network_id`


def network_id(*, salt: bytes, gateway_mac: bytes, subnet: bytes, prefix_bits: int) -> bytes:
    """16 bytes for a network; without the salt they tell nothing (T1).

    Args:
        salt: 32 random bytes of this profile.
        gateway_mac: 6 bytes, of the router.
        subnet: 16 bytes, the first address of the network; IPv4 as ::ffff:a.b.c.d.
        prefix_bits: of those 128 bits.
    """
    if (len(salt), len(gateway_mac), len(subnet)) != (SALT_BYTES, MAC_BYTES, ADDRESS_BYTES):
        raise MisuseError("a network is told by 32, 6 and 16 bytes")
    return mac(salt, b"satchel network 1" + gateway_mac + subnet + bytes((prefix_bits,)))[:NETWORK_ID_BYTES]
