"""Reading the kernel's tables of routes and neighbours (proc_net(5)): who is the router of an interface.

Pure: text in, tables out; unknown lines are skipped. Only used to notice that the same interface, with the
same address, is on another network now: two cafes may both hand out 192.168.1.20 (W1).
"""

import struct
from ipaddress import IPv4Address

RTF_GATEWAY = 0x2
ATF_COM = 0x2  # the hardware address is known
ROUTE_FIELDS = 8
ARP_FIELDS = 6


def default_gateways(route_table: str) -> dict[str, IPv4Address]:
    """The gateway of the first IPv4 default route of each interface, from /proc/net/route."""
    gateways: dict[str, IPv4Address] = {}
    for line in route_table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < ROUTE_FIELDS:
            continue
        name, destination, gateway, flags, mask = fields[0], fields[1], fields[2], fields[3], fields[7]
        try:
            is_default = int(destination, 16) == 0 and int(mask, 16) == 0
            if is_default and int(flags, 16) & RTF_GATEWAY:
                ip = IPv4Address(struct.pack("=I", int(gateway, 16)))  # printed as a number of this CPU
                gateways.setdefault(name, ip)
        except (ValueError, struct.error):
            continue
    return gateways


def hardware_addresses(arp_table: str) -> dict[tuple[str, IPv4Address], str]:
    """Known hardware addresses by interface and neighbour, from /proc/net/arp."""
    known: dict[tuple[str, IPv4Address], str] = {}
    for line in arp_table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < ARP_FIELDS:
            continue
        try:
            if int(fields[2], 16) & ATF_COM:
                known[fields[5], IPv4Address(fields[0])] = fields[3]
        except ValueError:
            continue
    return known
