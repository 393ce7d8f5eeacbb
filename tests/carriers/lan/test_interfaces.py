"""Which addresses of this machine become links, and how another router is noticed."""

from ipaddress import IPv4Address, ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.carriers.lan.addresses import pack
from satchel.carriers.lan.gateways import default_gateways, hardware_addresses
from satchel.carriers.lan.interfaces import (
    IFF_LOOPBACK,
    IFF_MULTICAST,
    IFF_POINTOPOINT,
    IFF_RUNNING,
    IFF_UP,
    carries_links,
    choose_places,
    survey,
)

UP = IFF_UP | IFF_RUNNING


@pytest.mark.parametrize(
    ("flags", "carries"),
    [
        (UP | IFF_MULTICAST, True),
        (UP | IFF_LOOPBACK, True),
        (IFF_UP | IFF_MULTICAST, False),  # cable out
        (IFF_RUNNING | IFF_MULTICAST, False),
        (UP, False),
        (UP | IFF_MULTICAST | IFF_POINTOPOINT, False),  # W1: a VPN's operator hears no beacon
        (0, False),
    ],
)
def test_flags(flags: int, carries: bool) -> None:
    assert carries_links(flags) is carries


@pytest.mark.parametrize(
    ("networks", "chosen"),
    [
        (["192.168.1.5/24"], ["192.168.1.5"]),
        (["169.254.1.1/16", "192.168.1.5/24"], ["192.168.1.5"]),
        (["2001:db8::5/64", "fd00::5/64", "fe80::5/64"], ["fe80::5"]),
        (["10.0.0.1/8", "10.0.0.2/8", "fe80::5/64"], ["10.0.0.1", "fe80::5"]),
        ([], []),
    ],
)
def test_one_place_per_family(networks: list[str], chosen: list[str]) -> None:
    places = choose_places("eth0", 3, [ip_interface(n) for n in networks], is_loopback=False)
    assert [place.address for place in places] == [pack(text) for text in chosen]
    assert all(ip_interface(n) in places[-1].networks for n in networks if ":" in n)


def test_loopback_is_ipv4_only() -> None:
    networks = [ip_interface("127.0.0.1/8"), ip_interface("::1/128")]
    places = choose_places("lo", 1, networks, is_loopback=True)
    assert [place.address for place in places] == [pack("127.0.0.1")]


def test_this_machine_has_a_loopback_link() -> None:
    found = survey()
    assert pack("127.0.0.1") in found.addresses
    assert [place.interface for place in found.places if place.is_loopback] == ["lo"]
    assert survey().places == found.places  # nothing changed: no link goes down


ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
usb0\t000A0A0A\t0101A8C0\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
broken line
"""
NEIGHBOURS = """IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         02:00:00:00:00:01     *        wlan0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        wlan0
192.168.1.1      0x1         0x2         02:00:00:00:00:02     *        usb0
"""


def test_default_gateway_and_its_hardware_address() -> None:
    router = IPv4Address("192.168.1.1")
    assert default_gateways(ROUTES) == {"wlan0": router}
    known = hardware_addresses(NEIGHBOURS)
    assert known["wlan0", router] == "02:00:00:00:00:01"
    assert ("wlan0", IPv4Address("192.168.1.9")) not in known


@given(st.text())
def test_any_table_is_read(text: str) -> None:
    default_gateways(text)
    hardware_addresses(text)
