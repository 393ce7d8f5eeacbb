"""Contacts meet on real networks: `satchel meet` on hosts of the laboratory (W1, P1, P2, P3)."""

import os
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from end_to_end.programs import SATCHEL, Person, events
from lab import Dialogue, Lab, Watch
from lab.clock import Clock
from satchel.core.crypto.curve import x25519_public
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.keyfile import Bare, decode
from satchel.core.identity.pair import Pair, Proof
from satchel.ports.contacts import Contact
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder

pytestmark = pytest.mark.lab
GROUP_PORT = 61530
HERE_S, THERE_S = 30.0, 60.0
Kept = tuple[int, int, int, int | None]  # counter, heard, agreed, previous


def made(person: Person) -> Person:
    person.host.run([*SATCHEL, "init", "--no-passphrase", "--home", person.profile])
    return person


def contacts_of(person: Person, *added: Contact) -> list[Contact]:
    folder = ProfileFolder.take(person.profile)
    with closing(folder):
        file = decode(folder.read_key_file() or b"")
        assert isinstance(file, Bare)
        with closing(folder.open(file.key)) as database:
            contacts = SqliteContacts(database, salt=os.urandom(32))
            for contact in added:
                contacts.add(contact)
            return contacts.all()


def pair_up(one: Person, other: Person) -> None:
    """What pairing leaves on both sides, three days ago."""
    statics, chains = (os.urandom(32), os.urandom(32)), (os.urandom(32), os.urandom(32))
    epoch = int(time.time()) // 86_400 - 3
    for person, peer, (a, b) in ((one, other, (0, 1)), (other, one, (1, 0))):
        pair = Pair(
            static=statics[a],
            their_static=x25519_public(statics[b]),
            epochs=begin(epoch=epoch, speaking=chains[a], listening=chains[b]),
            letters_speaking=bytes(32),
            letters_listening=bytes(32),
            proof=Proof.CODE,
        )
        contacts_of(person, Contact(id=ContactId(os.urandom(16)), name=peer.host.name, pair=pair))


def couple(lab: Lab, *, clock: Clock | None = None, island: str = "home") -> tuple[Person, Person]:
    amina = made(Person(lab.host("amina", island)))
    bilal = made(Person(lab.host("bilal", island), clock))
    pair_up(amina, bilal)
    return amina, bilal


def met(dialogue: Dialogue, name: str, within_s: float = HERE_S) -> None:
    assert dialogue.expect_event("peer", within_s)["contact"] == name


def ended_well(*dialogues: Dialogue) -> None:
    for dialogue in dialogues:
        assert dialogue.wait(20) == 0, dialogue.text + dialogue.complaints
        assert events(dialogue)[-1] == {"event": "done", "met": 1}


def shouts(watch: Watch, host_ip: str) -> list[tuple[float, bytes]]:
    """What this host has sent to the port of beacons: all 530 bytes of each."""
    packets = watch.traffic().from_programs()
    return [
        (packet.at_ns / 1e9, packet.payload)
        for packet in packets
        if packet.destination_port == GROUP_PORT and str(packet.source) == host_ip
    ]


def test_they_meet_and_what_was_agreed_on_is_kept(lab: Lab) -> None:
    """W4: the epoch of today is agreed on and stored by both."""
    amina, bilal = couple(lab)
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)
    today = int(time.time()) // 86_400
    kept = [contacts_of(person)[0] for person in (amina, bilal)]
    assert {contact.pair.epochs.agreed for contact in kept} == {today}
    assert kept[0].heard == kept[1].counter
    assert kept[1].heard == kept[0].counter


@pytest.mark.parametrize("clock", ["+23h", "-23h", "1970-01-02 00:00:00", "2100-01-01 00:00:00"])
def test_wrong_clocks_meet(lab: Lab, clock: str) -> None:
    amina, bilal = couple(lab, clock=clock)
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)
    warned = [event for event in events(there) if event["event"] == "warning" and "clock" in event["what"]]
    assert bool(warned) is clock.startswith(("1970", "2100"))


def test_ipv6_only(lab: Lab) -> None:
    lab.island("six", ipv4=False)
    amina, bilal = couple(lab, island="six")
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)


def test_a_typed_address_where_multicast_is_dropped(lab: Lab) -> None:
    lab.island("school", multicast=False)
    amina, bilal = couple(lab, island="school")
    here = amina.satchel("meet")
    addresses = here.expect_event("address", 10)["addresses"]
    [at] = [address for address in addresses if address.startswith(amina.host.ip)]
    there = bilal.satchel("meet", "--at", at)
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)


def test_no_contacts_and_nobody_and_no_address_of_here(lab: Lab) -> None:
    amina = made(Person(lab.host("amina", route="void")))
    alone = amina.satchel("meet")
    assert alone.wait(10) == 5
    bilal = made(Person(lab.host("bilal")))
    pair_up(amina, bilal)
    far = amina.satchel("meet", "--at", "8.8.8.8:4000")
    assert far.wait(10) == 2, far.text
    assert all(events(far)[-1][part] for part in ("what", "safe", "do"))


def test_on_another_network_with_another_address_and_nothing_in_common(lab: Lab) -> None:
    """W1: what is sent on the second network has nothing of the first; on one network the packets of one
    nonce are equal. Chen hears all and meets nobody (P1, P2)."""
    chen, dara = made(Person(lab.host("chen"))), made(Person(lab.host("dara", "elsewhere")))
    amina, bilal = couple(lab)
    for other in (amina, bilal):  # a third contact who never comes, so that nobody is done early
        pair_up(other, dara)
    pair_up(chen, dara)
    seen: list[list[bytes]] = []
    stranger = chen.satchel("meet")
    with lab.watch("home") as first:
        here, there = amina.satchel("meet"), bilal.satchel("meet")
        met(here, "bilal")
        met(there, "amina")
        time.sleep(20)  # until each has shouted once more
    seen.append([data for host in (amina, bilal) for _, data in shouts(first, host.host.ip)])
    with lab.watch("cafe") as second:
        for person in (amina, bilal):
            lab.move(person.host, "cafe")
        met(here, "bilal", THERE_S)
        met(there, "amina", THERE_S)
        time.sleep(1)
    seen.append([data for host in (amina, bilal) for _, data in shouts(second, host.host.ip)])
    for datagrams in seen:
        assert {len(datagram) for datagram in datagrams} == {530}
        nonces = {datagram[:16] for datagram in datagrams}
        assert len(set(datagrams)) == len(nonces), "two packets of one nonce that differ"
    assert len(seen[0]) > len(set(seen[0])), "no packet was repeated"
    parts = [{d[at : at + 8] for d in some for at in range(18, 530, 8)} for some in seen]
    assert parts[0].isdisjoint(parts[1])
    ports = [{int.from_bytes(d[16:18], "big") for d in some} for some in seen]
    assert ports[0].isdisjoint(ports[1])
    assert min(ports[0] | ports[1]) >= 1024
    assert not [event for event in events(stranger) if event["event"] == "peer"]


def test_a_power_cut_right_after_a_session_loses_nothing(lab: Lab) -> None:
    """W4: kill -9 at both, and they meet again, with the epoch that was agreed on."""
    amina, bilal = couple(lab)
    dara = made(Person(lab.host("dara", "elsewhere")))
    for other in (amina, bilal):
        pair_up(other, dara)
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    amina.host.crash()
    met(there, "amina")
    bilal.host.crash()
    here.wait(10)
    there.wait(10)
    before = [contacts_of(person)[0] for person in (amina, bilal)]
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal", THERE_S)
    met(there, "amina", THERE_S)
    for person, dialogue in ((amina, here), (bilal, there)):
        person.host.crash()
        dialogue.wait(10)
        assert not [e for e in events(dialogue) if e["event"] == "warning" and "went back" in e["what"]]
    for one, contact in zip((amina, bilal), before, strict=True):
        [now] = [kept for kept in contacts_of(one) if kept.id == contact.id]
        assert now.counter > contact.counter
        assert now.pair.epochs.agreed >= contact.pair.epochs.agreed


def test_a_stored_address_where_multicast_is_dropped(lab: Lab) -> None:
    """Where they met before, they meet by whispers: and nobody else is whispered to."""
    lab.island("office", route="void")
    amina, bilal = couple(lab, island="office")
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)
    lab.islands["office"].multicast = False
    lab.mend_all()  # writes the rules anew
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)


FLOOD = """
import os, socket, struct, sys, time
target, addresses = sys.argv[1], sys.argv[2:]
host, _, port = target.rpartition(":")
voices = []
for address in addresses:
    voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    voice.bind((address, 0))
    voice.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    voices.append(voice)
began, shouted, dialled, pending = time.monotonic(), 0, 0, []
while (passed := time.monotonic() - began) < 12:
    while shouted < passed * 10_000:
        datagram = os.urandom(16) + struct.pack(">H", 5000) + os.urandom(512)
        voices[shouted % len(voices)].sendto(datagram, ("224.0.0.181", 61530))
        shouted += 1
    while dialled < passed * 1_000:
        flood = socket.socket()
        flood.setblocking(False)
        flood.bind((addresses[dialled % len(addresses)], 0))
        flood.connect_ex((host, int(port)))
        pending.append(flood)
        dialled += 1
        if len(pending) > 400:
            try:
                pending[-200].send(os.urandom(256))
            except OSError:
                pass
            pending.pop(0).close()
print(shouted, dialled)
"""


def usage(person: Person) -> tuple[float, int]:
    """Seconds of processor time and MB of memory of this person's node."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().split(b"\0")
            if b"meet" in line and os.fsencode(person.profile) in line and b"python" in line[0]:
                ticks = sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:13]))
                peak = next(line for line in (folder / "status").read_text().splitlines() if "VmHWM" in line)
                return ticks / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) // 1024
        except OSError:
            continue
    raise AssertionError("no such program")


def test_a_flood_keeps_no_contact_away(lab: Lab) -> None:
    """P3: 10,000 forged beacons and 1,000 forged flights a second from 16 addresses: the contact is met
    within 5 s of its first packet, with less than 150 MB and 60 % of a core."""
    amina, bilal = couple(lab)
    mallory = lab.host("mallory")
    there = bilal.satchel("meet")
    addresses = there.expect_event("address", 10)["addresses"]
    [target] = [address for address in addresses if address.startswith(bilal.host.ip)]
    prefix = mallory.ip.rpartition(".")[0]
    forged = [f"{prefix}.{200 + number}" for number in range(16)]
    for address in forged:
        mallory.run(["ip", "addr", "add", f"{address}/16", "dev", "wlan0"])
    flooding = mallory.talk([sys.executable, "-c", FLOOD, target, *forged])
    time.sleep(3)
    before_s, _ = usage(bilal)
    began_s = time.monotonic()
    time.sleep(3)
    used_s, memory_mb = usage(bilal)
    share = (used_s - before_s) / (time.monotonic() - began_s)
    here = amina.satchel("meet")
    here.expect_event("searching", 10)
    began_s = time.monotonic()
    met(here, "bilal", 10)
    met(there, "amina", 10)
    took_s = time.monotonic() - began_s
    print(f"under a flood: {share:.0%} of a core, {memory_mb} MB, met within {took_s:.1f} s")
    assert took_s < 5.0
    assert memory_mb < 150
    assert share < 0.6
    assert flooding.wait(30) == 0
