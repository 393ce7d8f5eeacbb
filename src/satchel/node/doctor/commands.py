"""The exact lines that cure a finding. Pure: they are shown, and never run from here."""

import shlex
from collections.abc import Iterable

from satchel.node.doctor.facts import Announcement, Announcer, Chain, Facts

UNDO_FIREWALLD_AFTER = "2h"
_HOST_NAME_OFF = "ipv4.dhcp-send-hostname no ipv6.dhcp-send-hostname no"


def as_root(facts: Facts, lines: Iterable[str]) -> str:
    """Lines for this person: root needs nothing in front, others sudo, or su where there is no sudo."""
    if facts.is_root:
        return "\n".join(lines)
    if "sudo" in facts.installed:
        return "\n".join(f"sudo {line}" for line in lines)
    return "\n".join(f"su -c {shlex.quote(line)}" for line in lines)


def shell(line: str) -> str:
    """A line with a pipe or a redirection, as one command that sudo can be put in front of."""
    return f"sh -c {shlex.quote(line)}"


def open_firewall(facts: Facts, interface: str) -> tuple[str, str]:
    """(What lets Satchel in on this interface, until when and how it is closed again)."""
    udp, (first, last) = facts.udp_port, facts.tcp_ports
    device = shlex.quote(interface)
    if "firewalld" in facts.running:
        # A hotspot's interface is in a zone of its own (nm-shared), and that lets nothing in.
        zone = f"$(firewall-cmd --get-zone-of-interface={device} || firewall-cmd --get-default-zone)"
        ports = f"--add-port={udp}/udp --add-port={first}-{last}/tcp --timeout={UNDO_FIREWALLD_AFTER}"
        line = shell(f"firewall-cmd --zone={zone} {ports}")
        return as_root(facts, [line]), "They close again by themselves after two hours."
    if facts.ufw_is_on:
        lines = [
            f"ufw allow in on {device} to any port {udp} proto udp",
            f"ufw allow in on {device} to any port {first}:{last} proto tcp",
        ]
        return as_root(
            facts, lines
        ), "They stay open until you type the same lines with ufw delete in place of ufw."
    inward = [chain for chain in facts.chains if chain.hook == "input"]
    if inward:
        lines = [line for chain in inward for line in _insert(chain, f"iifname {device} ", facts)]
        return as_root(facts, lines), "They close again with the next restart of this computer."
    if "iptables" in facts.installed:
        rules = [
            f"-I INPUT -i {device} -p udp --dport {udp} -j ACCEPT",
            f"-I INPUT -i {device} -p tcp --dport {first}:{last} -j ACCEPT",
        ]
        lines = [f"{tool} {rule}" for tool in ("iptables", "ip6tables") for rule in rules]
        return as_root(facts, lines), "They close again with the next restart of this computer."
    return as_root(
        facts, ["nft list ruleset"]
    ), "The line shows the rules: which one to change is not known here."


def open_outward(facts: Facts, interface: str) -> str:
    """What lets Satchel out on this interface, until the next restart or reload."""
    udp, (first, last) = facts.udp_port, facts.tcp_ports
    device = shlex.quote(interface)
    if facts.ufw_is_on:
        lines = [
            f"ufw allow out on {device} to any port {udp} proto udp",
            f"ufw allow out on {device} to any port {first}:{last} proto tcp",
        ]
        return as_root(facts, lines)
    outward = [chain for chain in facts.chains if chain.hook == "output"]
    if outward:
        return as_root(
            facts, [line for chain in outward for line in _insert(chain, f"oifname {device} ", facts)]
        )
    if "iptables" in facts.installed:
        rules = [
            f"-I OUTPUT -o {device} -p udp --dport {udp} -j ACCEPT",
            f"-I OUTPUT -o {device} -p tcp -j ACCEPT",
        ]
        return as_root(facts, [f"{tool} {rule}" for tool in ("iptables", "ip6tables") for rule in rules])
    return as_root(facts, ["nft list ruleset"])


def _insert(chain: Chain, where: str, facts: Facts) -> list[str]:
    """At the front, so that no rule before it drops the packet. Both ends of TCP: we dial and are dialled."""
    place = f"nft insert rule {chain.family} {shlex.quote(chain.table)} {shlex.quote(chain.name)} {where}"
    first, last = facts.tcp_ports
    lines = [f"{place}udp dport {facts.udp_port} accept", f"{place}tcp dport {first}-{last} accept"]
    return lines if chain.hook == "input" else [*lines, f"{place}tcp sport {first}-{last} accept"]


def end_tunnel(facts: Facts, tunnel: str) -> str:
    """What takes a VPN down, or lets it leave the neighbourhood alone."""
    if "mullvad-daemon" in facts.running:
        return "mullvad lan set allow"
    if "nordvpnd" in facts.running:
        return "nordvpn set lan-discovery enabled"
    if "tailscaled" in facts.running and tunnel.startswith("tailscale"):
        return as_root(facts, ["tailscale set --exit-node-allow-lan-access"])
    for interface in facts.interfaces:
        if interface.name == tunnel and interface.connection:
            return f"nmcli connection down uuid {shlex.quote(interface.connection)}"
    return as_root(facts, [f"ip link set dev {shlex.quote(tunnel)} down"])


def silence(facts: Facts, announcement: Announcement) -> str:
    """What keeps this one from telling the name of the computer."""
    where = announcement.where
    match announcement.by:
        case Announcer.AVAHI:
            return as_root(facts, ["systemctl disable --now avahi-daemon.socket avahi-daemon.service"])
        case Announcer.RESOLVED:
            folder = "/etc/systemd/resolved.conf.d"
            text = r"printf '[Resolve]\nLLMNR=no\nMulticastDNS=no\n'"
            write = shell(f"mkdir -p {folder} && {text} > {folder}/quiet.conf")
            return as_root(facts, [write, "systemctl restart systemd-resolved"])
        case Announcer.NETWORK_MANAGER:
            connection = shlex.quote(where)
            connect = f"nmcli connection up uuid {connection}"
            return f"nmcli connection modify uuid {connection} {_HOST_NAME_OFF}\n{connect}"
        case Announcer.NETWORKD:
            folder = f"/etc/systemd/network/{where.rpartition('/')[2]}.d"
            text = r"printf '[DHCPv4]\nSendHostname=no\n'"
            write = shell(f"mkdir -p {shlex.quote(folder)} && {text} > {shlex.quote(folder)}/quiet.conf")
            return as_root(facts, [write, "networkctl reload"])
        case Announcer.DHCLIENT:
            return as_root(facts, ["sed -i 's/^ *send host-name/#&/' /etc/dhcp/dhclient.conf"])
        case Announcer.DHCPCD:
            return as_root(facts, ["sed -i 's/^ *hostname/#&/' /etc/dhcpcd.conf"])
