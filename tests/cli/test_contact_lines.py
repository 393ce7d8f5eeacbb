"""What a person reads about contacts: true, and lines to type that work as they stand."""

import shlex
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from satchel.cli import status_cmd
from satchel.cli.console import Terminal
from satchel.cli.contact_lines import about_delivery, about_leaving, about_question, how_to_look
from satchel.cli.show import JsonShow, PersonShow
from satchel.cli.up_cmd import Herald
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.presence import Presence

BILAL = ContactId(bytes(16))


@pytest.mark.parametrize("name", ["bilal", "Bilal the Tall", "أمينة محمد", "O'Neil; rm -rf x"])
def test_the_line_to_type_names_the_contact_in_one_word(name: str) -> None:
    assert shlex.split(how_to_look(name)) == ["satchel", "receive", "--from", name]


def test_what_an_unverified_contact_offers_says_so_first() -> None:
    asked = events.Asked(
        contact=BILAL, name="bilal", is_verified=False, files=2, size_bytes=9, has_text=False
    )
    assert about_question(asked).startswith("UNVERIFIED bilal offers 2 files, 9 B.")


@pytest.mark.parametrize(("verified", "begins"), [(True, "A B offers"), (False, "UNVERIFIED A B offers")])
def test_status_says_who_is_unverified_and_that_something_waits(
    verified: bool, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [{"contact": "A B", "verified": verified, "entries": 1}]
    status = {
        "running": True,
        "mode": "open",
        "for_s": 3,
        "addresses": [],
        "near": [],
        "asked": asked,
        "waiting": [],
    }
    status_cmd._tell_person(PersonShow(), status)
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith(begins)]
    assert status_cmd.last_line(status) == "Nothing else waits."
    assert status_cmd.last_line(status | {"asked": []}) == "Nothing waits."


@pytest.mark.parametrize(
    ("ours", "begins"), [(False, "UNVERIFIED A B went back"), (True, "This device went")]
)
def test_status_says_whose_profile_went_back(
    ours: bool, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node in the background has no screen to say it on."""
    status = {
        "running": True,
        "mode": "open",
        "for_s": 3,
        "addresses": [],
        "near": [],
        "copies": [{"contact": "A B", "verified": False, "ours": ours}],
        "asked": [],
    }
    status_cmd._tell_person(PersonShow(), status)
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith(begins)]


def test_a_delivery_that_is_over_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a node that runs for weeks the line would be a sum of all that ever went."""
    drawn: list[events.Progress] = []
    show = PersonShow()
    monkeypatch.setattr(show._progress, "draw", drawn.append)
    for number, files in enumerate((5, 1, 0)):
        progress = events.Progress(
            bytes_done=files, bytes_of=files, files_done=files, files_of=files, bytes_moved=files
        )
        for event in (progress, events.Delivered()):
            show.hear(
                events.ByContact(
                    contact=BILAL, name="bilal", giving=True, handover=bytes([number]) * 16, event=event
                )
            )
    assert [progress.files_of for progress in drawn] == [5, 1], "a text alone has no progress"


@pytest.mark.parametrize(
    "event",
    [
        events.Delivered(),
        events.Declined(),
        events.CannotBeRead(problem=EnvironmentProblem("It is gone.")),
        events.Lost(loss=events.Loss.BROKEN),
        events.Trouble(problem=EnvironmentProblem("The disk is full.")),
    ],
)
@pytest.mark.parametrize("giving", [True, False])
def test_whatever_is_said_of_an_unverified_contact_says_so(event: events.Event, giving: bool) -> None:
    """cli 5.6."""
    told = events.ByContact(contact=BILAL, name="bilal", giving=giving, handover=bytes(16), event=event)
    assert "UNVERIFIED bilal" in (about_delivery(told) or "")
    assert "UNVERIFIED" not in (about_delivery(replace(told, verified=True)) or "")
    gone = events.PeerGone(contact=BILAL, name="bilal", broke=False)
    assert about_leaving(gone) == "UNVERIFIED bilal has gone."


MET = events.PeerMet(contact=BILAL, name="bilal", verified=True)
GONE = events.PeerGone(contact=BILAL, name="bilal", verified=True, broke=False)
READ = events.ByContact(
    contact=BILAL,
    name="bilal",
    giving=False,
    handover=bytes(16),
    event=events.NoteReceived(text="meet me at the well"),
)


@pytest.mark.parametrize("on_screen", [True, False])
def test_t1_what_a_node_says_of_people_goes_into_no_log(
    on_screen: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system writes down what a program says that it started: not who was met, and when."""
    for seen in ("result_is_seen", "notes_are_seen"):
        monkeypatch.setattr(Terminal, seen, on_screen)
    herald = Herald(PersonShow(), SimpleNamespace(), "file:///page")  # type: ignore[arg-type]
    with herald.telling():
        for event in (MET, READ, GONE):
            herald.hear(event)
    out, err = capsys.readouterr()
    assert out == ("bilal is here.\n" if on_screen else "")
    assert ("bilal has gone." in err) is on_screen
    assert "well" not in out + err, "who reads a text has it at another screen"


def test_a_script_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    herald = Herald(JsonShow(), SimpleNamespace(), "file:///page")  # type: ignore[arg-type]
    with herald.telling():
        herald.hear(MET)
    assert '"contact": "bilal"' in capsys.readouterr().out


def test_a_screen_that_stands_still_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-S at the screen of a node: it met nobody any more, gave nothing, and did not answer `status`."""
    stands, goes_on, told = threading.Event(), threading.Event(), []

    def hear(_show: JsonShow, event: events.Event) -> None:
        stands.set()
        goes_on.wait(10)
        told.append(event)

    monkeypatch.setattr(JsonShow, "hear", hear)
    presence = Presence(Mode.OPEN)
    herald = Herald(JsonShow(), SimpleNamespace(), "file:///page")  # type: ignore[arg-type]
    with herald.telling(), presence.listening(herald.hear):
        for event in (MET, READ, GONE):
            presence.hear(event)
        assert stands.wait(10)
        assert (presence.near, told) == ([], [])
        goes_on.set()
    assert told == [MET, READ, GONE]
