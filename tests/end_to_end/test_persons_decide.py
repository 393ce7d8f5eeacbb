"""Ctrl-C means now, whatever the other side does; and one bad neighbour does not end the others."""

import time
from pathlib import Path

import pytest

from end_to_end.programs import Person, describe, events, fill, under_way
from lab import Lab, Radio

pytestmark = pytest.mark.lab


def test_ctrl_c_ends_a_sender_whose_receiver_is_frozen(lab: Lab, tmp_path: Path) -> None:
    """M3, consent: a receiver that takes nothing and says nothing cannot hold the sender."""
    tree = fill(tmp_path / "tree", files=5, total_bytes=40 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=60e6))
    sending, receiving = under_way(amina, bilal, tree, moved=2 << 20)
    receiving.process.send_signal(19)  # frozen: its kernel still takes a little, then nothing
    time.sleep(1.0)
    sending.process.send_signal(2)
    assert sending.wait(8) == 1
    receiving.process.kill()


def test_ctrl_c_ends_a_receiver_whose_sender_is_frozen(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=5, total_bytes=40 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=60e6))
    sending, receiving = under_way(amina, bilal, tree, moved=2 << 20)
    sending.process.send_signal(19)
    time.sleep(1.0)
    receiving.process.send_signal(2)
    assert receiving.wait(8) == 1
    sending.process.kill()


def test_what_failed_before_a_break_does_not_keep_both_waiting(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=12, total_bytes=24 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=30e6))
    sending = amina.send(tree)
    receiving = bilal.receive(sending.expect_event("code")["code"])
    receiving.expect_event("progress")
    offered = sorted(path for path in tree.rglob("*.bin"))
    offered[0].write_bytes(b"changed before it was read")
    receiving.expect_event("failed", 30)
    for dialogue in (sending, receiving):
        dialogue.process.kill()
        dialogue.wait()
    sending, receiving = amina.satchel("send"), bilal.resume_receiving()
    assert receiving.wait(60) == 1, receiving.text + receiving.complaints
    assert sending.wait(60) == 1, sending.text + sending.complaints
    assert bilal.temporary() == []
    there = {path.name for path in (bilal.into / "tree").rglob("*") if path.is_file()}
    assert there == {path.name for path in tree.rglob("*") if path.is_file()} - {offered[0].name}


def test_a_break_before_anything_was_accepted_leaves_the_code_good(lab: Lab, tmp_path: Path) -> None:
    """The signal goes while the person still reads the offer: both find each other again."""
    tree = fill(tmp_path / "tree", files=3, total_bytes=100_000)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    sending = amina.send(tree)
    code = sending.expect_event("code")["code"]
    receiving = bilal.receive(code, yes=False)
    receiving.expect_event("offer")
    lab.down(amina.host)
    sending.expect_event("lost", 40)
    receiving.type("y")
    time.sleep(1.0)
    lab.up(amina.host)
    assert receiving.wait(60) == 0, receiving.text
    assert len([event for event in events(receiving) if event["event"] == "offer"]) == 1
    assert sending.wait(20) == 0, sending.text
    assert describe(bilal.into / "tree") == describe(tree)
    assert bilal.temporary() == []
    assert bilal.resume_receiving().wait(10) == 5  # the record that led nowhere is forgotten


def test_two_receivers_of_two_hand_overs_go_on_side_by_side(lab: Lab, tmp_path: Path) -> None:
    """M3: one contact that comes back does not break off another one."""
    people = [Person(lab.host("bilal")), Person(lab.host("chen"))]
    amina = Person(lab.host("amina"))
    lab.shape(amina.host, Radio(rate_bps=60e6))
    trees = [fill(tmp_path / f"tree{place}", files=6, total_bytes=8 << 20, seed=place) for place in (0, 1)]
    for person, tree in zip(people, trees, strict=True):
        # With a first byte over, the sender has heard that it was accepted.
        for dialogue in under_way(amina, person, tree):
            dialogue.process.kill()
            dialogue.wait()
    sending = amina.satchel("send")
    taking = [person.resume_receiving() for person in people]
    assert [dialogue.wait(60) for dialogue in (*taking, sending)] == [0, 0, 0], sending.text
    assert len([event for event in events(sending) if event["event"] == "lost"]) == 0
    for person, tree in zip(people, trees, strict=True):
        assert describe(person.into / tree.name) == describe(tree)
