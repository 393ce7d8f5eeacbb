"""What stays set: the next start goes by it, and a node that runs where it can (W1, M3, M4)."""

import json
import signal
import time
from typing import Any

import pytest

from end_to_end.acquainted import couple, made
from end_to_end.programs import SATCHEL, Person
from end_to_end.test_meet import shouts
from end_to_end.test_queue import delivered
from end_to_end.test_up import HERE_S, status, told, up
from lab import Lab

pytestmark = pytest.mark.lab
SILENCE_S = 8.0


def settings(person: Person, *words: str) -> list[dict[str, Any]]:
    line = [*SATCHEL, "settings", *words, "--json", "--home", str(person.profile)]
    return [json.loads(line) for line in person.host.run(line).stdout.splitlines()]


def set_to(person: Person, name: str, value: str) -> dict[str, Any]:
    return settings(person, "set", name, value)[-1]


def test_w1_who_is_set_to_be_quiet_says_nothing_at_any_start(lab: Lab) -> None:
    """Also as a command that runs a node for its own duration; the line of one start goes before it."""
    amina, _ = couple(lab)
    assert set_to(amina, "quiet", "on")["now"]
    song = amina.host.home / "song"
    song.write_text("la")
    with lab.watch("home") as watch:
        sending = amina.satchel("send", "--to", "bilal", song)
        time.sleep(SILENCE_S / 2)
        sending.process.send_signal(signal.SIGINT)
        sending.wait(20)
        node = up(amina)
        time.sleep(SILENCE_S)
        assert status(amina)["mode"] == "quiet"
        node.process.kill()
    assert not shouts(watch, amina.host.ip)
    with lab.watch("home") as watch:
        up(amina, "--no-quiet")
        time.sleep(SILENCE_S / 2)
    assert shouts(watch, amina.host.ip)


def test_w1_a_running_node_is_quiet_from_one_moment_to_the_next(lab: Lab) -> None:
    amina, bilal = couple(lab)
    here = up(amina)
    assert set_to(amina, "quiet", "on")["now"]
    with lab.watch("home") as watch:
        time.sleep(SILENCE_S * 2)
    assert not shouts(watch, amina.host.ip)
    up(bilal)
    here.expect_event("peer", HERE_S)
    with lab.watch("home") as watch:
        assert set_to(amina, "quiet", "off")["now"]
        time.sleep(SILENCE_S / 2)
    assert shouts(watch, amina.host.ip)


def test_it_is_there_after_a_kill(lab: Lab) -> None:
    amina = made(Person(lab.host("amina")))
    node = up(amina)
    assert set_to(amina, "accept", "verified")["now"]
    assert set_to(amina, "language", "fa")["now"]
    assert set_to(amina, "carry", "200 MB")["now"]
    node.process.kill()
    up(amina)
    events = settings(amina, "list")
    assert {event["name"]: event["value"] for event in events if event["event"] == "setting"} == {
        "language": "fa",
        "quiet": "off",
        "accept": "verified",
        "into": None,
        "history": "off",
        "carry": "200000000",
    }


def test_another_folder_counts_at_the_next_start(lab: Lab) -> None:
    """M4: the running node cannot write there, and says so; the next one writes nowhere else."""
    amina, bilal = couple(lab)
    song = amina.host.home / "song"
    song.write_text("la")
    first, second = bilal.host.home / "first", bilal.host.home / "second"
    set_to(bilal, "into", str(first))
    set_to(bilal, "accept", "verified")
    here, there = up(amina), up(bilal)
    assert not set_to(bilal, "into", str(second))["now"]
    told(amina, "send", "--to", "bilal", str(song))
    delivered(here)
    delivered(there)  # only then is the folder of what is unfinished away
    assert [path.name for path in first.iterdir()] == ["song"]
    assert told(bilal, "lock")[-1]["event"] == "done"
    there.wait(20)
    up(bilal)
    song.write_text("la la")
    told(amina, "send", "--to", "bilal", str(song))
    delivered(here)
    assert (second / "song").read_text() == "la la"
    assert (first / "song").read_text() == "la"


def test_a_folder_that_is_gone_keeps_nobody_from_the_page(lab: Lab) -> None:
    bilal = made(Person(lab.host("bilal")))
    stick = bilal.host.home / "stick"
    set_to(bilal, "into", str(stick))
    stick.rmdir()
    node = bilal.satchel("up")
    warnings = [node.expect_event("warning")["what"] for _ in range(2)]
    assert "The folder for what arrives is not there" in warnings[1]
    node.expect_event("ready")
    assert not stick.exists()
    assert (bilal.profile / "open.html").exists()
