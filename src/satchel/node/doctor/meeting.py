"""What keeps two devices from finding each other. Pure."""

import shlex
from collections.abc import Iterator

from satchel.node.doctor.commands import as_root, end_tunnel, open_firewall, open_outward
from satchel.node.doctor.drawn import Drawn
from satchel.node.doctor.facts import Facts, Passage
from satchel.node.doctor.finding import Finding, Kind

UNCHANGED = "Nothing of yours was changed, and nothing was sent."
PROVIDER_SEES = "Until you start it again the provider sees what other programs do."


def why_not_met(facts: Facts, drawn: Drawn) -> Iterator[Finding]:
    """The most likely cause first."""
    silent = list(_multicast_off(facts))
    yield from silent
    if not facts.links and not silent:
        yield _no_link(facts, drawn)
    yield from _firewall(facts)
    yield from _not_let_out(facts)
    yield from _answers_astray(facts)
    if facts.port_is_busy:
        yield _port_busy(facts)


def if_they_still_do_not(facts: Facts, drawn: Drawn) -> Iterator[Finding]:
    """What can be told from the other side only."""
    if not facts.links:
        return
    if facts.internet_by in facts.tunnels:
        yield _tunnel(facts)
    if _all_else_is_kept_out(facts):
        yield _tcp(facts)
    yield _isolation(facts, drawn)


def _no_link(facts: Facts, drawn: Drawn) -> Finding:
    """In no network: each of the ways into one, with the line for it."""
    what = (
        f"This computer is in no network that other devices could be in. A VPN ({facts.tunnels[0]}) is none:"
        " who is behind it is elsewhere."
        if facts.tunnels
        else "This computer is in no network that other devices could be in."
    )
    if facts.wifi is not None and facts.wifi_switch_is_off:
        return Finding(
            name="wifi_off",
            kind=Kind.MEETING,
            what=f"{what} Its Wi-Fi is off by a switch or key of the computer.",
            safe=UNCHANGED,
            do="Switch Wi-Fi on with the switch, or the key with the aerial on it, then look again.",
        )
    if facts.wifi is not None and facts.wifi_is_off:
        line = "nmcli radio wifi on" if _has_manager(facts) else as_root(facts, ["rfkill unblock wifi"])
        return Finding(
            name="wifi_off",
            kind=Kind.MEETING,
            what=f"{what} Its Wi-Fi is switched off.",
            safe=UNCHANGED,
            do="Switch it on, then join a network or open a hotspot.",
            command=line,
        )
    do = "Join the Wi-Fi of the other device, or put a network cable between the two; no router is needed."
    lines = []
    if facts.wifi is not None and _has_manager(facts):
        do = (
            "Join the Wi-Fi of the other device, open a hotspot here with the line below and say its password"
            " to the other person (to close it: nmcli connection down Hotspot), or put a network cable"
            " between the two; no router is needed."
        )
        lines.append(drawn.hotspot(facts.wifi))
    lines += _lines_for_a_cable(facts, drawn)
    return Finding(
        name="no_link",
        kind=Kind.MEETING,
        what=what,
        safe=UNCHANGED,
        do=do,
        command="\n".join(lines),
    )


def _lines_for_a_cable(facts: Facts, drawn: Drawn) -> list[str]:
    """Two machines on one cable need no server that gives addresses: both take link-local ones."""
    sockets = [i for i in facts.interfaces if not i.is_tunnel and not i.is_wifi]
    if not sockets:
        return []
    interface = next((i for i in sockets if i.has_carrier), sockets[0])
    name = shlex.quote(interface.name)
    if _has_manager(facts):
        local = "ipv4.method link-local ipv6.method link-local"
        return [f"nmcli connection add type ethernet ifname {name} con-name cable {local}"]
    lines = [f"ip link set dev {name} up", f"ip address add {drawn.link_local}/16 dev {name}"]
    return [as_root(facts, lines)]


def _has_manager(facts: Facts) -> bool:
    return "nmcli" in facts.installed and "NetworkManager" in facts.running


def _multicast_off(facts: Facts) -> Iterator[Finding]:
    for interface in facts.interfaces:
        if (
            interface.is_up
            and interface.has_carrier
            and not interface.is_tunnel
            and not interface.has_multicast
        ):
            yield Finding(
                name="no_multicast",
                kind=Kind.MEETING,
                what=f"Multicast is switched off on {interface.name}: Satchel does not use this network.",
                safe=UNCHANGED,
                do="Switch it on. It stays on until the next restart of this computer.",
                command=as_root(facts, [f"ip link set dev {shlex.quote(interface.name)} multicast on"]),
            )


def _passages(facts: Facts) -> dict[str, list[Passage]]:
    """By interface: what became of Satchel's datagrams there. One family that works is enough."""
    found: dict[str, list[Passage]] = {}
    for link in facts.links:
        found.setdefault(link.interface, []).append(link.on_port)
    return found


def _firewall(facts: Facts) -> Iterator[Finding]:
    for interface, passages in _passages(facts).items():
        if Passage.SHUT_INWARD not in passages or Passage.OPEN in passages:
            continue
        command, until = open_firewall(facts, interface)
        yield Finding(
            name="firewall",
            kind=Kind.MEETING,
            what=f"A firewall of this computer drops what other devices say to Satchel on {interface}"
            f" (UDP port {facts.udp_port}).",
            safe="Nothing was changed. Through these ports Satchel answers nobody but who has a code.",
            do=f"Open them with the lines below, if you trust no other program to listen there. {until}",
            command=command,
        )


def _not_let_out(facts: Facts) -> Iterator[Finding]:
    for interface, passages in _passages(facts).items():
        if Passage.SHUT_OUTWARD not in passages or Passage.OPEN in passages:
            continue
        if facts.tunnels:
            yield Finding(
                name="vpn",
                kind=Kind.MEETING,
                what=f"This computer may say nothing on {interface}: a VPN ({facts.tunnels[0]}) is up, and it"
                " or a firewall lets nothing past it.",
                safe="Nothing left this computer.",
                do=f"Let the VPN allow the local network, or end it while you use Satchel. {PROVIDER_SEES}",
                command=end_tunnel(facts, facts.tunnels[0]),
            )
            continue
        yield Finding(
            name="firewall_out",
            kind=Kind.MEETING,
            what=f"A firewall of this computer, or a VPN that is not up, lets Satchel say nothing on"
            f" {interface}.",
            safe="Nothing left this computer.",
            do="Let Satchel out with the lines below; after the next restart the rules are what they were.",
            command=open_outward(facts, interface),
        )


def _answers_astray(facts: Facts) -> Iterator[Finding]:
    """A VPN whose routes hold the neighbourhood: who dials us from there gets no answer."""
    for link in facts.links:
        if link.family != "IPv4" or link.answers_leave_by == link.interface:
            continue
        way = link.answers_leave_by
        if way is not None and way not in facts.tunnels:
            continue  # a second card in the same network: it gets there all the same
        if way is None:
            what = f"The routes of this computer forbid answers to devices on {link.interface}."
            command = "ip route show table all"
        else:
            what = f"Answers to devices on {link.interface} would leave by the VPN {way}."
            command = end_tunnel(facts, way)
        yield Finding(
            name="vpn",
            kind=Kind.MEETING,
            what=what,
            safe="Nothing was sent. Satchel's own calls and shouts do not take that way.",
            do=f"End it while you use Satchel, or let it allow the local network. {PROVIDER_SEES}"
            if way is not None
            else "Look at the routes, and take away the one that does so, or end the VPN that made it.",
            command=command,
        )
        return


def _port_busy(facts: Facts) -> Finding:
    who = [f"{name} (process {pid})" for pid, name in facts.port_holders]
    by = ", ".join(who) if who else "another program"
    look = as_root(facts, [f"ss -lunp sport = :{facts.udp_port}"])
    kill = "\n".join(f"kill {pid}" for pid, _ in facts.port_holders)
    return Finding(
        name="port_busy",
        kind=Kind.MEETING,
        what=f"Satchel's UDP port {facts.udp_port} is taken by {by}.",
        safe="Nothing was changed.",
        do="End that program; save what is open in it first."
        if who
        else "See which program it is (with the line below), and end it.",
        command=kill or look,
    )


def _tunnel(facts: Facts) -> Finding:
    assert facts.internet_by is not None
    return Finding(
        name="vpn_up",
        kind=Kind.HINT,
        what=f"A VPN ({facts.internet_by}) takes what goes to the Internet. Satchel goes past it, and was"
        " let past.",
        safe="What you hand over does not go through the VPN; its operator sees nothing of it.",
        do="If you do not meet all the same, end it for as long as you use Satchel.",
        command=end_tunnel(facts, facts.internet_by),
    )


def _all_else_is_kept_out(facts: Facts) -> str | None:
    """The interface where Satchel's UDP port is open and all others are shut, if there is one."""
    for link in facts.links:
        if link.on_port is Passage.OPEN and link.elsewhere is Passage.SHUT_INWARD:
            return link.interface
    return None


def _tcp(facts: Facts) -> Finding:
    interface = _all_else_is_kept_out(facts)
    assert interface is not None
    command, until = open_firewall(facts, interface)
    first, last = facts.tcp_ports
    return Finding(
        name="tcp_ports",
        kind=Kind.HINT,
        what=f"A firewall lets Satchel's UDP port in on {interface} and shuts others. Whether TCP ports"
        f" {first} to {last} are open, of which each sender uses one, only another device can try.",
        safe="Nothing was changed. On these ports Satchel answers nobody but who has a code.",
        do=f"If others do not get through, open them, or let this device be the receiver. {until}",
        command=command,
    )


def _isolation(facts: Facts, drawn: Drawn) -> Finding:
    lines = []
    do = "Use another network: a cable between the two, or a phone's hotspot."
    if facts.wifi is not None and _has_manager(facts):
        do = (
            "Open a hotspot of your own, let the other device join it, and try again. To close it: nmcli"
            " connection down Hotspot"
        )
        lines.append(drawn.hotspot(facts.wifi))
    elif facts.links:
        do = (
            "Use another network: a cable between the two, or a phone's hotspot. Or type the address that the"
            " sender shows: satchel receive --at HOST:PORT"
        )
    return Finding(
        name="isolation",
        kind=Kind.HINT,
        what="Some Wi-Fi networks, of cafés and guests above all, keep their devices apart.",
        safe="Then nothing is wrong with this computer, and nobody else reaches it either.",
        do=do,
        command="\n".join(lines),
    )
