"""People who are contacts already, without a pairing, and what `satchel meet` tells of them."""

import os
import time
from contextlib import closing

from end_to_end.programs import SATCHEL, Person, events
from lab import Dialogue, Lab
from lab.clock import Clock
from satchel.core.crypto.curve import x25519_public
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.keyfile import Bare, decode
from satchel.core.identity.pair import Pair, Proof
from satchel.ports import HandoverId
from satchel.ports.contacts import Contact
from satchel.ports.queue import Queued
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue

HERE_S, THERE_S = 30.0, 60.0


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


def pair_up(one: Person, other: Person, *, days_ago: int = 3) -> None:
    """What pairing leaves on both sides, some days ago."""
    statics, chains, roots = ((os.urandom(32), os.urandom(32)) for _ in range(3))
    epoch = int(time.time()) // 86_400 - days_ago
    for person, peer, (a, b) in ((one, other, (0, 1)), (other, one, (1, 0))):
        pair = Pair(
            static=statics[a],
            their_static=x25519_public(statics[b]),
            epochs=begin(epoch=epoch, speaking=chains[a], listening=chains[b]),
            letters_speaking=roots[a],
            letters_listening=roots[b],
            proof=Proof.CODE,
        )
        contacts_of(person, Contact(id=ContactId(os.urandom(16)), name=peer.host.name, pair=pair))


def queue_for_absent(person: Person, count: int) -> None:
    """Something waits for so many of those contacts."""
    folder = ProfileFolder.take(person.profile)
    with closing(folder):
        file = decode(folder.read_key_file() or b"")
        assert isinstance(file, Bare)
        with closing(folder.open(file.key)) as database:
            absent = [
                contact
                for contact in SqliteContacts(database, salt=os.urandom(32)).all()
                if contact.name.startswith("absent")
            ]
            for contact in absent[:count]:
                queued = Queued(id=HandoverId(os.urandom(16)), contact=contact.id, note="for you")
                SqliteQueue(database).add(queued)


def befriend_absent(person: Person, count: int) -> None:
    """So many contacts more, who are somewhere else."""
    epoch = int(time.time()) // 86_400 - 3
    absent = [
        Contact(
            id=ContactId(os.urandom(16)),
            name=f"absent {number}",
            pair=Pair(
                static=os.urandom(32),
                their_static=x25519_public(os.urandom(32)),
                epochs=begin(epoch=epoch, speaking=os.urandom(32), listening=os.urandom(32)),
                letters_speaking=os.urandom(32),
                letters_listening=os.urandom(32),
                proof=Proof.CODE,
            ),
        )
        for number in range(count)
    ]
    contacts_of(person, *absent)


def couple(
    lab: Lab, *, clock: Clock | None = None, island: str = "home", names: tuple[str, str] = ("amina", "bilal")
) -> tuple[Person, Person]:
    """Two contacts; `clock` is that of the second."""
    one = made(Person(lab.host(names[0], island)))
    other = made(Person(lab.host(names[1], island), clock))
    pair_up(one, other)
    return one, other


def met(dialogue: Dialogue, name: str, within_s: float = HERE_S) -> None:
    assert dialogue.expect_event("peer", within_s)["contact"] == name


def ended_well(*dialogues: Dialogue) -> None:
    for dialogue in dialogues:
        assert dialogue.wait(20) == 0, dialogue.text + dialogue.complaints
        assert events(dialogue)[-1] == {"event": "done", "met": 1}
