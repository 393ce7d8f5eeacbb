"""`satchel doctor`: looks at this machine and says what keeps two devices from finding each other, or a
person from being safe. Puts together what the carriers tried, what the node read and what the store can."""

import argparse
import re
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from satchel.carriers.lan.interfaces import IFF_LOOPBACK, IFF_MULTICAST, IFF_RUNNING, IFF_UP
from satchel.carriers.lan.multicast import PORT
from satchel.carriers.lan.probe import Hearing, LinkProbe, NetworkProbe, is_tunnel, probe_network
from satchel.cli import streams, units
from satchel.cli.home import home_folder
from satchel.cli.over_node import runs
from satchel.cli.show import JsonShow, Show, wrapped
from satchel.confinement.landlock import can_confine_writes, can_keep_out_of_swap
from satchel.core.crypto.selftest import self_test
from satchel.errors import EnvironmentProblem, SatchelError
from satchel.escape import show_text
from satchel.node import clock
from satchel.node.doctor import Drawn, Facts, Finding, Kind, diagnose, look
from satchel.node.doctor.drawn import RANDOM_BYTES
from satchel.node.doctor.facts import InterfaceFacts, LinkFacts, Passage
from satchel.node.entropy import SystemEntropy

COLUMNS_MAX = 100
INDENT = "   "
NONCE_BYTES = 16
PASSAGES = {
    Hearing.HEARD: Passage.OPEN,
    Hearing.LOST: Passage.SHUT_INWARD,
    Hearing.REFUSED: Passage.SHUT_OUTWARD,
    Hearing.UNUSABLE: Passage.UNKNOWN,
}
INNER = re.compile(
    r"(docker|virbr|vnet|veth|vmnet|vboxnet|lxcbr|lxdbr|podman|cni)\d*|br-[0-9a-f]{12}|veth\w+"
)


def run(options: argparse.Namespace, show: Show) -> int:
    show.note("Looking at this computer. Nothing is changed, and nothing is sent.")
    profile = None if options.ephemeral else home_folder(options.home)
    facts, findings = examine(profile)
    wrong = [finding for finding in findings if finding.kind is not Kind.HINT]
    for number, finding in enumerate(findings):
        if isinstance(show, JsonShow):
            _tell_script(show, finding)
        else:
            _tell_person(finding, first=number == 0 or findings[number - 1].kind is not finding.kind)
    for what in facts.unseen:
        show.note(f"\nNot looked at: {what}.")
    running = profile is not None and runs(profile)
    if running:
        show.note("\nSatchel is running with this profile: satchel status says who is near.")
    show.done(text=_last_line(facts, wrong), findings=len(wrong), unseen=list(facts.unseen), running=running)
    return EnvironmentProblem.exit_code if wrong else 0


def examine(profile: Path | None) -> tuple[Facts, list[Finding]]:
    """What is found, and what it was found by. Raises EnvironmentProblem, as look_around."""
    entropy = SystemEntropy()
    facts = look_around(profile, entropy.draw(NONCE_BYTES))
    return facts, list(diagnose(facts, Drawn.of(entropy.draw(RANDOM_BYTES))))


def look_around(profile: Path | None, nonce: bytes) -> Facts:
    """All facts of this machine. Raises EnvironmentProblem if the kernel does not tell its addresses."""
    try:
        probe = probe_network(nonce, leave_out=is_inner)
    except (OSError, ValueError) as exc:
        raise EnvironmentProblem(
            "The addresses of this computer could not be listed.",
            safe="Nothing was changed.",
            do="Close other programs, then look again.",
        ) from exc
    facts = look(
        _interfaces(probe),
        profile=profile,
        now_s=clock.wall_s(),
        udp_port=PORT,
        port_is_busy=probe.port_is_busy,
    )
    links = tuple(_link(link) for link in probe.links)
    untried = sorted({link.interface for link in links if link.on_port is Passage.UNKNOWN})
    return replace(
        facts,
        links=links,
        unseen=(*facts.unseen, *(f"whether a firewall is in the way on {name}" for name in untried)),
        internet_by=probe.internet_by,
        can_confine_writes=can_confine_writes(),
        can_keep_out_of_swap=can_keep_out_of_swap(),
        cryptography=_cryptography(),
    )


def is_inner(interface: str) -> bool:
    """Whether it leads to nobody but this machine's own virtual machines and containers."""
    return INNER.fullmatch(interface) is not None


def _interfaces(probe: NetworkProbe) -> Sequence[InterfaceFacts]:
    return [
        InterfaceFacts(
            name=name,
            index=socket.if_nametoindex(name),
            is_up=bool(flags & IFF_UP),
            has_carrier=bool(flags & IFF_RUNNING),
            has_multicast=bool(flags & IFF_MULTICAST),
            is_tunnel=is_tunnel(flags),
        )
        for name, flags in probe.flags.items()
        if not flags & IFF_LOOPBACK and not is_inner(name)
    ]


def _link(probe: LinkProbe) -> LinkFacts:
    return LinkFacts(
        interface=probe.interface,
        family="IPv4" if probe.is_ipv4 else "IPv6",
        on_port=PASSAGES[probe.on_port],
        elsewhere=PASSAGES[probe.elsewhere],
        answers_leave_by=probe.answers_leave_by,
    )


def _cryptography() -> str:
    """What is wrong with it; empty if nothing is."""
    try:
        self_test()
    except SatchelError as error:
        return error.what
    return ""


def _tell_script(show: JsonShow, finding: Finding) -> None:
    event = "hint" if finding.kind is Kind.HINT else "finding"
    show.line(
        event,
        name=finding.name,
        kind=finding.kind.name.lower(),
        what=finding.what,
        safe=finding.safe,
        do=finding.do,
        command=finding.command,
    )


def _tell_person(finding: Finding, *, first: bool) -> None:
    """Three sentences, then the lines to type, each whole on a line of its own so that it can be copied."""
    if first:
        streams.write(f"\n{finding.kind.value}\n")
    columns = min(COLUMNS_MAX, shutil.get_terminal_size().columns) if sys.stdout.isatty() else COLUMNS_MAX
    sentences = show_text("\n".join((finding.what, finding.safe, finding.do)))
    lines = [f" - {wrapped(sentences, columns - len(INDENT))}".replace("\n", f"\n{INDENT}")]
    commands = [f"{INDENT}    {line}" for line in show_text(finding.command).splitlines()]
    if commands:
        lines += ["", *commands]
    streams.write("\n" + "\n".join(lines) + "\n")


def _last_line(facts: Facts, wrong: Sequence[Finding]) -> str:
    if wrong:
        return f"\n{units.count(len(wrong), 'thing')} to mend. After each, look again: satchel doctor"
    networks = sorted({link.interface for link in facts.links if link.on_port is Passage.OPEN})
    where = f" Satchel can speak and hear on {', '.join(networks)}." if networks else ""
    return f"\nNothing is wrong here.{where}"
