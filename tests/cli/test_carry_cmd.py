"""`satchel carry`: letters go over a stick by the real command, alone and inside a node; what can be wrong is
said (C1, C2, M4; cli 1.19)."""

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carriers.stick.samples import bundle_of, file_with, files_of, lay, on_stick
from cli.carry_kit import two_people
from cli.letters_kit import seen
from cli.node_kit import Following, Served, serving
from cli.test_profile_commands import satchel
from satchel.carriers.stick import CarriedOut, TakenIn
from satchel.cli import carry_cmd
from satchel.cli.carry_cmd import stoppable
from satchel.cli.carry_lines import Meter, about_out, about_taken
from satchel.cli.parser import read
from satchel.cli.show import JsonShow
from satchel.confinement.landlock import can_confine_writes
from satchel.core.bundles.header import BundleId
from satchel.core.sealing.letter import LetterId
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.node import clock, events
from satchel.node.letters.sticks import StickVisit

NOTHING_OUT = {
    "bundles_out": 0,
    "receipts_out": 0,
    "own_letters": 0,
    "left_out": 0,
    "bytes": 0,
    "full": False,
}
NOTHING_IN = {"bundles_in": 0, "receipts_in": 0, "damaged": 0, "failed": 0}


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal") as running:
        yield running
        running.profile.post.close()


def told(served: Served, action: str, place: str) -> list[dict[str, Any]]:
    """To a script, by a job."""
    return [line for line in Following(served, "carry", action, place, "--json").rest() if "job" not in line]


def hour_in_days(days: int) -> int:
    return (int(time.time()) - 1_577_836_800) // 3600 + days * 24


@pytest.mark.slow
def test_a_letter_goes_over_a_stick_and_again_brings_nothing(tmp_path: Path, stick: Path) -> None:
    amina, carla = two_people(tmp_path)
    assert satchel(amina, "write", "carla", lines=("Come on Monday",)).code == 0
    out = satchel(amina, "carry", "out", str(stick))
    assert (out.code, out.names[-2:]) == (0, ["carried", "done"])
    assert out.events[-1] == {
        "event": "done",
        **NOTHING_OUT,
        "bundles_out": 1,
        "own_letters": 1,
        "bytes": sum(path.stat().st_size for path in files_of(stick)),
    }
    taken = satchel(carla, "carry", "exchange", str(stick))
    assert taken.code == 0
    [letter] = [event for event in taken.events if event["event"] == "letter"]
    assert (letter["from"], letter["text"]) == ("amina", "Come on Monday\n")
    assert taken.events[-1] == {
        "event": "done",
        **NOTHING_IN,
        **NOTHING_OUT,
        "bundles_in": 1,
        "left_out": 1,
        "bytes": taken.events[-1]["bytes"],
    }
    assert [event["text"] for event in satchel(carla, "inbox").events if event["event"] == "letter"]
    again = satchel(carla, "carry", "in", str(stick))
    assert (again.code, again.events[-1]) == (0, {"event": "done", **NOTHING_IN})


@pytest.mark.slow
def test_in_a_node_it_writes_on_the_stick_alone(served: Served, stick: Path) -> None:
    """Its thread gives all other rights away (M4): in that folder CARRY is made, and nothing else."""
    [bilal] = served.profile.contacts.all()
    served.profile.post.office.write(bilal.id, "Hello")
    assert told(served, "out", str(stick))[-1]["bundles_out"] == 1
    assert os.listdir(stick) == ["CARRY"]
    assert len(on_stick(stick)) == 1
    assert told(served, "in", str(stick))[-1] == {"event": "done", **NOTHING_IN}
    lay(stick, "AAAAAAAA.DAT", file_with(bundle_of("somebody", expiry_hour=hour_in_days(3))))
    said = seen(served, "carry", "exchange", str(stick))
    assert "Taken in: 1 bundle; 0 receipts read." in said
    assert served.is_well()


@pytest.mark.slow
def test_m4_who_takes_in_may_not_write_on_the_stick(
    served: Served, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses it, whatever stands on the stick."""
    if not can_confine_writes():
        pytest.skip("this kernel has no Landlock")

    def trespass(place: Path, *_: object, **__: object) -> TakenIn:
        try:
            (place / "CARRY" / "more").write_bytes(b"")
        except PermissionError:
            return TakenIn(bundles=7, receipts=0, damaged=0, unreadable=0)
        raise AssertionError("it was written")

    (stick / "CARRY").mkdir()
    monkeypatch.setattr(carry_cmd, "carry_in", trespass)
    assert told(served, "in", str(stick))[-1]["bundles_in"] == 7


@pytest.mark.slow
def test_a_job_is_stopped_between_two_pieces(
    served: Served, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [bilal] = served.profile.contacts.all()
    for number in range(20):
        served.profile.post.office.write(bilal.id, f"Letter {number}")
    real = StickVisit.read

    def slowly(visit: StickVisit, id: BundleId) -> bytes | None:
        time.sleep(0.1)
        return real(visit, id)

    with monkeypatch.context() as patched:
        patched.setattr(StickVisit, "read", slowly)
        following = Following(served, "carry", "out", str(stick), "--json")
        following.until(event="carried")
        assert following.tell("stop", {})[0] == 204
        *_, last, over = following.rest()
    assert (last["what"], over["code"]) == ("Stopped.", 1)
    assert not on_stick(stick)
    assert told(served, "out", str(stick))[-1]["bundles_out"] == 20


@pytest.mark.slow
def test_a_person_is_told_of_the_own_letters_on_it(served: Served, stick: Path) -> None:
    [bilal] = served.profile.contacts.all()
    served.profile.post.office.write(bilal.id, "Hello")
    said = seen(served, "carry", "out", str(stick))
    assert "Written: 1 bundle and 0 receipts, " in said
    assert "1 letter of yours went along." in said
    assert "This folder is no stick" in said
    assert "Eject it before you pull it out." in said
    assert "of yours" not in seen(served, "carry", "out", str(stick))


@pytest.mark.slow
@pytest.mark.parametrize("action", ["out", "in", "exchange"])
def test_what_is_wrong_with_the_folder_is_said(served: Served, stick: Path, action: str) -> None:
    def error(place: Path) -> dict[str, str]:
        return told(served, action, str(place))[-1]

    assert error(stick / "nowhere")["what"] == "Could not read the stick: it is not there."
    assert error(stick / "nowhere")["safe"] == "Nothing was done."
    (stick / "file").write_bytes(b"")
    assert "something else stands where" in error(stick / "file")["what"]
    (stick / "CARRY").write_bytes(b"")
    assert "something else stands where" in error(stick)["what"]
    (served.home / "CARRY").mkdir()
    assert error(served.home)["what"] == "This is the folder of your profile."
    if action == "in":
        (stick / "CARRY").unlink()
        assert error(stick)["what"] == "There is nothing of Satchel in this folder."
        return
    (stick / "CARRY").unlink()
    (stick / "CARRY").mkdir()
    opened = os.open(stick / "CARRY", os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        assert error(stick)["what"] == "Another Satchel is writing on this stick."
    finally:
        os.close(opened)


@pytest.mark.slow
def test_foreign_files_stay_and_one_that_cannot_be_read_is_counted(served: Served, stick: Path) -> None:
    foreign = {
        lay(stick, name, data): data
        for name, data in {
            "LETTER.TXT": b"mine",
            "AAAAAAA2.DAT": b"of another program",
            "AAAAAAA3.DAT": b"",
        }.items()
    }
    (stick / "CARRY" / "AAAAAAA4.DAT").symlink_to("/etc/passwd")
    (stick / "photo.jpg").write_bytes(b"photo")
    assert told(served, "exchange", str(stick))[-1]["event"] == "done"
    assert all(path.read_bytes() == data for path, data in foreign.items())
    assert (stick / "photo.jpg").read_bytes() == b"photo"
    assert (stick / "CARRY" / "AAAAAAA4.DAT").is_symlink()
    cut = lay(stick, "AAAAAAA5.DAT", file_with(bundle_of("cut", expiry_hour=hour_in_days(3)))[:500])
    said = told(served, "in", str(stick))[-1]
    assert (said["damaged"], said["failed"]) == (1, 0)
    assert cut.exists()


@pytest.mark.slow
def test_a_profile_is_needed_and_none_is_made(tmp_path: Path, stick: Path) -> None:
    done = satchel(tmp_path / "none", "carry", "out", str(stick))
    assert (done.code, done.events[-1]["what"]) == (5, "There is no profile here.")
    assert os.listdir(stick) == []
    assert not (tmp_path / "none").exists()
    assert satchel(tmp_path / "none", "carry", "out", str(stick), "--ephemeral").code == 2


@pytest.mark.parametrize(
    ("word", "size_bytes"),
    [
        ("70kB", 70_000),
        ("500MB", 500_000_000),
        ("1.5G", 1_500_000_000),
        ("2t", 2 * 10**12),
        ("4500000", 4_500_000),
    ],
)
def test_a_size(word: str, size_bytes: int) -> None:
    assert read(["carry", "out", "/x", "--size", word]).size == size_bytes


@pytest.mark.parametrize(
    "word", ["", "0", "69kB", "1,5GB", "five", "1.55GB", "-1GB", "1 GB ", "1GiB", "9" * 20]
)
def test_what_is_no_size(word: str) -> None:
    with pytest.raises(MisuseError, match="size"):
        read(["carry", "exchange", "/x", f"--size={word}"])


def test_in_takes_no_size() -> None:
    with pytest.raises(MisuseError, match="--size"):
        read(["carry", "in", "/x", "--size", "1GB"])


def test_who_stops_it_waits_for_the_piece_that_is_written() -> None:
    """Then the thread has ended, so that nothing more is written."""
    meter, went = Meter(JsonShow()), []

    def work() -> None:
        while True:
            meter.tell(0)
            went.append(1)
            time.sleep(0.001)

    async def stop() -> None:
        task = asyncio.ensure_future(stoppable(work, meter))
        while not went:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop())
    count = len(went)
    time.sleep(0.02)
    assert len(went) == count


def test_what_was_over_when_it_was_stopped_is_told() -> None:
    meter = Meter(JsonShow())

    async def stop() -> str:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> str:
            loop.call_soon_threadsafe(begun.set)
            time.sleep(0.05)
            return "all of it"

        task = asyncio.ensure_future(stoppable(work, meter))
        await begun.wait()
        task.cancel()
        return await task

    assert asyncio.run(stop()) == "all of it"


def test_letters_are_told_between_two_pieces_and_how_much_at_most_five_times_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now_s = 0.0
    monkeypatch.setattr(clock, "monotonic_s", lambda: now_s)
    show = JsonShow()
    meter = Meter(show)
    for _ in range(10):
        meter.tell(1000)
        now_s += 0.0625
    meter.hear(events.LetterEnded(id=LetterId(bytes(16)), delivered=True))
    before = capsys.readouterr().out
    meter.close()
    show.close()
    assert ["carried" in line for line in before.splitlines()] == [True, True, True]
    assert '"bytes": 9000' in before
    assert "letter_ended" in capsys.readouterr().out
    meter.stop()
    with pytest.raises(EnvironmentProblem):
        meter.tell(0)


def test_the_last_words() -> None:
    taken = TakenIn(bundles=1, receipts=2, damaged=1, unreadable=2)
    assert about_taken(taken) == (
        "Taken in: 1 bundle; 2 receipts read. 1 bundle was cut off or changed, and left where they are. 2"
        " files could not be read, and stay as they are."
    )
    went = CarriedOut(bundles=2, receipts=1, left_out=1_000, size_bytes=70_000, is_full=True)
    assert about_out(went, 0) == (
        "Written: 2 bundles and 1 receipt, 70.0 kB. 1,000 more are there already, or all who use this stick"
        " have them. There was no room for all: what is small and new has gone first.\n"
        "All of it is safe there. Eject it before you pull it out."
    )
