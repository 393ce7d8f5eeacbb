"""Raw sockets on one interface, for the relay and for the watcher."""

import contextlib
import socket
import struct

ETH_P_ALL = 3
SOL_PACKET = 263  # linux/if_packet.h; not in every Python's socket module
PACKET_ADD_MEMBERSHIP = 1
PACKET_STATISTICS = 6
PACKET_IGNORE_OUTGOING = 23
PACKET_MR_PROMISC = 1
SO_RCVBUFFORCE = 33
BUFFER_BYTES = 64 << 20


def open_packet_socket(interface: str, *, outgoing: bool = False) -> socket.socket:
    """A non-blocking socket that hears every frame of `interface`; with `outgoing` also those sent on it."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((interface, ETH_P_ALL))
    if not outgoing:
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    request = struct.pack("=iHH8s", socket.if_nametoindex(interface), PACKET_MR_PROMISC, 0, b"")
    sock.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    with contextlib.suppress(PermissionError):  # above the machine's limit only with rights over the machine
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    sock.setblocking(False)
    return sock


def frames_dropped(sock: socket.socket) -> int:
    """Frames that this socket had no room for, since the last call."""
    _, dropped = struct.unpack("=II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    return int(dropped)
