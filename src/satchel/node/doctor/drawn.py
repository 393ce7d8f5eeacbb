"""What a command needs that nobody else may know or have: drawn anew for each look."""

import shlex
from dataclasses import dataclass
from typing import Self

# None that is taken for another when read from a screen. 32 of them, so that each byte gives 5 bits evenly.
SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"
RANDOM_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A hotspot that does not exist yet, and addresses. A password that a program always uses is known to
    everybody (SHAREit), a name that it always uses says who is here, and a fixed address may be taken."""

    network: str  # name of the hotspot, without a meaning
    password: str  # 60 bits
    mac: str  # unicast, and not of a maker's
    link_local: str  # RFC 3927

    @classmethod
    def of(cls, random: bytes) -> Self:
        """`random`: RANDOM_BYTES of them."""
        assert len(random) == RANDOM_BYTES
        signs = "".join(SIGNS[byte % len(SIGNS)] for byte in random[:16])
        first, *others = random[16:22]
        return cls(
            network=f"net-{signs[:4]}",
            password=f"{signs[4:8]}-{signs[8:12]}-{signs[12:]}",
            mac=":".join(f"{byte:02x}" for byte in (first & 0xFC | 0x02, *others)),
            link_local=f"169.254.{1 + random[22] % 254}.{random[23]}",
        )

    def hotspot(self, interface: str) -> str:
        """The line that opens it with NetworkManager, on an interface that this machine has."""
        return (
            f"nmcli device wifi hotspot ifname {shlex.quote(interface)}"
            f" ssid {self.network} password {self.password}"
        )
