"""`satchel doctor` on hosts whose network is broken on purpose: it names the cause, and its own command
cures it. "They do not find each other" is what users of such programs ask for most."""

import ipaddress
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from end_to_end.programs import SATCHEL, Person, hand_over
from lab import Host, Lab
from lab.clock import Clock
from lab.namespace import environment

pytestmark = pytest.mark.lab

MEETING = {
    "no_link", "wifi_off", "no_multicast", "firewall", "firewall_out", "vpn", "port_busy"
}  # fmt: skip
DEFAULT_DENY = """
table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        iifname lo accept
        meta l4proto 58 accept
        tcp flags & (syn | ack) != syn accept
    }
}
"""
OUT_DENY = """
table inet filter {
    chain output {
        type filter hook output priority 0; policy drop;
        oifname lo accept
        meta l4proto 58 accept
    }
}
"""
DROP_PORT = """
table {family} filter {{
    chain input {{
        type filter hook input priority 0;
        udp dport 61530 drop
    }}
}}
"""
HOLDER = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holding:
    holding.bind(("0.0.0.0", 61530))
    print("holding", flush=True)
    sys.stdin.read()
"""


def need(tool: str) -> None:
    if not shutil.which(tool, path=environment()["PATH"]):
        pytest.skip(f"the command {tool} is missing")


def doctor(host: Host, *arguments: str, clock: Clock | None = None) -> tuple[list[dict[str, Any]], int]:
    """(What it says, its exit code)."""
    command = [*SATCHEL, "doctor", "--json", "--home", str(host.home / "profile"), *arguments]
    done = host.run(command, check=False, clock=clock)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events, done.stderr
    assert events[-1]["event"] == "done", done.stderr
    found = [event for event in events if event["event"] == "finding"]
    assert events[-1]["findings"] == len(found)
    assert done.returncode == (
        1 if found else 0
    )  # of this machine itself, swap for one, may be something too
    return events, done.returncode


def causes(events: list[dict[str, Any]]) -> list[str]:
    return [event["name"] for event in events if event["event"] == "finding" and event["name"] in MEETING]


def hints(events: list[dict[str, Any]]) -> list[str]:
    return [event["name"] for event in events if event["event"] == "hint"]


def cure(host: Host, events: list[dict[str, Any]], name: str) -> None:
    """Run its command, as it stands there."""
    found = [event for event in events if event.get("name") == name]
    assert len(found) == 1
    assert found[0]["command"]
    host.run(["sh", "-e", "-c", found[0]["command"]])


def rules(host: Host, text: str) -> None:
    host.run(["nft", "-f", "-"], text=text, env=environment())


def letter(folder: Path) -> Path:
    path = folder / "letter"
    path.write_text("x")
    return path


def test_a_healthy_host_has_no_finding_and_tells_nobody(lab: Lab) -> None:
    """Exit code 0; and no packet, nor a membership report, says that Satchel was here (W)."""
    amina = lab.host("amina")
    lab.host("bilal")
    with lab.watch() as watch:
        events, _ = doctor(amina)
    assert causes(events) == []
    assert hints(events)[0] == "isolation"
    assert not list(watch.traffic().from_programs())
    groups = (ipaddress.ip_address("224.0.0.181").packed, ipaddress.ip_address("ff02::7361").packed)
    assert not [packet for packet in watch.traffic() if any(group in packet.payload for group in groups)]


@pytest.mark.parametrize("settings", [{"ipv4": False}, {"ipv6": False}], ids=["only IPv6", "only IPv4"])
def test_one_family_is_enough(lab: Lab, settings: dict[str, bool]) -> None:
    events, _ = doctor(lab.host("amina", **settings))  # type: ignore[arg-type]
    assert causes(events) == []


def test_a_firewall_that_lets_nothing_in(lab: Lab, tmp_path: Path) -> None:
    """Found, cured by the command, and then a hand-over from behind it comes through: TCP, too."""
    need("nft")
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    for person in (amina, bilal):
        rules(person.host, DEFAULT_DENY)
        events, _ = doctor(person.host)
        assert causes(events) == ["firewall"]
        assert hints(events) in ([], ["landlock"])
        cure(person.host, events, "firewall")
        events, _ = doctor(person.host)
        assert causes(events) == []
        assert "tcp_ports" in hints(events)  # whether they are open too, cannot be known from one side
    hand_over(amina, bilal, letter(tmp_path))


def test_a_firewall_that_drops_only_our_port(lab: Lab) -> None:
    need("nft")
    amina = lab.host("amina")
    rules(amina, DROP_PORT.format(family="ip"))
    events, _ = doctor(amina)
    assert causes(events) == []  # IPv6 is open, and enough
    rules(amina, DROP_PORT.format(family="ip6"))
    events, _ = doctor(amina)
    assert causes(events) == ["firewall"]
    cure(amina, events, "firewall")
    events, _ = doctor(amina)
    assert causes(events) == []
    assert "tcp_ports" not in hints(events)


def test_a_firewall_that_lets_nothing_out(lab: Lab) -> None:
    need("nft")
    amina = lab.host("amina")
    rules(amina, OUT_DENY)
    events, _ = doctor(amina)
    assert causes(events) == ["firewall_out"]
    cure(amina, events, "firewall_out")
    assert causes(doctor(amina)[0]) == []


def test_multicast_switched_off(lab: Lab) -> None:
    amina = lab.host("amina")
    amina.run(["ip", "link", "set", "wlan0", "multicast", "off"])
    events, _ = doctor(amina)
    assert causes(events) == ["no_multicast"]
    cure(amina, events, "no_multicast")
    assert causes(doctor(amina)[0]) == []


def test_the_port_is_taken(lab: Lab) -> None:
    """Who has it is said; a second Satchel, which shares it, is none."""
    amina = lab.host("amina")
    holding = amina.talk([sys.executable, "-c", HOLDER])
    holding.expect("holding")
    events, _ = doctor(amina)
    assert causes(events) == ["port_busy"]
    busy = next(event for event in events if event["name"] == "port_busy")
    assert Path(sys.executable).resolve().name[:6] in busy["what"]
    cure(amina, events, "port_busy")
    assert holding.wait() != 0
    assert causes(doctor(amina)[0]) == []


def test_another_satchel_does_not_take_the_port(lab: Lab, tmp_path: Path) -> None:
    amina = Person(lab.host("amina"))
    sending = amina.send(letter(tmp_path))
    sending.expect_event("code")
    assert causes(doctor(amina.host)[0]) == []


@pytest.mark.parametrize("broken", ["down", "no address"])
def test_no_link(lab: Lab, tmp_path: Path, broken: str) -> None:
    """A cable between two computers, no router: the command gives each an address."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    for person in (amina, bilal):
        person.host.run(["ip", "address", "flush", "dev", "wlan0"])
        if broken == "down":
            person.host.run(["ip", "link", "set", "wlan0", "down"])
        events, _ = doctor(person.host)
        assert causes(events) == ["no_link"]
        cure(person.host, events, "no_link")
        assert causes(doctor(person.host)[0]) == []
    hand_over(amina, bilal, letter(tmp_path))


def tunnel(host: Host, *routes: str) -> None:
    made = host.run(["ip", "tuntap", "add", "tun0", "mode", "tun"], check=False)
    if made.returncode:
        pytest.skip(f"no tunnels here: {made.stderr}")
    host.run(["ip", "address", "add", "10.200.0.2/32", "dev", "tun0"])
    host.run(["ip", "link", "set", "tun0", "up"])
    for route in routes:
        host.run(["ip", "route", "add", *route.split(), "dev", "tun0"])


def test_a_vpn_that_takes_the_internet_only_is_a_hint(lab: Lab) -> None:
    amina = lab.host("amina")
    tunnel(amina, "default")
    events, _ = doctor(amina)
    assert causes(events) == []
    assert hints(events)[0] == "vpn_up"
    cure(amina, events, "vpn_up")
    assert "vpn_up" not in hints(doctor(amina)[0])


def test_a_vpn_that_takes_the_neighbourhood(lab: Lab) -> None:
    """Answers to who dials us would go into the tunnel."""
    amina = lab.host("amina")
    lab.host("bilal")
    tunnel(amina, "default", "10.0.0.0/9", "10.77.0.0/17", "10.77.128.0/17")
    events, _ = doctor(amina)
    assert causes(events) == ["vpn"]
    cure(amina, events, "vpn")
    assert causes(doctor(amina)[0]) == []


def test_a_vpn_by_rules_is_seen_as_one_by_routes(lab: Lab) -> None:
    """wg-quick keeps its routes in a table of their own."""
    amina = lab.host("amina")
    tunnel(amina)
    amina.run(["ip", "route", "add", "default", "dev", "tun0", "table", "51820"])
    amina.run(["ip", "rule", "add", "table", "main", "suppress_prefixlength", "0", "priority", "100"])
    amina.run(["ip", "rule", "add", "table", "51820", "priority", "101"])
    events, _ = doctor(amina)
    assert causes(events) == []
    assert hints(events)[0] == "vpn_up"


def test_a_vpn_that_lets_nothing_past_it(lab: Lab) -> None:
    need("nft")
    amina = lab.host("amina")
    tunnel(amina, "default")
    rules(amina, OUT_DENY)
    events, _ = doctor(amina)
    assert causes(events) == ["vpn"]
    assert "tun0" in next(event["what"] for event in events if event["name"] == "vpn")


@pytest.mark.parametrize("clock", ["1970-01-02 00:00:00", "2099-01-01 00:00:00"])
def test_a_wrong_clock(lab: Lab, clock: str) -> None:
    events, code = doctor(lab.host("amina"), clock=clock)
    wrong = [event for event in events if event.get("name") == "clock"]
    assert len(wrong) == 1
    assert "date --set" in wrong[0]["command"]
    assert code == 1


def test_a_right_clock(lab: Lab) -> None:
    events, _ = doctor(lab.host("amina"), clock="2027-01-01 00:00:00")
    assert not [event for event in events if event.get("name") == "clock"]


def test_a_full_disk_and_one_that_is_read_only(lab: Lab, small_disk: Path) -> None:
    amina = lab.host("amina")
    events, _ = doctor(amina, "--home", str(small_disk / "profile"))
    assert "disk_full" in [event.get("name") for event in events]
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    events, _ = doctor(amina, "--home", str(small_disk / "profile"))
    assert "profile_read_only" in [event.get("name") for event in events]
    events, _ = doctor(amina, "--home", str(small_disk / "profile"), "--ephemeral")  # needs no disk
    assert "profile_read_only" not in [event.get("name") for event in events]


def test_it_changes_nothing(lab: Lab) -> None:
    """No profile is made by looking for what is wrong with it."""
    amina = lab.host("amina")
    doctor(amina)
    assert not (amina.home / "profile").exists()
    assert not list(amina.home.iterdir())
