"""One language, one tag: however a book calls it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.books.languages import tag_of, tags_of
from satchel.core.library.codec import LANGUAGES_MAX
from satchel.core.library.languages import canonical_tag


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("ara", "ar"),
        ("arb", "ar"),
        ("fas", "fa"),
        ("per", "fa"),
        ("prs", "prs"),
        ("deu", "de"),
        ("ger", "de"),
        ("zho", "zh"),
        ("chi", "zh"),
        ("swa", "sw"),
        ("ENG", "en"),
        ("en", "en"),
        ("pt_BR", "pt-BR"),
        ("por-br", "pt-BR"),
        (" ckb ", "ckb"),
        ("zh-Hant", "zh-Hant"),
        ("hrv", "hr"),
        ("mya", "my"),
        ("und", None),
        ("mul", None),
        ("", None),
        ("English", None),
        ("e", None),
        ("a b", None),
        ("עברית", None),
    ],
)
def test_a_code_is_a_tag(code: str, tag: str | None) -> None:
    assert tag_of(code) == tag


def test_several_are_each_there_once() -> None:
    assert tags_of(["ara,eng;fra", "eng fra", "deu/ger"]) == ("ar", "en", "fr", "de")
    many = [f"a{a}{b}" for a in "bcdefgh" for b in "xyzwv"]
    assert len(tags_of(many)) == LANGUAGES_MAX


@given(st.text(max_size=50))
def test_whatever_is_written_a_tag_is_one(code: str) -> None:
    assert all(canonical_tag(tag) == tag for tag in tags_of([code]))
