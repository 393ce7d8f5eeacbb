"""The local network: one link per interface and family, datagrams to the group, pipes between neighbours.

Sends nothing but what the node asked for: a datagram to the link-local group, TCP to a dialled local
address, and TCP's own answers. Never resolves a name, never asks a server, needs neither a router nor
a default route. What the bytes mean is decided elsewhere: docs/spec/code-and-rendezvous.md,
docs/spec/transport.md.
"""

from satchel.carriers.lan.addresses import parse_endpoint, show_endpoint
from satchel.carriers.lan.lan import LocalNetwork
from satchel.carriers.lan.pipe import SocketPipe

__all__ = ["LocalNetwork", "SocketPipe", "parse_endpoint", "show_endpoint"]
