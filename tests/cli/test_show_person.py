"""What a person reads."""

import os

import pytest

from satchel.cli.show import PersonShow
from satchel.core.handover.messages import Failure
from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem
from satchel.node import events

PROGRESS = events.Progress(bytes_done=5, bytes_of=10, files_done=1, files_of=2, bytes_moved=4)
PLACED = events.FilePlaced(path=(b"a", b"b (2)"), offered=(b"a", b"b"), already_there=False)
SAME = events.FilePlaced(path=(b"c",), offered=(b"c",), already_there=True)
CODE = events.CodeReady(code="482 apple river stone")
HERE = events.Listening(addresses=("192.168.1.5:40000", "[fe80::1]:40001"))
ERROR = EnvironmentProblem("The disk is full.", safe="What arrived stays.", do="Make room.")

Output = pytest.CaptureFixture[str]


def test_the_code_alone_goes_to_stdout(capsys: Output) -> None:
    show = PersonShow()
    show.hear(CODE)
    show.hear(HERE)
    show.hear(HERE)  # another network: the code is not shown again
    out, err = capsys.readouterr()
    assert out == "    482 apple river stone\n"
    assert "482" not in err
    assert "satchel receive --at 192.168.1.5:40000" in err
    assert "satchel receive --at [fe80::1]:40001" in err
    assert max(map(len, err.splitlines())) <= 80


@pytest.mark.parametrize(("receivers", "many"), [(1, "one hand-over"), (30, "30 hand-overs")])
def test_a_person_reads_how_many_the_code_is_for(receivers: int, many: str, capsys: Output) -> None:
    show = PersonShow()
    show.hear(events.CodeReady(code="482 apple river stone", receivers=receivers))
    show.hear(HERE)
    assert f"It is good for {many} within 15 minutes." in capsys.readouterr().err


def test_a_person_reads_how_many_have_it(capsys: Output) -> None:
    show = PersonShow()
    show.hear(events.Given(number=2, of=3))
    show.hear(events.Declined())
    show.hear(events.ByReceiver(receiver=3, event=events.Lost(loss=events.Loss.BROKEN)))
    assert capsys.readouterr().err.splitlines() == [
        "2 of 3 have it.",
        "Somebody looked at it and declined.",
        "Interrupted: the connection broke. What has arrived is safe; waiting to go on ...",
    ]


def test_a_file_that_failed_for_one_of_several_is_counted(capsys: Output) -> None:
    show = PersonShow()
    failed = events.FileFailed(path=(b"a\x1b",), failure=Failure.CHANGED)
    show.hear(events.ByReceiver(receiver=2, event=failed))
    assert show.failed == 1
    assert "a\\u{1b}" in capsys.readouterr().err


def test_a_person_sees_one_line_for_all(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((80, 24)))
    show = PersonShow()
    show.hear(events.ByReceiver(receiver=1, event=PROGRESS))
    show.hear(events.ByReceiver(receiver=2, event=PROGRESS))
    assert capsys.readouterr().err.endswith("\r\x1b[K 50 %  10 B of 20 B  2 of 4 files")


def listening(*addresses: str) -> events.Listening:
    return events.Listening(addresses=addresses)


def test_with_no_network_nobody_is_told_to_dial_this_machine_from_another(capsys: Output) -> None:
    show = PersonShow()
    show.hear(CODE)
    show.hear(listening("127.0.0.1:40000", "[::1]:40001"))
    out, err = capsys.readouterr()
    assert "482 apple river stone" in out
    assert "--at" not in err
    assert "in no network" in err


def test_an_address_is_told_again_when_it_changes_and_only_then(capsys: Output) -> None:
    show = PersonShow()
    show.hear(CODE)
    show.hear(listening("127.0.0.1:40000"))
    show.hear(listening("192.168.7.1:40002", "127.0.0.1:40000"))
    show.hear(listening("192.168.7.1:40002"))
    told = capsys.readouterr()
    assert told.out.count("482 apple river stone") == 1
    assert "another address" not in told.err
    show.hear(listening("10.0.0.7:40003"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("--at") == 1
    assert "another address now" in err
    assert "    satchel receive --at 10.0.0.7:40003\n" in err


def test_who_goes_on_is_told_the_address_too_and_how_to_use_it(capsys: Output) -> None:
    show = PersonShow()
    show.hear(events.Searching(resuming=1))
    show.hear(HERE)
    assert "satchel receive --resume --at 192.168.1.5:40000" in capsys.readouterr().err


def test_at_most_four_addresses_and_those_that_are_easily_typed_first(capsys: Output) -> None:
    show = PersonShow()
    show.hear(CODE)
    many = [f"[fe80::{n}]:4000" for n in range(1, 9)]
    show.hear(listening(*many, "[fd00::1]:4000", "10.0.0.1:4000"))
    shown = [line.split()[-1] for line in capsys.readouterr().err.splitlines() if "--at" in line]
    assert shown == ["10.0.0.1:4000", "[fd00::1]:4000", "[fe80::1]:4000", "[fe80::2]:4000"]


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
    assert capsys.readouterr().out == "| é\\u{1b}[2J\\u{202e}\n| end\n"


@pytest.mark.parametrize(
    "text", ["a\nDone: 3 files in here, 1 s.\n\n", "x" * 37 + "Done: 3 files", "信" * 60, "a\tb" * 30, ""]
)
def test_no_line_of_a_text_in_a_terminal_can_be_taken_for_one_of_ours(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((40, 24)))
    PersonShow().hear(events.NoteReceived(text=text))
    rows = capsys.readouterr().out.splitlines()
    assert rows
    assert all(row.startswith("| ") for row in rows)
    assert all(len(row) + row.count("信") < 40 for row in rows)  # so that no terminal breaks one itself


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


def test_who_is_here_and_unverified_is_called_so_first(capsys: pytest.CaptureFixture[str]) -> None:
    """P2 [cli 5.6]: where no name can imitate it."""
    show = PersonShow()
    for verified in (True, False):
        show.hear(events.PeerMet(contact=ContactId(bytes(16)), name="bilal", verified=verified))
    assert capsys.readouterr().out.splitlines() == ["bilal is here.", "UNVERIFIED: bilal is here."]
