"""`satchel demo`: three nodes on this machine, each a process of its own with a profile of its own,
hand a folder from one to the next over real sockets, with real codes. Two of them pair, what waits for a
contact goes by itself, and a letter goes over somebody else and two sticks."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from satchel.cli import units
from satchel.cli.show import Show
from satchel.errors import EnvironmentProblem
from satchel.node import clock

WAIT_S = 60
BIG_BYTES = 24_000_000
LETTERS = 40
LETTER = "Come when the road is open."


def run(options: argparse.Namespace, show: Show) -> int:  # noqa: ARG001 - every command has this shape
    with tempfile.TemporaryDirectory(prefix="satchel-demo-") as place:
        return _demo(Path(place), show)


def _demo(place: Path, show: Show) -> int:
    people = ["amina", "bilal", "chen"]
    for person in people:
        (place / person).mkdir()
    school = place / "amina" / "school"
    _fill(school)
    contents = describe(school)
    total = sum(path.stat().st_size for path in school.rglob("*") if path.is_file())
    show.note(f"Three people on one network: {', '.join(people)}. No server, no account, no Internet.")
    show.note(f"Amina has a folder: {units.files(LETTERS + 1)} and an empty folder, {units.size(total)}.\n")
    started_s = clock.monotonic_s()
    for giver, taker in (("amina", "bilal"), ("bilal", "chen")):
        began_s = clock.monotonic_s()
        code = _hand_over(place, giver, taker)
        seconds = clock.monotonic_s() - began_s
        _compare(place / taker / "school", contents)
        left = [path for path in (place / taker).rglob(".satchel-*") if path.is_dir()]
        if left:
            raise EnvironmentProblem("The demo failed: something temporary was left.", do="Please report it.")
        show.note(f'{giver} shows the code "{code}", {taker} types it.')
        show.note(f"  -> {taker} has the folder: names, bytes, times and modes are equal ({seconds:.1f} s).")
    began_s = clock.monotonic_s()
    _pair(place, "amina", "bilal")
    seconds = clock.monotonic_s() - began_s
    show.note(f"amina and bilal pair: each is a verified contact of the other now ({seconds:.1f} s).")
    began_s = clock.monotonic_s()
    letters = school / "letters"
    _deliver(place, letters, "amina", "bilal")
    seconds = clock.monotonic_s() - began_s
    _compare(place / "bilal" / "letters", describe(letters))
    show.note("amina sends her letters to bilal, by name: no code, nobody types anything.")
    show.note(f"  -> bilal has them ({seconds:.1f} s).")
    began_s = clock.monotonic_s()
    _carry(place, "amina", "chen", "bilal")
    seconds = clock.monotonic_s() - began_s
    show.note(
        "amina writes a letter to bilal, and gives chen a stick. chen carries it, and gives bilal another."
    )
    show.note(f"  -> bilal reads it; for chen it is noise ({seconds:.1f} s).")
    seconds = clock.monotonic_s() - started_s
    show.done(
        text=f"\nDone in {seconds:.1f} s, start of the programs included.",
        seconds=round(seconds, 3),
    )
    show.note("Now with somebody beside you:  satchel send PATH   and there:  satchel receive")
    return 0


def _fill(folder: Path) -> None:
    (folder / "letters").mkdir(parents=True)
    (folder / "empty folder").mkdir()
    for number in range(LETTERS):
        path = folder / "letters" / f"letter {number:02} - رسالة - 信.txt"
        path.write_text(f"Letter {number}.\n" * (number + 1), encoding="utf-8")
        os.utime(path, (1_600_000_000 + number, 1_600_000_000 + number))
    line = b"A library in one file. " * 1000
    with (folder / "encyclopedia.bin").open("wb") as big:
        for at in range(0, BIG_BYTES, len(line)):
            big.write(at.to_bytes(8, "big") + line[8:])
    tool = folder / "run-me.sh"
    tool.write_text("#!/bin/sh\necho hello\n", encoding="utf-8")
    tool.chmod(0o755)


def describe(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything a hand-over keeps: names, content, times, the executable bit, empty folders."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        kept = path.stat()
        content = path.read_bytes() if path.is_file() else None
        executable = bool(kept.st_mode & 0o111) if path.is_file() else None
        found[str(path.relative_to(folder))] = (content, kept.st_mtime_ns, executable)
    return found


def _compare(arrived: Path, contents: dict[str, tuple[object, ...]]) -> None:
    if describe(arrived) != contents:
        raise EnvironmentProblem(
            "The demo failed: the folder did not arrive as it was.", do="Please report it."
        )


def _hand_over(place: Path, giver: str, taker: str) -> str:
    """One hand-over between two programs; returns the code that was used."""
    with _started(place, giver, "send", str(place / giver / "school")) as sending:
        code = str(_wait_for(sending, "code")["code"])
        with _started(place, taker, "receive", "--yes", "--into", str(place / taker)) as receiving:
            _type(receiving, code)
            _wait_for(receiving, "done")
            _wait_for(sending, "done")
    return code


def _pair(place: Path, host: str, taker: str) -> None:
    """Two programs make each other contacts, by a code, and know each other afterwards."""
    with _started(place, host, "pair", "--show", "--yes", "--name", taker) as showing:
        code = str(_wait_for(showing, "code")["code"])
        with _started(place, taker, "pair", "--take", "--yes", "--name", host) as taking:
            _type(taking, code)
            for process in (taking, showing):
                if not _wait_for(process, "done")["verified"]:
                    raise EnvironmentProblem("The demo failed: nobody was verified.", do="Please report it.")


def _deliver(place: Path, sent: Path, giver: str, taker: str) -> None:
    """Two programs find the contact on the network, and hand over what waits for it."""
    into = str(place / taker)
    with (
        _started(place, taker, "receive", "--from", giver, "--yes", "--into", into) as receiving,
        _started(place, giver, "send", str(sent), "--to", taker) as sending,
    ):
        for process in (sending, receiving):
            _wait_for(process, "done")


def _carry(place: Path, writer: str, carrier: str, reader: str) -> None:
    """A letter goes by two sticks, over somebody who knows neither of the two."""
    with _started(place, writer, "write", reader) as writing:
        _type(writing, LETTER)
        assert writing.stdin is not None
        writing.stdin.close()
        writing.stdin = None  # else its end would close it once more
        _wait_for(writing, "done")
    for number, (giver, taker) in enumerate(((writer, carrier), (carrier, reader))):
        stick = place / f"stick {number}"
        stick.mkdir()
        for person, way in ((giver, "out"), (taker, "in")):
            with _started(place, person, "carry", way, str(stick)) as carrying:
                _wait_for(carrying, "done")
    with _started(place, reader, "inbox") as read, _started(place, carrier, "inbox") as unread:
        if str(_wait_for(read, "letter")["text"]).strip() != LETTER or _wait_for(unread, "done")["letters"]:
            raise EnvironmentProblem(
                "The demo failed: the letter did not arrive as it was written.", do="Please report it."
            )


@contextmanager
def _started(place: Path, person: str, *words: str) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "satchel.cli.main", *words]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--json", "--home", str(place / person / "profile")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _type(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _wait_for(process: "subprocess.Popen[str]", wanted: str) -> dict[str, object]:
    for event in _events(process):
        if event["event"] == "error":
            raise EnvironmentProblem(
                f"The demo failed: {event['what']}", safe=str(event["safe"]), do=str(event["do"])
            )
        if event["event"] == wanted:
            return event
    raise EnvironmentProblem("The demo failed: a program ended early.", do="Please report it.")


def _events(process: "subprocess.Popen[str]") -> Iterator[dict[str, object]]:
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, object] = json.loads(line)
        yield event


def _end(process: "subprocess.Popen[str]") -> None:
    try:
        process.communicate(timeout=WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
