"""What the page makes of the events of a job (page 4)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.cli import ask
from satchel.cli.prompt import LINE_BYTES_MAX
from satchel.core.handover.codec import NUMBER_MAX
from satchel.core.handover.messages import Entry, EntryKind
from satchel.node.events import OfferShown
from satchel.web.owner.errands import (
    ITEMS_MAX,
    NAMES_MAX,
    TEXTS_MAX,
    Errand,
    Item,
    Kind,
    Problem,
    Rest,
    State,
    items_of,
    spans_of,
)

FOLDER = {"number": 0, "item": None, "path": "school", "folder": True, "size": 0}


def errand(*events: dict[str, Any], kind: Kind = Kind.TAKE) -> Errand:
    made = Errand(id="1", kind=kind)
    for event in events:
        made.hear(event)
    return made


def file(path: str, size: int, item: int | None, *, folder: bool = False) -> dict[str, Any]:
    return {"number": 1, "item": item, "path": path, "folder": folder, "size": size}


def test_an_offer_is_what_can_be_chosen() -> None:
    offered = errand({"event": "offer", "files": [FOLDER, file("school/a", 3, 1)], "free_bytes": 10})
    assert offered.asks == "offer"
    assert offered.free_bytes == 10
    assert offered.items == [Item(number=1, name="school/a", size_bytes=3, files=1, is_folder=False)]


def test_a_folder_brings_what_is_in_it() -> None:
    inside = [file("a/b", 0, 1, folder=True), file("a/b/c", 5, 1), file("a/b/d/e", 7, 1), file("a/f", 1, 2)]
    assert items_of([FOLDER, *inside]) == [
        Item(number=1, name="a/b", size_bytes=12, files=2, is_folder=True),
        Item(number=2, name="a/f", size_bytes=1, files=1, is_folder=False),
    ]


def test_of_a_large_offer_the_rest_is_chosen_together() -> None:
    """M3: a page with a row for each of 200,000 names would hold up the node for seconds, at each change."""
    files = [file(f"{number}.jpg", 2, number) for number in range(1, ITEMS_MAX + 4)]
    offered = errand({"event": "offer", "files": files, "free_bytes": 10})
    assert len(offered.items) == ITEMS_MAX
    assert offered.rest == Rest(first=ITEMS_MAX + 1, last=ITEMS_MAX + 3, items=3, size_bytes=6)


@given(st.sets(st.integers(1, 60), min_size=1), st.integers(1, 60))
def test_what_is_marked_is_what_is_taken(marked: set[int], first: int) -> None:
    """The same numbers as typed on a command line one by one, in fewer characters."""
    entries = tuple(
        Entry(path=(b"%d" % number,), kind=EntryKind.FILE, size=1, mtime_ns=0, executable=False)
        for number in range(60)
    )
    offer = OfferShown(entries=entries, free_bytes=10)
    said = spans_of([str(number) for number in marked] + [f"{first}-60"])
    wanted = marked | set(range(first, 61))
    assert ask.choose(said, ask.items_of(offer), offer) == frozenset(number - 1 for number in wanted)


def test_all_of_the_largest_offer_is_an_answer_of_one_line() -> None:
    assert spans_of([str(number) for number in range(1, NUMBER_MAX + 2)]) == f"1-{NUMBER_MAX + 1}"
    assert len(spans_of([str(number) for number in range(1, 1500, 2)])) < LINE_BYTES_MAX
    assert spans_of(["", "x", "-1", "1-", "12345678", "\u0661", "1 2"]) == ""


def test_receivers_are_counted_together() -> None:
    amount = {"event": "progress", "of": 10, "files": 1, "files_of": 2, "moved": 0}
    both = errand({**amount, "bytes": 4, "receiver": 1}, {**amount, "bytes": 6, "receiver": 2})
    assert (both.amount.bytes_done, both.amount.bytes_of) == (10, 20)
    assert errand({**amount, "bytes": 4}, {**amount, "bytes": 9}).amount.bytes_done == 9


def test_what_is_asked_is_asked_until_it_is_answered() -> None:
    asked = errand({"event": "ask", "what": "name", "offered": "Bilal"})
    assert (asked.asks, asked.asked_for) == ("name", "Bilal")
    asked.answered()
    assert (asked.asks, asked.asked_for) == (None, None)


def test_each_question_has_a_turn_of_its_own() -> None:
    """P2: when the other device comes once more there are other words to compare."""
    asked = errand({"event": "ask", "what": "words"})
    first = asked.turn
    asked.answered()
    asked.hear({"event": "ask", "what": "words"})
    assert asked.turn != first


@pytest.mark.parametrize(
    "event",
    [
        {"event": "met"},
        {"event": "code", "code": "482 apple river stone", "addresses": []},
        {"event": "progress", "bytes": 1, "of": 2, "files": 0, "files_of": 1},
    ],
)
def test_it_looks_for_the_other_until_there_is_something_to_see(event: dict[str, Any]) -> None:
    errand = Errand(id="1", kind=Kind.TAKE)
    assert errand.is_looking
    errand.hear(event)
    assert not errand.is_looking


def test_the_end() -> None:
    paired = errand(
        {"event": "paired", "contact": "bilal", "verified": False, "takers": 2},
        {"event": "done", "contact": "Bilal", "verified": True},
        kind=Kind.SHOW,
    )
    paired.over(0)
    assert (paired.contact, paired.verified, paired.takers, paired.state) == ("Bilal", True, 2, State.DONE)
    failed = errand({"event": "error", "what": "a", "safe": "b", "do": "c"})
    failed.over(3)
    assert failed.state is State.FAILED
    assert failed.problem == Problem(what="a", safe="b", do="c")


def test_many_names_and_texts_are_not_kept() -> None:
    """A page is not a disk: who gives a hundred thousand files does not fill the memory of it (M3)."""
    placed = [{"event": "placed", "path": f"file {number}"} for number in range(NAMES_MAX + 5)]
    texts = [{"event": "text", "text": "hello"} for _ in range(TEXTS_MAX + 5)]
    many = errand(*placed, *texts)
    assert many.placed_count == NAMES_MAX + 5
    assert len(many.placed) == NAMES_MAX
    assert len(many.texts) == TEXTS_MAX


@given(
    st.dictionaries(
        st.sampled_from(
            ["event", "what", "code", "addresses", "text", "path", "why", "words", "files", "number"]
        ),
        st.none() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_an_event_of_another_form_changes_nothing_that_breaks(event: dict[str, Any]) -> None:
    """[api: a reader ignores what it does not know]"""
    if event.get("event") not in ("offer", "progress"):
        errand(event)
