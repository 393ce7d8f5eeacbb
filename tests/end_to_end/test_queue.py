"""What was sent to a contact goes by itself when the contact is near (W1, M2, M4)."""

import os
import time
from itertools import chain
from pathlib import Path

import pytest

from end_to_end.acquainted import befriend_absent, couple, made, pair_up, queue_for_absent
from end_to_end.programs import SATCHEL, Person, events, fill
from end_to_end.test_up import HERE_S, contacts, status, told, until, up
from lab import Dialogue, Lab

pytestmark = pytest.mark.lab
THERE_S = 60.0  # from link up, as promised
CONTACTS_MAX, WAITING_MAX = 300, 64


def delivered(dialogue: Dialogue, within_s: float = HERE_S) -> None:
    while "contact" not in (event := dialogue.expect_event("delivered", within_s)):
        pass
    assert event["contact"]


def photo_of(person: Person, size_bytes: int = 300_000) -> Path:
    path = person.host.home / "photo.jpg"
    path.write_bytes(os.urandom(size_bytes))
    return path


def test_queued_before_it_goes_on_another_network_with_another_address(lab: Lab) -> None:
    """The scene of the issue: A and B met on network 1; what was queued since goes by itself on network 2.

    Twice, side by side: the second two have 300 contacts each, and something waits for 64 of them.
    """
    chen = made(Person(lab.host("chen", "cafe")))
    pair_up(made(Person(lab.host("dara", "elsewhere"))), chen)
    stranger = up(chen)
    couples = [couple(lab), couple(lab, names=("emil", "farah"))]
    nodes = [taking_up(*both) for both in couples]
    for node in chain(*nodes):
        node.expect_event("peer", HERE_S)
    for person, node in zip(couples[1], nodes[1], strict=True):
        person.host.crash()
        node.wait(10)
        befriend_absent(person, CONTACTS_MAX - 1)
    queue_for_absent(couples[1][0], WAITING_MAX - 1)
    before = {address for person in chain(*couples) for address in (person.host.mac, person.host.ip)}
    nodes[1] = taking_up(*couples[1])
    for _, taker in couples:
        lab.move(taker.host, "cafe")
    for giver, taker in couples:
        path, to = str(photo_of(giver)), taker.host.name
        [done] = [event for event in told(giver, "send", path, "--to", to) if event["event"] == "done"]
        assert len(done["id"]) == 32
    assert [len(waiting(giver)) for giver, _ in couples] == [1, WAITING_MAX]
    time.sleep(2)
    began_s = time.monotonic()
    for giver, _ in couples:
        lab.move(giver.host, "cafe")
    for here, there in nodes:
        delivered(there, THERE_S)
        delivered(here, 10)
    assert time.monotonic() - began_s < THERE_S
    after = {address for person in chain(*couples) for address in (person.host.mac, person.host.ip)}
    assert before.isdisjoint(after)
    for giver, taker in couples:
        assert (taker.into / "photo.jpg").read_bytes() == (giver.host.home / "photo.jpg").read_bytes()
        assert taker.temporary() == []
    assert [len(waiting(giver)) for giver, _ in couples] == [0, WAITING_MAX - 1]
    assert not [event for event in events(stranger) if event["event"] == "peer"]


def taking_up(giver: Person, taker: Person) -> tuple[Dialogue, Dialogue]:
    return up(giver), up(taker, "--accept", "verified", "--into", str(taker.into))


def waiting(person: Person) -> list[dict[str, str]]:
    found = next(event for event in told(person, "status") if event["event"] == "status")
    return list(found["waiting"])


def test_a_person_is_asked_and_takes_it(lab: Lab) -> None:
    amina, bilal = couple(lab)
    photo = photo_of(amina)
    up(amina)
    there = up(bilal, "--into", str(bilal.into))
    told(amina, "send", str(photo), "--to", "bilal")
    asked = there.expect_event("asked", HERE_S)
    assert (asked["contact"], asked["verified"], asked["files"]) == ("amina", True, 1)
    assert not any(bilal.into.iterdir())
    contacts(bilal, "rename", "amina", "Amina M")  # status says what to type from now on
    assert [one["contact"] for one in status(bilal)["asked"]] == ["Amina M"]
    taking = bilal.satchel("receive", "--from", "Amina M")
    offer = taking.expect_event("offer", 10)
    assert [file["path"] for file in offer["files"]] == ["photo.jpg"]
    taking.type("y")
    assert taking.wait(20) == 0, taking.text + taking.complaints
    assert (bilal.into / "photo.jpg").read_bytes() == photo.read_bytes()


def test_without_a_node_each_command_is_one(lab: Lab) -> None:
    amina, bilal = couple(lab)
    photo = photo_of(amina)
    sending = amina.satchel("send", str(photo), "--to", "bilal")
    taking = bilal.satchel("receive", "--from", "amina", "--yes", "--into", str(bilal.into))
    assert taking.wait(60) == 0, taking.text + taking.complaints
    assert sending.wait(20) == 0, sending.text + sending.complaints
    assert (bilal.into / "photo.jpg").read_bytes() == photo.read_bytes()


def test_killed_in_the_middle_it_goes_on_after_a_restart_of_both_elsewhere(lab: Lab) -> None:
    """The queue survives, also on another network; what arrived is not sent again."""
    amina, bilal = couple(lab)
    film = photo_of(amina, 300 << 20)
    here, there = up(amina), up(bilal, "--accept", "verified", "--into", str(bilal.into))
    told(amina, "send", str(film), "--to", "bilal")
    while there.expect_event("progress", HERE_S)["moved"] < 50 << 20:
        pass
    amina.host.crash()
    bilal.host.crash()
    here.wait(10)
    there.wait(10)
    assert not (bilal.into / "photo.jpg").exists()
    for person in (amina, bilal):
        lab.move(person.host, "cafe")
    here, there = up(amina), up(bilal, "--accept", "verified", "--into", str(bilal.into))
    delivered(there, THERE_S)
    moved = max((event["moved"] for event in events(there) if event["event"] == "progress"), default=0)
    assert moved < 270 << 20
    assert (bilal.into / "photo.jpg").read_bytes() == film.read_bytes()
    until(lambda: waiting(amina) == [])


def test_several_contacts_at_once_and_folders(lab: Lab) -> None:
    amina, bilal = couple(lab)
    dara = made(Person(lab.host("dara")))
    pair_up(amina, dara)
    folder = amina.host.home / "books"
    fill(folder, files=200, total_bytes=4 << 20)
    up(amina)
    nodes = [up(other, "--accept", "verified", "--into", str(other.into)) for other in (bilal, dara)]
    for name in ("bilal", "dara"):
        told(amina, "send", str(folder), "--to", name)
    for node, other in zip(nodes, (bilal, dara), strict=True):
        delivered(node, THERE_S)
        assert len([path for path in (other.into / "books").rglob("*") if path.is_file()]) == 200


def test_taken_back_while_it_goes(lab: Lab) -> None:
    amina, bilal = couple(lab)
    film = photo_of(amina, 600 << 20)
    up(amina)
    there = up(bilal, "--accept", "verified", "--into", str(bilal.into))
    told(amina, "send", str(film), "--to", "bilal")
    there.expect_event("progress", HERE_S)
    amina.host.run([*SATCHEL, "queue", "remove", "1", "--home", str(amina.profile)])
    until(lambda: not bilal.temporary())
    assert not (bilal.into / "photo.jpg").exists()
    assert waiting(amina) == []
