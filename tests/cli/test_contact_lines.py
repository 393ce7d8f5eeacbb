"""What a person reads about contacts: true, and lines to type that work as they stand."""

import shlex

import pytest

from satchel.cli import status_cmd
from satchel.cli.contact_lines import about_question, how_to_look
from satchel.cli.show import PersonShow
from satchel.core.identity.contacts import ContactId
from satchel.node import events

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
    assert status_cmd._last_line(status) == "Nothing else waits."
    assert status_cmd._last_line(status | {"asked": []}) == "Nothing waits."


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
