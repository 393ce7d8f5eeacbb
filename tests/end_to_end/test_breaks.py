"""kill -9, lost links, moved hosts, full disks: it always completes, by itself, and repeats little."""

import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from end_to_end.programs import Person, describe, events, fill, hand_over, under_way
from lab import Dialogue, Lab, LabError, Radio

pytestmark = pytest.mark.lab

KILLS = 50
REPEATED_BYTES_MAX = 2 << 20
ENDED_WELL = (0, 5)
"""5, "nothing to do": whoever was killed after all was acknowledged has nothing to go on with."""


def written_bytes(person: Person) -> int:
    """What the receiver has on disk of all files, finished or not."""
    return sum(path.stat().st_size for path in person.into.rglob("*") if path.is_file())


def finished_files(person: Person, tree: Path) -> int:
    """Every file that stands under a final name is whole and right."""
    count = 0
    for path in (person.into / tree.name).rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tree / path.relative_to(person.into / tree.name)).read_bytes(), path
            count += 1
    return count


def still_to_fetch(receiving: Dialogue) -> int | None:
    """By the first progress event after the two have met; None if the hand-over was over before."""
    try:
        receiving.expect_event("met", 20)
        first = receiving.expect_event("progress", 20)
    except LabError:
        assert receiving.wait(10) in ENDED_WELL, receiving.text + receiving.complaints
        return None
    return int(first["of"] - first["bytes"])


@pytest.mark.slow
def test_fifty_kills_on_alternating_sides(lab: Lab, tmp_path: Path) -> None:
    chance = random.Random(50)
    tree = fill(tmp_path / "tree", files=150, total_bytes=48 << 20)
    total = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=60e6))
    kills = 0
    while kills < KILLS:  # as many hand-overs as it takes
        shutil.rmtree(bilal.into, ignore_errors=True)
        sending = amina.send(tree)
        receiving = bilal.receive(sending.expect_event("code")["code"])
        receiving.expect_event("progress")
        while kills < KILLS:
            time.sleep(chance.uniform(0.0, 1.5))
            victim = ("receiver", "sender", "both")[kills % 5 % 3]
            if sending.process.poll() is not None or receiving.process.poll() is not None:
                break
            kills += 1
            if victim in ("receiver", "both"):
                receiving.process.kill()
                receiving.wait()
            if victim in ("sender", "both"):
                sending.process.kill()
                sending.wait()
            finished_files(bilal, tree)
            there = written_bytes(bilal)
            receiver_first = chance.random() < 0.5
            if victim in ("receiver", "both") and receiver_first:
                receiving = bilal.resume_receiving()
            if victim in ("sender", "both"):
                sending = amina.satchel("send")
            if victim in ("receiver", "both") and not receiver_first:
                receiving = bilal.resume_receiving()
            left = still_to_fetch(receiving)
            if left is None:
                break
            if victim != "sender":  # else more may have been written since
                assert left <= total - there + REPEATED_BYTES_MAX, f"kill {kills}"
        assert receiving.wait(60) in ENDED_WELL, receiving.text + receiving.complaints
        assert sending.wait(60) in ENDED_WELL, sending.text + sending.complaints
        assert describe(bilal.into / "tree") == describe(tree)
        assert bilal.temporary() == []


def test_a_lost_signal_is_no_end(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=20, total_bytes=12 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=30e6))
    sending, receiving = under_way(amina, bilal, tree, moved=3 << 20)
    lab.down(bilal.host)
    receiving.expect_event("lost", 40)
    lab.up(bilal.host)
    assert receiving.wait(60) == 0, receiving.text + receiving.complaints
    assert sending.wait(60) == 0, sending.text + sending.complaints
    assert describe(bilal.into / "tree") == describe(tree)


def test_it_goes_on_in_another_network(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=20, total_bytes=12 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=30e6))
    sending, receiving = under_way(amina, bilal, tree, moved=3 << 20)
    lab.move(amina.host, "cafe")
    lab.move(bilal.host, "cafe")
    assert receiving.wait(60) == 0, receiving.text + receiving.complaints
    assert sending.wait(60) == 0, sending.text + sending.complaints
    assert describe(bilal.into / "tree") == describe(tree)


def test_ctrl_c_says_so_and_both_can_go_on_later(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=20, total_bytes=12 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=30e6))
    sending, receiving = under_way(amina, bilal, tree, moved=3 << 20)
    receiving.process.send_signal(2)
    assert receiving.wait(10) == 1
    assert sending.expect_event("lost")["why"] == "the other side stopped for now"
    sending.process.send_signal(15)
    assert sending.wait(10) == 1
    sending, receiving = amina.satchel("send"), bilal.resume_receiving()
    assert receiving.wait(60) == 0, receiving.text + receiving.complaints
    assert sending.wait(60) == 0, sending.text + sending.complaints
    assert describe(bilal.into / "tree") == describe(tree)
    assert bilal.temporary() == []
    assert amina.satchel("send").wait(10) == 5
    assert bilal.resume_receiving().wait(10) == 5


def test_a_source_that_changed_between_two_tries_is_left_out(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=20, total_bytes=12 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=30e6))
    sending, receiving = under_way(amina, bilal, tree, moved=1 << 20)
    for dialogue in (sending, receiving):
        dialogue.process.kill()
        dialogue.wait()
    last = max(
        path
        for path in tree.rglob("*")
        if path.is_file() and not (bilal.into / path.relative_to(tmp_path)).exists()
    )
    last.write_bytes(b"something else")
    sending, receiving = amina.satchel("send"), bilal.resume_receiving()
    assert receiving.wait(60) == 1, receiving.text + receiving.complaints
    assert sending.wait(60) == 1, sending.text + sending.complaints
    failed = [event["path"] for event in events(receiving) if event["event"] == "failed"]
    assert failed == [str(last.relative_to(tmp_path))]
    assert bilal.temporary() == []
    assert finished_files(bilal, tree) == 19


def test_a_full_disk_is_told_to_both_and_goes_on_after_room_was_made(
    lab: Lab, tmp_path: Path, small_disk: Path
) -> None:
    tree = fill(tmp_path / "tree", files=10, total_bytes=7 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    lab.shape(amina.host, Radio(rate_bps=20e6))
    sending = amina.send(tree)
    code = sending.expect_event("code")["code"]
    receiving = bilal.satchel("receive", "--into", small_disk / "here", "--yes")
    receiving.type(code)
    while receiving.expect_event("progress")["moved"] < 1 << 20:
        pass
    (small_disk / "ballast").write_bytes(bytes(3 << 20))
    assert receiving.wait(30) == 1, receiving.text
    error = events(receiving)[-1]
    assert error["event"] == "error"
    assert "full" in error["what"]
    assert all(error[part] for part in ("what", "safe", "do"))
    assert sending.expect_event("lost")["why"] == "the other side's disk is full"
    (small_disk / "ballast").unlink()
    receiving = bilal.resume_receiving()
    assert receiving.wait(60) == 0, receiving.text + receiving.complaints
    assert sending.wait(60) == 0, sending.text + sending.complaints
    assert describe(small_disk / "here" / "tree") == describe(tree)


def test_too_much_for_the_disk_is_seen_before_anything_is_sent(
    lab: Lab, tmp_path: Path, small_disk: Path
) -> None:
    tree = fill(tmp_path / "tree", files=10, total_bytes=30 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    sending = amina.send(tree)
    code = sending.expect_event("code")["code"]
    receiving = bilal.satchel("receive", "--into", small_disk / "here", "--yes")
    receiving.type(code)
    assert receiving.wait(20) == 1, receiving.text
    assert "full" in events(receiving)[-1]["what"]
    assert sending.expect_event("lost")["why"] == "the other side's disk is full"
    assert list((small_disk / "here").iterdir()) == []
    receiving = bilal.receive(code)  # elsewhere there is room, and the code was not used up
    assert receiving.wait(20) == 0, receiving.text
    assert sending.wait(20) == 0
    assert describe(bilal.into / "tree") == describe(tree)


def test_a_read_only_folder_is_told_before_the_code_is_asked_for(lab: Lab, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    bilal = Person(lab.host("bilal"))
    receiving = bilal.satchel("receive", "--into", small_disk, "--yes")
    assert receiving.wait(10) == 1
    assert "read-only" in events(receiving)[-1]["what"]


def test_two_hand_overs_do_not_disturb_each_other(lab: Lab, tmp_path: Path) -> None:
    one = fill(tmp_path / "one", files=10, total_bytes=4 << 20, seed=1)
    two = fill(tmp_path / "two", files=10, total_bytes=4 << 20, seed=2)
    """The profile is held by the first of them; the second remembers nothing."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    first = amina.send(one)
    codes = [first.expect_event("code")["code"]]
    refused = amina.send(two)
    assert refused.wait(20) == 1
    assert "--ephemeral" in refused.expect_event("error")["do"]
    second = amina.satchel("send", "--ephemeral", two)
    codes.append(second.expect_event("code")["code"])
    taking = [bilal.receive(codes[0], "--ephemeral"), bilal.receive(codes[1])]
    assert [dialogue.wait(30) for dialogue in (*taking, first, second)] == [0, 0, 0, 0]
    assert describe(bilal.into / "one") == describe(one)
    assert describe(bilal.into / "two") == describe(two)


def test_nothing_that_was_there_is_touched(lab: Lab, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", files=10, total_bytes=1 << 20)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    (bilal.into / "tree").mkdir(parents=True)
    (bilal.into / "tree" / "mine.txt").write_text("mine")
    (bilal.into / ".satchel-notes").write_text("mine, too")
    hand_over(amina, bilal, tree)
    assert (bilal.into / "tree" / "mine.txt").read_text() == "mine"
    assert (bilal.into / ".satchel-notes").read_text() == "mine, too"
