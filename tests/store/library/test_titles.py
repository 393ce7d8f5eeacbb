"""In which order titles stand, in any script."""

import pytest

from satchel.store.library.titles import SORT_CHARACTERS_MAX, sort_key


@pytest.mark.parametrize(
    "titles",
    [
        ["2 years", "10 years", "Ten years"],
        ["Year 2", "Year 10", "Year 010 and after"],
        ["apple", "Élan", "Elm", "zebra"],
        ["«Война и мир»", "Ёлка на площади", "Мастер"],
        ["Zebra", "Ωμέγα", "Яблоко", "שלום", "كتاب", "किताब", "さくら", "王"],
        ["٣ كتب", "١٠ كتب", "كتاب"],
    ],
)
def test_they_stand_so(titles: list[str]) -> None:
    assert sorted(set(titles), key=sort_key) == titles


@pytest.mark.parametrize(
    ("one", "other"), [("The  SEA", "the sea"), ("Œuvre", "œuvre"), ("كِتَاب", "كتاب"), ("“Sea”", "Sea")]
)
def test_these_stand_together(one: str, other: str) -> None:
    assert sort_key(one) == sort_key(other)


def test_signs_alone_stand_somewhere() -> None:
    assert sort_key("!!!") == "!!!"
    assert sort_key("???") != sort_key("!!!")


def test_marks_that_are_other_letters_count() -> None:
    assert sort_key("か") != sort_key("が")
    assert sort_key("कि") != sort_key("का")


def test_no_title_makes_it_long() -> None:
    assert len(sort_key("9" * 1024)) <= SORT_CHARACTERS_MAX + 3
    assert len(sort_key("ﷺ" * 500)) <= SORT_CHARACTERS_MAX
    assert len(sort_key("1 " * 500)) <= 4 * SORT_CHARACTERS_MAX
