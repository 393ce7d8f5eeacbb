"""Asking the kernel which way a packet would go (rtnetlink(7)), without sending one.

/proc/net/route shows one table of several: a VPN by wg-quick has its own, with a rule that leads to it.
"""

import socket
import struct
from ipaddress import IPv4Address

RTM_NEWROUTE, RTM_GETROUTE = 24, 26
NLM_F_REQUEST = 1
RTA_DST, RTA_OIF = 1, 4
HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
ROUTE = struct.Struct("=8BI")  # rtmsg
ATTRIBUTE = struct.Struct("=HH")
ANSWER_MAX_BYTES = 8192
WAIT_S = 1.0


def way_to(ip: IPv4Address) -> str | None:
    """The interface by which packets of unbound sockets would leave for `ip`; None where none may.

    Raises:
        OSError: the kernel may not be asked.
    """
    attribute = ATTRIBUTE.pack(8, RTA_DST) + ip.packed
    question = ROUTE.pack(socket.AF_INET, 32, 0, 0, 0, 0, 0, 0, 0) + attribute
    header = HEADER.pack(HEADER.size + len(question), RTM_GETROUTE, NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asking:
        asking.settimeout(WAIT_S)
        asking.send(header + question)  # not connected: to the kernel
        index = outgoing_interface(asking.recv(ANSWER_MAX_BYTES))
        return None if index is None else socket.if_indextoname(index)


def outgoing_interface(answer: bytes) -> int | None:
    """The index in the kernel's answer to RTM_GETROUTE; None where it is an error."""
    if len(answer) < HEADER.size + ROUTE.size or HEADER.unpack_from(answer)[1] != RTM_NEWROUTE:
        return None
    at = HEADER.size + ROUTE.size
    while at + ATTRIBUTE.size <= len(answer):
        length, kind = ATTRIBUTE.unpack_from(answer, at)
        if length < ATTRIBUTE.size:
            return None
        if kind == RTA_OIF and length == 8 and at + 8 <= len(answer):
            return int(struct.unpack_from("=i", answer, at + 4)[0])
        at += length + 3 & ~3
    return None
