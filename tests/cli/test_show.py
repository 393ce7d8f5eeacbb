"""What a script reads, and that every event is told to both."""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from satchel.cli.show import FAILURES, JsonShow, PersonShow
from satchel.core.handover.messages import Entry, EntryKind, Failure
from satchel.core.identity.contacts import ContactId
from satchel.errors import AccessDenied, EnvironmentProblem, PeerError
from satchel.node import events

PROGRESS = events.Progress(bytes_done=5, bytes_of=10, files_done=1, files_of=2, bytes_moved=4)
PLACED = events.FilePlaced(path=(b"a", b"b (2)"), offered=(b"a", b"b"), already_there=False)
SAME = events.FilePlaced(path=(b"c",), offered=(b"c",), already_there=True)
CODE = events.CodeReady(code="482 apple river stone")
HERE = events.Listening(addresses=("192.168.1.5:40000", "[fe80::1]:40001"))
BILAL = ContactId(bytes(16))
ERROR = EnvironmentProblem("The disk is full.", safe="What arrived stays.", do="Make room.")

# What happens with one of several receivers.
OF_ONE: list[tuple[events.Event, dict[str, Any]]] = [
    (events.Met(resumed=False), {"event": "met", "resumed": False}),
    (PROGRESS, {"event": "progress", "bytes": 5, "of": 10, "files": 1, "files_of": 2, "moved": 4}),
    (
        events.FileFailed(path=(b"x",), failure=Failure.UNREADABLE),
        {"event": "failed", "path": "x", "why": "it could not be read"},
    ),
    (events.Lost(loss=events.Loss.PAUSED), {"event": "lost", "why": "the other side stopped for now"}),
]

# Every event, and the line that docs/spec/cli.md promises for it.
LINES: list[tuple[events.Event, dict[str, Any] | None]] = [
    (HERE, {"event": "address", "address": "192.168.1.5:40000", "addresses": list(HERE.addresses)}),
    (events.Listening(addresses=()), {"event": "address", "address": None, "addresses": []}),
    (CODE, None),
    (events.Searching(resuming=2), {"event": "searching", "resuming": 2}),
    (events.GuessCounted(number=1, of=16), {"event": "guess", "number": 1, "of": 16}),
    (events.Met(resumed=True), {"event": "met", "resumed": True}),
    (events.OfferShown(entries=(), free_bytes=1), None),  # with its question: ask.py
    (events.NoteReceived(text="a\u202eb\n"), {"event": "text", "text": "a\u202eb\n"}),
    (PROGRESS, {"event": "progress", "bytes": 5, "of": 10, "files": 1, "files_of": 2, "moved": 4}),
    (PLACED, {"event": "placed", "path": "a/b (2)", "offered": "a/b", "already_there": False}),
    (
        events.FileFailed(path=(b"x",), failure=Failure.CHANGED),
        {"event": "failed", "path": "x", "why": "it was changed while it was being sent"},
    ),
    (events.Lost(loss=events.Loss.BROKEN), {"event": "lost", "why": "the connection broke"}),
    (events.Declined(), {"event": "declined"}),
    (events.Given(number=2, of=3), {"event": "given", "number": 2, "of": 3}),
    *((events.ByReceiver(receiver=3, event=event), line | {"receiver": 3}) for event, line in OF_ONE),
    (
        events.Trouble(problem=AccessDenied("What.", safe="Safe.", do="Do.")),
        {"event": "trouble", "what": "What.", "safe": "Safe.", "do": "Do."},
    ),
    (
        events.ByHandover(handover=2, event=events.Met(resumed=True)),
        {"event": "met", "resumed": True, "handover": 2},
    ),
    (events.Reachable(links=()), None),  # as addresses, by the command
    (
        events.PeerMet(contact=BILAL, name="bilal", verified=True),
        {"event": "peer", "contact": "bilal", "verified": True},
    ),
    (
        events.PeerGone(contact=BILAL, name="bilal", broke=True),
        {"event": "gone", "contact": "bilal", "broke": True},
    ),
    (
        events.Asked(contact=BILAL, name="bilal", is_verified=False, files=2, size_bytes=9, has_text=True),
        {"event": "asked", "contact": "bilal", "verified": False, "files": 2, "bytes": 9, "text": True},
    ),
    (
        events.LetterCame(
            contact=BILAL, name="bilal", is_verified=True, id=b"i" * 16, text="Come", attachments=1
        ),
        {
            "event": "letter",
            "from": "bilal",
            "verified": True,
            "text": "Come",
            "attachments": 1,
            "id": "69" * 16,
        },
    ),
    (events.LetterMoved(id=b"i" * 16), None),
    (
        events.LetterEnded(id=b"i" * 16, delivered=True),
        {"event": "letter_ended", "id": "69" * 16, "delivered": True},
    ),
    (
        events.LetterSpoilt(contact=BILAL, problem=PeerError("What.", safe="Safe.", do="Do.")),
        {"event": "trouble", "what": "What.", "safe": "Safe.", "do": "Do."},
    ),
    (events.Delivered(), {"event": "delivered"}),
    (
        events.CannotBeRead(problem=AccessDenied("What.", safe="Safe.", do="Do.")),
        {"event": "unreadable", "what": "What.", "safe": "Safe.", "do": "Do."},
    ),
    *(
        (
            events.ByContact(contact=BILAL, name="bilal", giving=True, handover=b"h" * 16, event=event),
            line | {"contact": "bilal", "giving": True, "handover": "68" * 16},
        )
        for event, line in OF_ONE
    ),
    (events.Searching(resuming=0, meeting=True), {"event": "searching", "resuming": 0}),
]
EACH_LINE = pytest.mark.parametrize(("event", "line"), LINES, ids=lambda part: type(part).__name__)
Output = pytest.CaptureFixture[str]


def test_every_event_is_tested() -> None:
    assert {type(event) for event, _ in LINES} == set(events.Event.__args__)
    assert set(FAILURES) == set(Failure)


@EACH_LINE
def test_a_script_reads_one_object_a_line(
    event: events.Event, line: dict[str, Any] | None, capsys: Output
) -> None:
    show = JsonShow()
    show.hear(event)
    show.close()
    out, err = capsys.readouterr()
    assert err == ""
    assert [json.loads(row) for row in out.splitlines()] == ([] if line is None else [line])


@EACH_LINE
def test_piped_a_person_sees_no_control_characters(
    event: events.Event, line: dict[str, Any] | None, capsys: Output
) -> None:
    PersonShow().hear(event)
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\r" not in out + err


def test_only_of_a_receiver_a_person_hears_that_it_ends_without_it(capsys: Output) -> None:
    """What goes wrong on the own disk is about nobody else."""
    trouble = events.Trouble(problem=EnvironmentProblem("The disk is full."))
    for event, with_one in ((trouble, False), (events.ByReceiver(receiver=2, event=trouble), True)):
        PersonShow().hear(event)
        out, err = capsys.readouterr()
        assert "The disk is full." in out + err
        assert ("with one of them" in out + err) is with_one


@pytest.mark.parametrize("name", [b'"\\\n\x7f', b"\xff\xe2\x80", "\u202eé\U0001f600".encode(), b"\0"])
def test_a_placed_line_is_the_json_of_what_happened(name: bytes, capsys: Output) -> None:
    """It is put together by hand, since there are so many."""
    show = JsonShow()
    show.hear(events.FilePlaced(path=(b"a", name), offered=(name, b"b"), already_there=True))
    show.close()
    out, _ = capsys.readouterr()
    assert out.isascii()
    line = {"event": "placed", "path": "a/" + os.fsdecode(name), "offered": os.fsdecode(name) + "/b"}
    assert out == json.dumps(line | {"already_there": True}) + "\n"


def test_an_offer_is_the_json_that_the_page_promises(capsys: Output) -> None:
    name = b'"\\\n\xff' + "\u202e".encode()
    folder = Entry(path=(name,), kind=EntryKind.FOLDER, size=0, mtime_ns=-5, executable=False)
    file = Entry(path=(name, b"b"), kind=EntryKind.FILE, size=1 << 52, mtime_ns=2**62, executable=True)
    JsonShow().offer([(0, folder, None), (1, file, 1)], free_bytes=7)
    out, _ = capsys.readouterr()
    assert out.isascii()
    shown = os.fsdecode(name)
    assert json.loads(out) == {
        "event": "offer",
        "files": [
            {"item": None, "number": 0, "path": shown, "folder": True, "size": 0}
            | {"mtime_ns": -5, "executable": False},
            {"item": 1, "number": 1, "path": f"{shown}/b", "folder": False, "size": 1 << 52}
            | {"mtime_ns": 2**62, "executable": True},
        ],
        "free_bytes": 7,
    }


def test_lines_of_files_are_held_back_for_a_moment_and_keep_their_order(capsys: Output) -> None:
    show = JsonShow()
    show.hear(PLACED)
    show.hear(SAME)
    assert capsys.readouterr().out == ""
    show.hear(PROGRESS)
    told = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in told] == ["placed", "placed", "progress"]
    show.hear(PLACED)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(10)
    assert json.loads(capsys.readouterr().out)["event"] == "placed"
    show.hear(PLACED)
    show.error(ERROR)
    told = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in told] == ["placed", "error"]


def test_so_many_lines_are_not_held_back(capsys: Output) -> None:
    show = JsonShow()
    for _ in range(10_000):
        show.hear(PLACED)
    show.close()
    assert capsys.readouterr().out.count('"placed"') == 10_000


def test_a_script_gets_the_code_with_its_address_once(capsys: Output) -> None:
    show = JsonShow()
    for event in (CODE, HERE, HERE):
        show.hear(event)
    code, address = map(json.loads, capsys.readouterr().out.splitlines())
    assert code == {
        "event": "code",
        "code": "482 apple river stone",
        "address": "192.168.1.5:40000",
        "addresses": ["192.168.1.5:40000", "[fe80::1]:40001"],
    }
    assert address["event"] == "address"


def test_only_what_is_about_one_receiver_says_whose_it_is(capsys: Output) -> None:
    show = JsonShow()
    show.hear(events.ByReceiver(receiver=2, event=PROGRESS))
    show.hear(PROGRESS)
    show.done(text="Done.", given=1, failed=0)
    of_one, of_nobody, done = map(json.loads, capsys.readouterr().out.splitlines())
    assert of_one == of_nobody | {"receiver": 2}
    assert done == {"event": "done", "given": 1, "failed": 0}


def test_receivers_that_are_told_of_at_once_are_not_mixed_up(capsys: Output) -> None:
    show = JsonShow()

    def tell(receiver: int) -> None:
        for _ in range(200):
            failed = events.FileFailed(path=(b"%d" % receiver,), failure=Failure.CHANGED)
            show.hear(events.ByReceiver(receiver=receiver, event=failed))

    threads = [threading.Thread(target=tell, args=(receiver,)) for receiver in range(1, 5)]
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # they take turns all the time
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval_s)
    told = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert show.failed == len(told) == 800
    assert all(line["path"] == str(line["receiver"]) for line in told)


def test_a_script_gets_any_name_back_byte_for_byte(capsys: Output) -> None:
    name = b"\xff\xfe \x1b[2J" + "\u202e".encode()
    show = JsonShow()
    show.hear(events.FilePlaced(path=(name,), offered=(name,), already_there=False))
    show.close()
    out = capsys.readouterr().out
    assert out.isascii()
    assert out.count("\n") == 1
    assert os.fsencode(json.loads(out)["path"]) == name


def test_a_script_counts_what_failed_and_gets_no_sentences_for_people(capsys: Output) -> None:
    show = JsonShow()
    show.note("for people")
    show.error(ERROR)
    show.done(text="Done: for people.", files=3, failed=show.failed)
    error, done = map(json.loads, capsys.readouterr().out.splitlines())
    assert error == {
        "event": "error",
        "what": "The disk is full.",
        "safe": "What arrived stays.",
        "do": "Make room.",
    }
    assert done == {"event": "done", "files": 3, "failed": 0}


@EACH_LINE
def test_every_event_and_field_is_in_the_command_page(
    event: events.Event, line: dict[str, Any] | None
) -> None:
    if line is not None:
        page = (Path(__file__).parents[2] / "docs/spec/cli.md").read_text(encoding="utf-8")
        row = next(row for row in page.splitlines() if row.startswith(f"| `{line['event']}` |"))
        row += next(clause for clause in page.splitlines() if clause.startswith("- 4.5 "))  # of any event
        assert [field for field in line if f"`{field}`" not in row and field != "event"] == []
