"""What is shown of a passage has what was found, where the marks say it is."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.library.query import Query, parse_query
from satchel.core.library.words import fold
from satchel.store.library.excerpts import EXCERPT_CHARACTERS, excerpt
from store.library_samples import query

LONG = "Nothing of it is here. " * 80


def marked(text: str, *terms: str, is_prefix: bool = False) -> list[str]:
    shown, marks = excerpt(text, query(*terms, is_prefix=is_prefix))
    assert len(shown) <= EXCERPT_CHARACTERS
    assert all(0 <= first < end <= len(shown) for first, end in marks)
    assert all(end < first for (_, end), (first, _) in pairwise(marks))
    return [shown[first:end] for first, end in marks]


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("The Sea and the sea.", ["sea"], ["Sea", "sea"]),
        (f"{LONG}At the Café by the sea. {LONG}", ["café"], ["Café"]),
        (f"{LONG}At the Café by the sea. {LONG}", ["sea", "cafe\u0301"], ["Café", "sea"]),
        (f"{LONG}the open sea, the sea open{LONG}", ["open sea"], ["open sea"]),
        ("sea\nand\twind", ["and wind"], ["and wind"]),
        ("Straße", ["STRASSE"], ["Straße"]),
        ("nothing", ["sea"], []),
        ("", ["sea"], []),
        (f"wind wind {LONG} wind and sea", ["sea", "wind"], ["wind", "sea"]),
        (f"sea {LONG} sea {LONG} wind", ["sea", "wind"], ["sea"]),
        ("rock-and-roll", ["roll"], ["roll"]),
    ],
)
def test_marks(text: str, terms: list[str], expected: list[str]) -> None:
    assert marked(text, *terms) == expected


def test_the_last_word_may_be_a_beginning() -> None:
    assert marked("the sea, seasons, seas", "the sea", is_prefix=True) == ["the sea"]
    assert marked("seasons of the sea", "of", "sea", is_prefix=True) == ["seasons", "of", "sea"]
    assert marked("seasons of the sea", "of", "sea") == ["of", "sea"]


def test_it_shows_whole_words_around_it() -> None:
    shown, marks = excerpt(f"{LONG}At the Café by the sea. {LONG}", query("café"))
    assert EXCERPT_CHARACTERS // 2 < len(shown) <= EXCERPT_CHARACTERS
    assert {word.strip(".") for word in shown.split()} <= set(
        f"{LONG} At the Café by the sea".replace(".", "").split()
    )
    assert marks[0][0] > 20


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("बच्चे पुस्तकालय में हिन्दी की क़िताबें पढ़ते हैं।", "हिन्दी"),
        ("ذَهَبَ الطَّالِبُ إلى المكتبة", "الطالب"),
        ("আমরা গ্রন্থাগারে বাংলা বই", "বাংলা"),
    ],
)
def test_what_is_found_is_marked_with_its_marks(text: str, typed: str) -> None:
    shown, marks = excerpt(text, parse_query(typed))
    assert marks
    assert all(fold(shown[first:end]).split()[0] in fold(typed).split() for first, end in marks)


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    text = "海" * 5000 + "x" + "山" * 5000
    shown, marks = excerpt(text, query("x"))
    assert len(shown) <= EXCERPT_CHARACTERS
    assert [shown[first:end] for first, end in marks] == ["x"]


@given(
    text=st.text(max_size=600),
    terms=st.lists(st.text(min_size=1, max_size=8), max_size=3),
    is_prefix=st.booleans(),
)
def test_any_text_is_cut_and_marked_within(text: str, terms: list[str], *, is_prefix: bool) -> None:
    shown, marks = excerpt(text, Query(tuple(tuple(fold(term).split()) for term in terms), is_prefix))
    assert len(shown) <= EXCERPT_CHARACTERS
    assert all(0 <= first < end <= len(shown) for first, end in marks)


@given(before=st.text(max_size=900), after=st.text(max_size=900))
def test_a_word_that_stands_there_is_marked(before: str, after: str) -> None:
    shown, marks = excerpt(f"{before} sought {after}", query("sought"))
    assert "sought" in [shown[first:end] for first, end in marks]
