"""Contacts meet on real networks: `satchel meet` on hosts of the laboratory (W1, P1, P2, P3)."""

import os
import time
from contextlib import closing

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
