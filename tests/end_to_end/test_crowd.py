"""One code for several receivers: each gets all of it, none holds the others up, no more than were meant."""

import time
from pathlib import Path

import pytest

from end_to_end.programs import Person, describe, events, fill
from lab import Dialogue, Lab, Radio
from satchel.core.pairing.words import WORDS

pytestmark = pytest.mark.lab


def crowd(lab: Lab, count: int) -> list[Person]:
    return [Person(lab.host(f"pupil{number}")) for number in range(count)]


def offer(teacher: Person, count: int, *paths: Path) -> tuple[Dialogue, str]:
    sending = teacher.satchel("send", "--for", str(count), *paths)
    return sending, sending.expect_event("code")["code"]


def wait_for(dialogue: Dialogue, moved: int) -> None:
    while dialogue.expect_event("progress", 30)["moved"] < moved:
        pass


def test_three_receivers_get_all_of_it(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=40, total_bytes=20 << 20)
    teacher, pupils = Person(lab.host("teacher")), crowd(lab, 3)
    sending, code = offer(teacher, 3, tree)
    taking = [pupil.receive(code) for pupil in pupils]
    assert [dialogue.wait(30) for dialogue in taking] == [0, 0, 0]
    assert sending.wait(10) == 0, sending.text + sending.complaints
    for pupil in pupils:
        assert describe(pupil.into / "tree") == describe(tree)
        assert pupil.temporary() == []
    assert events(sending)[-1]["given"] == 3
    assert {event["number"] for event in events(sending) if event["event"] == "given"} == {1, 2, 3}


def test_who_comes_later_gets_all_of_it_too(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=40, total_bytes=30 << 20)
    teacher, pupils = Person(lab.host("teacher")), crowd(lab, 2)
    lab.shape(teacher.host, Radio(rate_bps=60e6))
    sending, code = offer(teacher, 2, tree)
    first = pupils[0].receive(code)
    wait_for(first, 10 << 20)
    second = pupils[1].receive(code)
    assert first.wait(60) == 0, first.text
    assert second.wait(60) == 0, second.text
    assert sending.wait(10) == 0, sending.text + sending.complaints
    for pupil in pupils:
        assert describe(pupil.into / "tree") == describe(tree)


def test_one_more_than_was_meant_gets_nothing(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=10, total_bytes=20 << 20)
    teacher, pupils = Person(lab.host("teacher")), crowd(lab, 3)
    lab.shape(teacher.host, Radio(rate_bps=60e6))
    sending, code = offer(teacher, 2, tree)
    taking = [pupil.receive(code) for pupil in pupils[:2]]
    for dialogue in taking:
        wait_for(dialogue, 1 << 20)
    late = pupils[2].receive(code)
    assert [dialogue.wait(60) for dialogue in taking] == [0, 0]
    assert sending.wait(10) == 0
    assert not any(event["event"] in ("met", "offer") for event in events(late))
    late.process.kill()


@pytest.mark.parametrize("what", ["killed", "frozen"])
def test_one_that_stops_does_not_hold_the_others_up(lab: Lab, tmp_path: Path, what: str) -> None:
    """M3: and who was killed goes on by itself afterwards."""
    tree = fill(tmp_path / "tree", files=10, total_bytes=24 << 20)
    teacher, pupils = Person(lab.host("teacher")), crowd(lab, 3)
    lab.shape(teacher.host, Radio(rate_bps=100e6))
    sending, code = offer(teacher, 3, tree)
    taking = [pupil.receive(code) for pupil in pupils]
    wait_for(taking[0], 4 << 20)
    taking[0].process.send_signal(9 if what == "killed" else 19)
    began_s = time.monotonic()
    assert [dialogue.wait(60) for dialogue in taking[1:]] == [0, 0]
    assert time.monotonic() - began_s < 20.0
    again = taking[0]
    if what == "killed":
        again = pupils[0].resume_receiving()
    else:
        again.process.send_signal(18)
    assert again.wait(60) == 0, again.text + again.complaints
    assert sending.wait(20) == 0, sending.text + sending.complaints
    for pupil in pupils:
        assert describe(pupil.into / "tree") == describe(tree)


def test_a_wrong_guess_harms_no_running_one(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=10, total_bytes=20 << 20)
    teacher, pupils = Person(lab.host("teacher")), crowd(lab, 2)
    mallory = Person(lab.host("mallory"))
    lab.shape(teacher.host, Radio(rate_bps=60e6))
    sending, code = offer(teacher, 2, tree)
    first = pupils[0].receive(code)
    wait_for(first, 2 << 20)
    channel, *words = code.split()
    wrong = " ".join(word for word in WORDS if word not in words).split()[:3]
    guess = mallory.receive(" ".join([channel, *wrong]))
    assert guess.wait(30) == 4
    second = pupils[1].receive(code)
    assert first.wait(60) == 0, first.text
    assert second.wait(60) == 0, second.text
    assert sending.wait(10) == 0, sending.text + sending.complaints
    guesses = [event for event in events(sending) if event["event"] == "guess"]
    assert len(guesses) == 3
    assert list(mallory.into.glob("*")) == []


def test_who_declines_leaves_the_place_to_another(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=5, total_bytes=1 << 20)
    teacher, pupils = Person(lab.host("teacher")), crowd(lab, 3)
    sending, code = offer(teacher, 2, tree)
    declining = pupils[0].receive(code, yes=False)
    declining.expect_event("offer")
    declining.type("n")
    assert declining.wait(10) == 4
    taking = [pupil.receive(code) for pupil in pupils[1:]]
    assert [dialogue.wait(30) for dialogue in taking] == [0, 0]
    assert sending.wait(10) == 0, sending.text + sending.complaints
