"""What a person reads and what a script reads."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from satchel.cli.show import FAILURES, JsonShow, PersonShow
from satchel.core.handover.messages import Entry, EntryKind, Failure
from satchel.errors import EnvironmentProblem
from satchel.node import events

PROGRESS = events.Progress(bytes_done=5, bytes_of=10, files_done=1, files_of=2, bytes_moved=4)
PLACED = events.FilePlaced(path=(b"a", b"b (2)"), offered=(b"a", b"b"), already_there=False)
SAME = events.FilePlaced(path=(b"c",), offered=(b"c",), already_there=True)
CODE = events.CodeReady(code="482 apple river stone")
HERE = events.Listening(addresses=("192.168.1.5:40000", "[fe80::1]:40001"))
ERROR = EnvironmentProblem("The disk is full.", safe="What arrived stays.", do="Make room.")

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
        assert [field for field in line if f"`{field}`" not in row and field != "event"] == []


# --- people --------------------------------------------------------------------------------------


def test_the_code_alone_goes_to_stdout(capsys: Output) -> None:
    show = PersonShow()
    show.hear(CODE)
    show.hear(HERE)
    show.hear(HERE)  # another network: the code is not shown again
    out, err = capsys.readouterr()
    assert out == "    482 apple river stone\n"
    assert "482" not in err
    assert "satchel receive --at 192.168.1.5:40000" in err
    assert max(map(len, err.splitlines())) <= 80


def test_an_error_is_three_sentences(capsys: Output) -> None:
    PersonShow().error(ERROR)
    assert capsys.readouterr() == ("", "The disk is full.\nWhat arrived stays.\nMake room.\n")


def test_a_sentence_that_is_not_there_takes_no_line(capsys: Output) -> None:
    PersonShow().error(EnvironmentProblem("Stopped."))
    assert capsys.readouterr().err == "Stopped.\n"


def test_an_error_cannot_drive_the_terminal(capsys: Output) -> None:
    PersonShow().error(EnvironmentProblem("No folder \x1b[2J\u202e."))
    assert capsys.readouterr().err == "No folder \\u{1b}[2J\\u{202e}.\n"


def test_in_a_terminal_sentences_break_between_words(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((20, 24)))
    show = PersonShow()
    show.note(
        "\nOne sentence that is longer than that.\n  1  12 B  a name that is longer\nsatchel receive --resume"
    )
    assert capsys.readouterr().err.splitlines() == [
        "",
        "One sentence that is",
        "longer than that.",
        "  1  12 B  a name that is longer",
        "satchel receive",
        "--resume",
    ]


def test_names_are_escaped(capsys: Output) -> None:
    show = PersonShow()
    show.hear(events.FileFailed(path=(b"a\x1b[2J",), failure=Failure.REFUSED_BY_DISK))
    show.hear(events.FilePlaced(path=(b"a\n (2)",), offered=(b"a\n",), already_there=False))
    assert show.failed == 1
    failed, renamed = capsys.readouterr().err.splitlines()
    assert failed == "Not transferred: a\\u{1b}[2J: the receiving disk does not take this name."
    assert renamed == "a\\u{a} was there already: the new one is a\\u{a} (2)"


def test_the_end_says_what_was_skipped_and_renamed(capsys: Output) -> None:
    show = PersonShow()
    for event in (SAME, PLACED, PLACED):
        show.hear(event)
    show.done(text="Done.", files=3)
    assert capsys.readouterr().out.splitlines() == [
        "Done.",
        "1 file was there already with the same content.",
        "2 files got another name, since the name was taken.",
    ]


def test_many_renamed_files_do_not_fill_the_screen(capsys: Output) -> None:
    show = PersonShow()
    for _ in range(1000):
        show.hear(PLACED)
    assert len(capsys.readouterr().err.splitlines()) == 20


def test_a_text_to_a_file_is_what_was_sent(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    PersonShow().hear(events.NoteReceived(text="é\x1b[2J\u202e\n\n"))
    assert capfdbinary.readouterr().out == "é\x1b[2J\u202e\n\n".encode()


def test_a_text_to_a_terminal_is_escaped(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """Also with `--text`: what another person wrote never drives our terminal."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    PersonShow().hear(events.NoteReceived(text="é\x1b[2J\u202e\nend"))
    assert capsys.readouterr().out == "é\\u{1b}[2J\\u{202e}\nend\n"


def test_a_note_never_stands_in_the_progress_line(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    show = PersonShow()
    show.hear(PROGRESS)
    show.note("Interrupted.")
    show.hear(PROGRESS)
    show.done(text="Done.")
    out, err = capsys.readouterr()
    drawn = " 50 %  5 B of 10 B  1 of 2 files"
    assert err == f"\r\x1b[K{drawn}\r\x1b[KInterrupted.\n\r\x1b[K{drawn}\r\x1b[K"
    assert out == "Done.\n"
