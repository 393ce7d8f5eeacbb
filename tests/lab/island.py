"""A network: one bridge, one IPv4 subnet, link-local IPv6. Gives addresses; changes nothing by itself."""

import ipaddress
import random
from dataclasses import dataclass, field

from lab.host import NIC, Place, Route

PREFIX_BITS = 16


@dataclass(slots=True, kw_only=True)
class Island:
    """What kind of network; a host may differ in `ipv4`, `ipv6`, `isolated` and `route`."""

    name: str
    number: int
    isolate: bool = False  # an access point that keeps its clients apart
    multicast: bool = True  # False: it drops UDP multicast
    ipv4: bool = True
    ipv6: bool = True
    route: Route = "none"
    _used: set[str] = field(default_factory=set)

    @property
    def bridge(self) -> str:
        """The interface that all cables end in."""
        return f"br{self.number}"

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        """The IPv4 network."""
        return ipaddress.IPv4Network(f"10.{76 + self.number}.0.0/{PREFIX_BITS}")

    @property
    def gateway(self) -> str:
        """Where a default route leads, "dead" or "void"."""
        return str(self.subnet[-2])

    @property
    def resolver(self) -> str:
        """Whom hosts ask for names. Nobody answers, but the question is on the cable."""
        return str(self.subnet[-3])

    def place(self, chance: random.Random, *, ipv4: bool, ipv6: bool) -> Place:
        """A place for a host, with addresses by chance.

        By chance, since equal host numbers on every island would be a link between a host's networks
        that no real network makes (W1 tests would then see what is not there).
        """
        return Place(
            island=self.name,
            ip=self._free_ip(chance) if ipv4 else None,
            ip6=f"{ipaddress.IPv6Address((0xFE80 << 112) | chance.getrandbits(64))}%{NIC}" if ipv6 else None,
        )

    def _free_ip(self, chance: random.Random) -> str:
        while True:
            ip = str(self.subnet[chance.randrange(256, 2**PREFIX_BITS - 1024)])
            if ip not in self._used:
                self._used.add(ip)
                return ip


def host_lines(
    island: Island, place: Place, *, mac: str, route: Route, congestion: str, card: str = NIC
) -> list[str]:
    """Lines of iproute2 that plug a host's card in, to be run in the host."""
    # The routes name the congestion control. A namespace inherits the machine's, and only its own
    # kernel settings may allow another; a route needs no leave. BBR would hide what a bad radio does.
    how = f"dev {card} congctl {congestion}"
    silent = "02:00:00:00:00:01"  # takes all, answers nothing; no ARP, so the frames do leave
    void = f"lladdr {silent} dev {card} nud permanent"
    lines = [f"link set {card} address {mac}", f"link set {card} up"]
    if place.ip:
        lines += [
            f"addr add {place.ip}/{PREFIX_BITS} broadcast + dev {card} noprefixroute",
            f"route append {island.subnet} {how} scope link src {place.ip}",
            f"neigh replace {island.resolver} {void}",
        ]
    if place.ip6:
        address = place.ip6.partition("%")[0]
        lines += [f"addr add {address}/64 dev {card} nodad noprefixroute", f"route append fe80::/64 {how}"]
        lines += [f"neigh replace {resolver6(island)} {void}"]
    if route == "none":
        return lines
    both = ((island.gateway, place.ip), (gateway6(island), place.ip6))
    gateways = [gateway for gateway, address in both if address]
    if route == "void":
        lines += [f"neigh replace {gateway} {void}" for gateway in gateways]
    return [*lines, *(f"route add default via {gateway} {how}" for gateway in gateways)]


def gateway6(island: Island) -> str:
    """As `Island.gateway`, without its zone."""
    return f"fe80::{island.number:x}:fffe"


def resolver6(island: Island) -> str:
    """As `Island.resolver`, without its zone."""
    return f"fe80::{island.number:x}:fffd"
