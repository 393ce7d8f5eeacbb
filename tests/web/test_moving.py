"""What moves, waits and was broken off, as rows: each with its end (page 4.14, 4.17)."""

from typing import Any

import pytest

from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.web.owner import movements
from satchel.web.owner.movements import Movements
from satchel.web.owner.moving import Listed, Row, rows_of

GIFT, THEIRS = bytes(16), b"t" * 16
AMINA = ContactId(b"a" * 16)
PROGRESS = events.Progress(bytes_done=1, bytes_of=10, files_done=0, files_of=1, bytes_moved=1)


def told(
    event: events.Event, *, giving: bool, handover: bytes, contact: ContactId = AMINA
) -> events.ByContact:
    return events.ByContact(
        contact=contact, name="Amina", verified=True, giving=giving, handover=handover, event=event
    )


def heard(*every: events.ByContact) -> Movements:
    moving = Movements(lambda: None)
    for event in every:
        moving.hear(event)
    return moving


def queued(id: bytes, *names: str, **more: Any) -> dict[str, Any]:
    return {"event": "queued", "id": id.hex(), "names": list(names), "text": False, **more}


def unfinished(*names: str, contact: str | None = "Amina", direction: str = "in") -> dict[str, Any]:
    told: dict[str, Any] = {
        "event": "unfinished",
        "id": "0a" * 16,
        "direction": direction,
        "contact": contact,
    }
    told |= {"verified": True, "handover": THEIRS.hex(), "names": list(names), "more": 2}
    return told


def rows(moving: Movements, *said: dict[str, Any]) -> tuple[list[Row], list[str]]:
    found, waits = rows_of(moving.all(), Listed.of(said, busy=()))
    return found, [event["id"] for event in waits]


def test_what_goes_has_its_names_and_can_be_taken_back() -> None:
    moving = heard(told(PROGRESS, giving=True, handover=GIFT))
    [row], waits = rows(moving, queued(GIFT, "a", "b", "c", "d"), queued(THEIRS, "e"))
    assert row.listed is not None
    assert (row.listed["id"], row.names, row.more) == (GIFT.hex(), ["a", "b", "c"], 1)
    assert waits == [THEIRS.hex()]  # and this one only waits


def test_what_was_taken_back_is_no_row_any_more() -> None:
    """It stayed for ever: nobody says of it how it ended."""
    moving = heard(told(PROGRESS, giving=True, handover=GIFT))
    assert rows(moving) == ([], [])


def test_what_comes_has_its_names_and_can_be_stopped() -> None:
    moving = heard(told(PROGRESS, giving=False, handover=THEIRS))
    [row], _ = rows(moving, unfinished("film"))
    assert row.listed is not None
    assert (row.listed["id"], row.names, row.more) == ("0a" * 16, ["film"], 2)
    assert not row.now.is_lost


def test_what_broke_off_before_this_start_is_there_too() -> None:
    [row], _ = rows(heard(), unfinished("film"))
    assert (row.now.contact, row.now.is_lost, row.now.is_giving) == ("Amina", True, False)


def test_what_is_all_there_says_what_it_was() -> None:
    contents = events.Contents(names=(b"film", b"not utf-8 \xff"), files=2, size_bytes=10, has_text=True)
    moving = heard(told(events.Delivered(contents=contents), giving=True, handover=GIFT))
    [row], _ = rows(moving)
    assert (row.names, row.more, row.has_text) == (("film", "not utf-8 \udcff"), 0, True)
    assert row.now.is_done


def test_what_was_stopped_here_is_told_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other person does not want stays, as in the queue."""
    moving = heard(
        told(events.Declined(), giving=True, handover=GIFT),
        told(events.Declined(), giving=False, handover=THEIRS),
    )
    listed = queued(GIFT, "a", state="declined")
    assert [row.now.is_giving for row in rows(moving, listed)[0]] == [False, True]
    monkeypatch.setattr(movements, "SHOWN_S", 0.0)
    assert [row.now.is_giving for row in rows(moving, listed)[0]] == [True]


def test_two_contacts_may_call_theirs_the_same() -> None:
    """M1: one of them would write over what the other gives."""
    other = ContactId(b"b" * 16)
    moving = heard(
        told(events.Trouble(problem=EnvironmentProblem("x")), giving=False, handover=THEIRS),
        told(PROGRESS, giving=False, handover=THEIRS, contact=other),
    )
    assert [movement.problem is None for movement in moving.all()] == [True, False]


def test_of_two_that_are_called_the_same_each_has_its_own_end() -> None:
    """M1: else who ends one ends the other, and one that broke off before this start is not shown."""
    theirs = told(PROGRESS, giving=False, handover=THEIRS)
    hers = unfinished("b", contact="Carla") | {"id": "0b" * 16}
    for said in ([hers, unfinished("a")], [unfinished("a"), hers]):
        both, _ = rows(heard(theirs), *said)
        assert [(row.now.contact, row.names) for row in both] == [("Amina", ["a"]), ("Carla", ["b"])]
        assert len({row.key for row in both}) == 2
    [renamed], _ = rows(heard(theirs), hers)
    assert renamed.names == ["b"]


def test_with_a_code_only_what_is_not_under_way_is_broken_off() -> None:
    said = [unfinished("a", contact=None), unfinished("b", contact=None, direction="out"), unfinished("c")]
    broken_off = Listed.of(said, busy=()).broken_off
    assert [one["names"] for one in broken_off["in"]] == [["a"]]
    assert [one["names"] for one in broken_off["out"]] == [["b"]]
    assert list(Listed.of(said, busy=("in",)).broken_off) == ["out"]
    assert [one["names"] for one in Listed.of(said, busy=()).coming] == [["c"]]
