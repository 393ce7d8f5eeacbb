"""From facts to findings: each one in both positions, its command for each tool, and the order."""

import shlex
from dataclasses import replace

import pytest

from satchel.node.doctor import Drawn, Facts, Finding, Kind, diagnose
from satchel.node.doctor.drawn import RANDOM_BYTES
from satchel.node.doctor.facts import (
    Announcement,
    Announcer,
    Chain,
    InterfaceFacts,
    LinkFacts,
    Passage,
    ProfileFacts,
)

DRAWN = Drawn.of(bytes(range(RANDOM_BYTES)))
WIFI = InterfaceFacts(name="wlan0", is_wifi=True, mac="02:00:00:00:00:01", connection="c-1")
CABLE = InterfaceFacts(name="eth0", mac="3c:00:00:00:00:01")
TUNNEL = InterfaceFacts(name="tun0", is_tunnel=True)
WITH_MANAGER = {"installed": frozenset({"sudo", "nmcli"}), "running": frozenset({"NetworkManager"})}
HEALTHY = Facts(
    interfaces=(WIFI, CABLE),
    links=(
        LinkFacts(interface="wlan0", answers_leave_by="wlan0"),
        LinkFacts(interface="wlan0", family="IPv6"),
    ),
    internet_by="wlan0",
    now_s=50,
    earliest_s=10,
    latest_s=100,
)


def names(facts: Facts) -> list[str]:
    return [finding.name for finding in diagnose(facts, DRAWN)]


def find(facts: Facts, name: str) -> Finding:
    return next(finding for finding in diagnose(facts, DRAWN) if finding.name == name)


def with_links(on_port: Passage, elsewhere: Passage = Passage.OPEN) -> Facts:
    links = tuple(replace(link, on_port=on_port, elsewhere=elsewhere) for link in HEALTHY.links)
    return replace(HEALTHY, links=links)


def with_announcement(by: Announcer, where: str = "") -> Facts:
    return replace(HEALTHY, announcements=(Announcement(by=by, where=where),))


def test_nothing_is_wrong_and_one_hint_stays() -> None:
    assert names(HEALTHY) == ["isolation"]


# Each fact that alone makes a finding, and which.
BROKEN: dict[str, tuple[Facts, str]] = {
    "no link": (replace(HEALTHY, links=()), "no_link"),
    "wifi off": (replace(HEALTHY, links=(), wifi_is_off=True), "wifi_off"),
    "wifi switch off": (replace(HEALTHY, links=(), wifi_switch_is_off=True), "wifi_off"),
    "no multicast": (replace(HEALTHY, interfaces=(replace(CABLE, has_multicast=False),)), "no_multicast"),
    "shut": (with_links(Passage.SHUT_INWARD), "firewall"),
    "shut outward": (with_links(Passage.SHUT_OUTWARD), "firewall_out"),
    "vpn": (replace(with_links(Passage.SHUT_OUTWARD), interfaces=(WIFI, TUNNEL)), "vpn"),
    "answers by a vpn": (
        replace(
            HEALTHY,
            interfaces=(WIFI, TUNNEL),
            links=(LinkFacts(interface="wlan0", answers_leave_by="tun0"),),
        ),
        "vpn",
    ),
    "answers by no way": (replace(HEALTHY, links=(LinkFacts(interface="wlan0"),)), "vpn"),
    "busy": (replace(HEALTHY, port_is_busy=True), "port_busy"),
    "cryptography": (replace(HEALTHY, cryptography="AES is wrong."), "cryptography"),
    "read-only": (replace(HEALTHY, profile=ProfileFacts(is_read_only=True)), "profile_read_only"),
    "not yours": (replace(HEALTHY, profile=ProfileFacts(is_writable=False)), "profile_not_yours"),
    "full": (replace(HEALTHY, profile=ProfileFacts(free_bytes=1000)), "disk_full"),
    "past": (replace(HEALTHY, now_s=9), "clock"),
    "future": (replace(HEALTHY, now_s=101), "clock"),
    "swap": (replace(HEALTHY, open_swaps=("/dev/sda2",)), "swap"),
    "name": (with_announcement(Announcer.AVAHI), "host_name"),
    "mac": (replace(HEALTHY, interfaces=(replace(WIFI, mac="3c:00:00:00:00:01"),)), "mac_address"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_one_fault_is_one_finding(case: str) -> None:
    facts, name = BROKEN[case]
    found = diagnose(facts, DRAWN)
    assert [finding.name for finding in found if finding.kind is not Kind.HINT] == [name]
    for finding in found:
        assert finding.what.endswith((".", ":"))
        assert finding.safe.endswith(".")
        assert finding.do
        for line in finding.command.splitlines():
            assert shlex.split(line)  # a shell takes it as it stands


@pytest.mark.parametrize("case", BROKEN)
def test_where_the_cause_is_known_nothing_is_guessed(case: str) -> None:
    facts, _ = BROKEN[case]
    kinds = [finding.kind for finding in diagnose(facts, DRAWN)]
    assert Kind.MEETING not in kinds or Kind.HINT not in kinds


@pytest.mark.parametrize(
    "facts",
    [
        replace(HEALTHY, interfaces=(replace(CABLE, has_multicast=False, has_carrier=False),)),
        replace(HEALTHY, interfaces=(replace(CABLE, has_multicast=False, is_up=False),)),
        replace(HEALTHY, interfaces=(replace(TUNNEL, has_multicast=False),)),
        replace(HEALTHY, wifi_is_off=True),  # the cable does
        replace(HEALTHY, hibernates=True),  # to encrypted swap
        replace(HEALTHY, now_s=10),
        replace(HEALTHY, now_s=100),
        replace(HEALTHY, interfaces=(CABLE,)),  # a maker's address on a cable
        replace(HEALTHY, interfaces=(replace(WIFI, mac=""),)),
        replace(HEALTHY, links=(LinkFacts(interface="eth0", answers_leave_by="wlan0"),)),  # the same network
        replace(HEALTHY, links=(LinkFacts(interface="eth0", family="IPv6"),)),  # nothing was asked
        with_links(Passage.UNKNOWN, Passage.UNKNOWN),
    ],
)
def test_this_is_no_fault(facts: Facts) -> None:
    assert names(facts) == ["isolation"]


@pytest.mark.parametrize("shut", [Passage.SHUT_INWARD, Passage.SHUT_OUTWARD])
def test_one_family_is_enough(shut: Passage) -> None:
    ipv4, ipv6 = HEALTHY.links
    assert names(replace(HEALTHY, links=(replace(ipv4, on_port=shut), ipv6))) == ["isolation"]


def test_a_firewall_on_one_interface_is_told_of_that_one() -> None:
    shut = LinkFacts(interface="eth0", answers_leave_by="eth0", on_port=Passage.SHUT_INWARD)
    facts = replace(HEALTHY, links=(*HEALTHY.links, shut))
    assert names(facts) == ["firewall"]
    assert "eth0" in find(facts, "firewall").what


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (
            {"ufw_is_on": True},
            [
                "sudo ufw allow in on wlan0 to any port 61530 proto udp",
                "sudo ufw allow in on wlan0 to any port 32768:60999 proto tcp",
            ],
        ),
        (
            {"running": frozenset({"firewalld"})},
            [
                "sudo sh -c 'firewall-cmd --zone=$(firewall-cmd --get-zone-of-interface=wlan0"
                " || firewall-cmd --get-default-zone)"
                " --add-port=61530/udp --add-port=32768-60999/tcp --timeout=2h'"
            ],
        ),
        (
            {"chains": (Chain(hook="input", family="inet", table="t", name="c"),)},
            [
                "sudo nft insert rule inet t c iifname wlan0 udp dport 61530 accept",
                "sudo nft insert rule inet t c iifname wlan0 tcp dport 32768-60999 accept",
            ],
        ),
        (
            {"installed": frozenset({"sudo", "iptables"})},
            [
                "sudo iptables -I INPUT -i wlan0 -p udp --dport 61530 -j ACCEPT",
                "sudo iptables -I INPUT -i wlan0 -p tcp --dport 32768:60999 -j ACCEPT",
                "sudo ip6tables -I INPUT -i wlan0 -p udp --dport 61530 -j ACCEPT",
                "sudo ip6tables -I INPUT -i wlan0 -p tcp --dport 32768:60999 -j ACCEPT",
            ],
        ),
        ({}, ["sudo nft list ruleset"]),
    ],
    ids=["ufw", "firewalld", "nft", "iptables", "unknown"],
)
def test_a_firewall_is_opened_by_its_own_tool(changes: dict[str, object], lines: list[str]) -> None:
    facts = replace(with_links(Passage.SHUT_INWARD), **changes)  # type: ignore[arg-type]
    assert find(facts, "firewall").command.splitlines() == lines
    hinted = replace(with_links(Passage.OPEN, Passage.SHUT_INWARD), **changes)  # type: ignore[arg-type]
    assert names(hinted) == ["tcp_ports", "isolation"]
    assert find(hinted, "tcp_ports").command.splitlines() == lines


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"ufw_is_on": True}, "sudo ufw allow out on wlan0"),
        (
            {"chains": (Chain(hook="output", family="ip", table="t", name="c"),)},
            "sudo nft insert rule ip t c oif",
        ),
        ({"installed": frozenset({"sudo", "iptables"})}, "sudo iptables -I OUTPUT -o wlan0"),
        ({}, "sudo nft list ruleset"),
    ],
    ids=["ufw", "nft", "iptables", "unknown"],
)
def test_the_way_out_is_opened_by_its_own_tool(changes: dict[str, object], beginning: str) -> None:
    facts = replace(with_links(Passage.SHUT_OUTWARD), **changes)  # type: ignore[arg-type]
    assert find(facts, "firewall_out").command.startswith(beginning)


def test_root_needs_nothing_in_front_and_who_has_no_sudo_gets_su() -> None:
    swap = replace(HEALTHY, open_swaps=("/swapfile",))
    assert find(swap, "swap").command == "sudo swapoff -a"
    assert find(replace(swap, is_root=True), "swap").command == "swapoff -a"
    assert find(replace(swap, installed=frozenset()), "swap").command == "su -c 'swapoff -a'"


@pytest.mark.parametrize(
    ("running", "command"),
    [
        ({"mullvad-daemon"}, "mullvad lan set allow"),
        ({"nordvpnd"}, "nordvpn set lan-discovery enabled"),
        (set(), "sudo ip link set dev tun0 down"),
    ],
)
def test_a_vpn_is_told_in_its_own_words(running: set[str], command: str) -> None:
    facts = replace(with_links(Passage.SHUT_OUTWARD), interfaces=(TUNNEL,), running=frozenset(running))
    assert find(facts, "vpn").command == command
    hint = replace(HEALTHY, interfaces=(TUNNEL,), running=frozenset(running), internet_by="tun0")
    assert names(hint) == ["vpn_up", "isolation"]
    assert find(hint, "vpn_up").command == command


def test_a_vpn_of_network_manager_or_tailscale() -> None:
    hint = replace(HEALTHY, interfaces=(replace(TUNNEL, connection="c-9"),), internet_by="tun0")
    assert find(hint, "vpn_up").command == "nmcli connection down uuid c-9"
    tail = replace(TUNNEL, name="tailscale0")
    hint = replace(HEALTHY, interfaces=(tail,), internet_by="tailscale0", running=frozenset({"tailscaled"}))
    assert find(hint, "vpn_up").command == "sudo tailscale set --exit-node-allow-lan-access"


def test_a_tunnel_that_is_down_takes_nothing() -> None:
    down = replace(TUNNEL, is_up=False)
    assert names(replace(with_links(Passage.SHUT_OUTWARD), interfaces=(down,))) == ["firewall_out"]


def test_no_link_the_hotspot_line_names_the_real_interface_and_a_fresh_password() -> None:
    """lessons.md: no default secret (SHAREit)."""
    facts = replace(HEALTHY, links=(), interfaces=(replace(WIFI, name="wlp3s0"), CABLE), **WITH_MANAGER)  # type: ignore[arg-type]
    hotspot, cable = find(facts, "no_link").command.splitlines()
    assert hotspot == (
        f"nmcli device wifi hotspot ifname wlp3s0 ssid {DRAWN.network} password {DRAWN.password}"
    )
    assert cable.startswith("nmcli connection add type ethernet ifname eth0 ")
    other = Drawn.of(bytes(range(1, RANDOM_BYTES + 1)))
    assert other.password != DRAWN.password
    assert other.network != DRAWN.network
    assert len(DRAWN.password) >= 14  # WPA wants 8 and more; 12 signs of 32


def test_no_link_without_network_manager_a_cable_and_addresses() -> None:
    command = find(replace(HEALTHY, links=()), "no_link").command.splitlines()
    assert command == [
        "sudo ip link set dev eth0 up",
        f"sudo ip address add {DRAWN.link_local}/16 dev eth0",
    ]
    assert find(replace(HEALTHY, links=(), interfaces=()), "no_link").command == ""


def test_a_vpn_alone_is_no_network() -> None:
    assert "tun0" in find(replace(HEALTHY, links=(), interfaces=(TUNNEL,)), "no_link").what
    assert "VPN" not in find(replace(HEALTHY, links=()), "no_link").what


def test_no_link_the_cable_that_is_plugged_in_is_taken() -> None:
    loose = replace(CABLE, name="eth1", has_carrier=False)
    assert "eth0" in find(replace(HEALTHY, links=(), interfaces=(loose, CABLE)), "no_link").command


def test_isolation_is_answered_by_a_network_of_ones_own() -> None:
    facts = replace(HEALTHY, **WITH_MANAGER)  # type: ignore[arg-type]
    assert find(facts, "isolation").command == DRAWN.hotspot("wlan0")
    assert find(HEALTHY, "isolation").command == ""


def test_wifi_off_is_switched_on_by_what_there_is() -> None:
    off = replace(HEALTHY, links=(), wifi_is_off=True)
    assert find(off, "wifi_off").command == "sudo rfkill unblock wifi"
    assert find(replace(off, **WITH_MANAGER), "wifi_off").command == "nmcli radio wifi on"  # type: ignore[arg-type]
    assert find(replace(off, wifi_switch_is_off=True), "wifi_off").command == ""


def test_who_holds_the_port_is_named_where_it_is_known() -> None:
    busy = replace(HEALTHY, port_is_busy=True)
    assert find(busy, "port_busy").command == "sudo ss -lunp sport = :61530"
    known = replace(busy, port_holders=((77, "game"), (78, "game")))
    assert find(known, "port_busy").command == "kill 77\nkill 78"
    assert "game (process 77)" in find(known, "port_busy").what


def test_the_clock_of_the_hardware_is_taken_where_it_looks_right() -> None:
    wrong = replace(HEALTHY, now_s=0, hardware_clock_s=50)
    assert find(wrong, "clock").command.splitlines()[0] == "sudo hwclock --hctosys"
    for hardware in (None, 5, 500):
        assert "hwclock" not in find(replace(wrong, hardware_clock_s=hardware), "clock").command


def test_hibernation_is_told_of_where_it_writes_in_clear() -> None:
    assert names(replace(HEALTHY, open_swaps=("/s",), hibernates=True)) == [
        "swap",
        "hibernation",
        "isolation",
    ]


@pytest.mark.parametrize(
    ("by", "where", "part"),
    [
        (Announcer.AVAHI, "", "sudo systemctl disable --now avahi-daemon.socket avahi-daemon.service"),
        (Announcer.RESOLVED, "", "LLMNR=no"),
        (Announcer.NETWORK_MANAGER, "u-1", "nmcli connection modify uuid u-1 ipv4.dhcp-send-hostname no"),
        (
            Announcer.NETWORKD,
            "/usr/lib/systemd/network/a.network",
            "/etc/systemd/network/a.network.d/quiet.conf",
        ),
        (Announcer.DHCLIENT, "", "/etc/dhcp/dhclient.conf"),
        (Announcer.DHCPCD, "", "/etc/dhcpcd.conf"),
    ],
)
def test_each_way_of_telling_the_host_name_is_silenced(by: Announcer, where: str, part: str) -> None:
    """W1, W2: names and addresses of the machine are the operating system's; the doctor says so."""
    finding = find(with_announcement(by, where), "host_name")
    assert part in finding.command
    assert by.value in finding.what


def test_all_who_tell_the_host_name_are_one_finding() -> None:
    told = [Announcement(by=Announcer.AVAHI), Announcement(by=Announcer.NETWORK_MANAGER, where="u-1")]
    facts = replace(HEALTHY, announcements=(*told, Announcement(by=Announcer.NETWORK_MANAGER, where="u-2")))
    assert names(facts) == ["host_name", "isolation"]
    assert len(find(facts, "host_name").command.splitlines()) == 5
    assert find(facts, "host_name").what.count("NetworkManager") == 1


def test_a_makers_address_is_changed_by_what_manages_the_interface() -> None:
    """W1: the MAC address is the operating system's."""
    fixed = replace(HEALTHY, interfaces=(replace(WIFI, mac="3c:00:00:00:00:01"),))
    assert "wifi.cloned-mac-address random" in find(fixed, "mac_address").command
    plain = replace(HEALTHY, interfaces=(replace(WIFI, mac="3c:00:00:00:00:01", connection=""),))
    assert f"sudo ip link set dev wlan0 address {DRAWN.mac}" in find(plain, "mac_address").command
    idle = replace(WIFI, mac="3c:00:00:00:00:01", name="wlan7")
    assert names(replace(HEALTHY, interfaces=(idle,))) == ["isolation"]  # not in a network


def test_drawn_addresses_are_ones_own_to_give() -> None:
    for seed in range(256):
        drawn = Drawn.of(bytes([seed]) * RANDOM_BYTES)
        first = int(drawn.mac[:2], 16)
        assert first & 3 == 2  # of nobody's make, and of one device
        third = int(drawn.link_local.split(".")[2])
        assert 1 <= third <= 254  # RFC 3927 2.1


def test_a_limit_of_locked_memory_matters_with_open_swap_only() -> None:
    """T1, T2: keys in swap."""
    limited = replace(HEALTHY, can_keep_out_of_swap=False, user=1000)
    assert names(limited) == ["isolation"]
    swapping = replace(limited, open_swaps=("/s",))
    assert names(swapping) == ["swap", "isolation", "memory_lock"]
    assert shlex.split(find(swapping, "memory_lock").command) == [
        "sudo", "sh", "-c", "echo :1000 - memlock unlimited > /etc/security/limits.d/memlock.conf"
    ]  # fmt: skip
    assert names(replace(swapping, can_keep_out_of_swap=True)) == ["swap", "isolation"]


def test_landlock_is_a_hint() -> None:
    facts = replace(HEALTHY, can_confine_writes=False)
    assert names(facts) == ["isolation", "landlock"]
    assert find(facts, "landlock").command == ""
    there = replace(facts, security_modules="capability,landlock,yama")
    assert find(there, "landlock").command == ""  # switched on, and too old
    off = replace(facts, security_modules="capability,yama")
    assert find(off, "landlock").command == "lsm=landlock,capability,yama"


def test_what_keeps_from_meeting_comes_first() -> None:
    facts = replace(
        with_links(Passage.SHUT_INWARD),
        open_swaps=("/s",),
        now_s=0,
        port_is_busy=True,
        can_confine_writes=False,
    )
    assert names(facts) == ["firewall", "port_busy", "clock", "swap", "landlock"]


def test_a_strange_interface_name_is_one_word_of_the_command() -> None:
    odd = "a;b$(c)"
    link = LinkFacts(interface=odd, family="IPv6", on_port=Passage.SHUT_INWARD)
    facts = replace(HEALTHY, links=(link,), ufw_is_on=True)
    assert odd in shlex.split(find(facts, "firewall").command.splitlines()[0])
