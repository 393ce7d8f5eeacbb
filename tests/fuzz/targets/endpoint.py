"""carriers/lan/addresses: an address and port that a person typed, as somebody else may have dictated it."""

from collections.abc import Iterator
from ipaddress import ip_address

from fuzz.targets.spoken_code import refused_well
from satchel.carriers.lan.addresses import (
    PORT_MIN,
    interface_index,
    needs_scope,
    parse_endpoint,
    socket_address,
)
from satchel.errors import MisuseError

TYPED = (
    "192.168.1.5:40000",
    "[fd00::5]:40000",
    "[fe80::5%wlan0]:40000",
    "[::ffff:10.0.0.1]:40000",
    "127.0.0.1:65535",
    " 10.0.0.1:1024\n",
    "example:40000",
    "fe80::1:40000",
    "[fe80::5%]:40000",
    "[::]:65536",
    "10.0.0.1:",
    "10.0.0.1:1023",
)


def zone_index(name: str) -> int | None:
    interface_index(name)  # whatever stands there, the kernel is asked without an exception
    return 3 if name == "wlan0" else None


def check(data: bytes) -> bool:
    try:
        endpoint = parse_endpoint(data.decode("utf-8", "surrogateescape"), zone_index)
    except MisuseError as refused:
        return refused_well(refused)
    host, port, *_ = socket_address(endpoint)
    ip_address(host)  # a number and no name: nobody is asked for it
    assert "%" not in host
    assert PORT_MIN <= port <= 65535
    assert endpoint.scope == 0 or needs_scope(endpoint.address)
    return True


def seeds() -> Iterator[bytes]:
    return (text.encode() for text in TYPED)
