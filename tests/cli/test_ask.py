"""The question what to take: nothing is taken that was not shown and chosen."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.cli.ask import ITEMS_SHOWN_MAX, Asker, choose, items_of
from satchel.cli.show import JsonShow, PersonShow
from satchel.core.handover.messages import Entry, EntryKind
from satchel.errors import EnvironmentProblem
from satchel.node.events import OfferShown


def entry(path: str, size: int | None = 1) -> Entry:
    """A file, or a folder where `size` is None."""
    kind = EntryKind.FOLDER if size is None else EntryKind.FILE
    names = tuple(name.encode() for name in path.split("/"))
    return Entry(path=names, kind=kind, size=size or 0, mtime_ns=0, executable=False)


def offer(*entries: Entry, free_bytes: int = 1 << 40) -> OfferShown:
    return OfferShown(entries=entries, free_bytes=free_bytes)


SCHOOL = offer(
    entry("school", None),
    entry("school/a.txt", 4),
    entry("school/letters", None),
    entry("school/letters/1", 10),
    entry("school/letters/2", 20),
    entry("school/pictures", None),
)
TWO = offer(entry("photos", None), entry("photos/1.jpg", 5), entry("report.pdf", 7))


def shown(of: OfferShown) -> list[str]:
    return [" ".join(item.shown().split()) for item in items_of(of)]


def test_the_top_of_the_offer_is_chosen_from() -> None:
    assert shown(TWO) == ["5 B photos/ (1 file)", "7 B report.pdf"]


def test_inside_of_a_single_folder_is_chosen_from() -> None:
    assert shown(SCHOOL) == [
        "4 B school/a.txt",
        "30 B school/letters/ (2 files)",
        "0 B school/pictures/ (0 files)",
    ]


def test_a_single_file_and_a_single_empty_folder() -> None:
    assert shown(offer(entry("a", 3))) == ["3 B a"]
    assert shown(offer(entry("a", None))) == ["0 B a/ (0 files)"]


def test_nothing_is_taken_unseen() -> None:
    """A file with the name of the folder that everything is in has to stand in the list, too."""
    sly = offer(entry("school", 1 << 40), entry("school/a.txt", 4))
    assert sorted(number for item in items_of(sly) for number in item.numbers) == [0, 1]


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
OFFERS = st.lists(st.tuples(PATHS, st.none() | st.integers(0, 9)), min_size=1, max_size=8).map(
    lambda found: offer(*(entry(path, size) for path, size in found))
)


@given(OFFERS)
def test_every_file_is_in_exactly_one_item(any_offer: OfferShown) -> None:
    numbers = [number for item in items_of(any_offer) for number in item.numbers]
    assert len(numbers) == len(set(numbers))
    files = {n for n, one in enumerate(any_offer.entries) if one.kind is EntryKind.FILE}
    assert files <= set(numbers)


@given(OFFERS, st.text(max_size=8) | st.text("0123456789,- yn", max_size=8))
def test_an_answer_takes_only_what_it_names(any_offer: OfferShown, typed: str) -> None:
    items = items_of(any_offer)
    chosen = choose(typed, items, any_offer)
    if isinstance(chosen, frozenset):
        assert chosen <= set(range(len(any_offer.entries)))
        if typed.strip().lower() not in ("", "y", "yes", "a", "all"):
            named = {number for item in items for number in item.numbers if number in chosen}
            extra = chosen - named
            assert all(any_offer.entries[number].kind is EntryKind.FOLDER for number in extra)


@pytest.mark.parametrize("typed", ["", "y", " YES ", "all", "a"])
def test_all(typed: str) -> None:
    assert choose(typed, items_of(TWO), TWO) == range(3)


@pytest.mark.parametrize("typed", ["n", "No", "q", "none"])
def test_nothing(typed: str) -> None:
    assert choose(typed, items_of(TWO), TWO) is None


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [("2", {2}), ("1", {0, 1}), ("1,2", {0, 1, 2}), ("1-2", {0, 1, 2}), (" 2 2 ", {2}), ("١", {0, 1})],
)
def test_some(typed: str, numbers: set[int]) -> None:
    assert choose(typed, items_of(TWO), TWO) == frozenset(numbers)


def test_the_folders_that_lead_there_come_along_and_no_others() -> None:
    assert choose("1", items_of(SCHOOL), SCHOOL) == frozenset({0, 1})
    assert choose("2", items_of(SCHOOL), SCHOOL) == frozenset({0, 2, 3, 4})


@pytest.mark.parametrize(
    "typed",
    ["3", "0", "2-1", "1-3", "-1", "1-", "-", ",", "x", "1 x", "1.5", "99999999999", "²", "yes please"],
)
def test_what_is_no_answer_takes_nothing(typed: str) -> None:
    assert isinstance(choose(typed, items_of(TWO), TWO), str)


def test_choosing_from_a_large_offer_takes_no_time() -> None:
    """M3: 200,000 entries, half of them folders, must not hold the person up."""
    many = [entry(f"all/{n}", None) for n in range(20_000)] + [entry(f"all/{n}/f") for n in range(20_000)]
    large = offer(entry("all", None), *many)
    items = items_of(large)
    assert len(choose("1-20000", items, large) or ()) == 40_001


# --- with a person or a script -------------------------------------------------------------------


def answers(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str | None], *, terminal: bool) -> list[str]:
    """Type these, one for each question; returns the questions as they are asked."""
    asked: list[str] = []
    left = iter(lines)

    def read_line(question: str) -> str | None:
        asked.append(question)
        return next(left)

    monkeypatch.setattr("satchel.cli.prompt.read_line", read_line)
    monkeypatch.setattr("os.isatty", lambda _number: terminal)
    return asked


def decide(of: OfferShown, *, yes: bool = False, text_only: bool = False) -> frozenset[int] | None:
    numbers = Asker(PersonShow(), yes=yes, text_only=text_only).decide(of)
    return None if numbers is None else frozenset(numbers)


def test_the_list_is_shown_before_the_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, ["2"], terminal=True)
    assert decide(TWO) == frozenset({2})
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "",
        "Offered: 2 files, 12 B. Free here: 1.1 TB.",
        "  1      5 B  photos/  (1 file)",
        "  2      7 B  report.pdf",
    ]


def test_a_mistake_is_asked_again_in_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(answers(monkeypatch, ["what?", "7", "2"], terminal=True)) == 0
    assert decide(TWO) == frozenset({2})
    asked = answers(monkeypatch, ["what?", "2"], terminal=False)
    assert decide(TWO) is None
    assert len(asked) == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_no_answer_is_a_no(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
    answers(monkeypatch, [None], terminal=terminal)
    assert decide(TWO) is None


def test_yes_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answers(monkeypatch, [], terminal=True) == []
    assert decide(TWO, yes=True) == frozenset({0, 1, 2})


def test_yes_never_fills_the_disk() -> None:
    """M3: what does not fit is not taken unasked."""
    with pytest.raises(EnvironmentProblem) as full:
        decide(offer(entry("a", 11), free_bytes=10), yes=True)
    assert full.value.disk_full
    assert decide(offer(entry("a", 10), free_bytes=10 + 512), yes=True) == frozenset({0})
    with pytest.raises(EnvironmentProblem):  # a hundred folders are not "0 B"
        decide(offer(entry("/".join("x" * 100), 0), free_bytes=400_000), yes=True)


def test_who_wants_a_text_only_takes_no_files() -> None:
    assert decide(TWO, yes=True, text_only=True) is None


def test_names_are_escaped_where_they_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, ["n"], terminal=True)
    decide(offer(entry("a\x1b[2J\n  2  free money"), entry("b\u202etxt.exe", None)))
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\u202e" not in err
    assert len(err.splitlines()) == 4


def test_a_long_list_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers(monkeypatch, ["n"], terminal=True)
    decide(offer(*(entry(f"file {n}") for n in range(2000))))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == ITEMS_SHOWN_MAX + 3
    assert lines[-1] == "  ... and 1,960 more"


def test_a_script_is_told_what_to_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, ["2"], terminal=False)
    assert Asker(JsonShow(), yes=False, text_only=False).decide(SCHOOL) == frozenset({0, 2, 3, 4})
    event = json.loads(capsys.readouterr().out)
    assert event["event"] == "offer"
    assert event["free_bytes"] == 1 << 40
    assert [(file["path"], file["item"]) for file in event["files"]] == [
        ("school", None),
        ("school/a.txt", 1),
        ("school/letters", 2),
        ("school/letters/1", 2),
        ("school/letters/2", 2),
        ("school/pictures", 3),
    ]
