"""Whatever a book says of itself, a record can be written of it."""

from hypothesis import given
from hypothesis import strategies as st

from satchel.core.library.codec import decode_item, encode_item
from satchel.core.library.item import Direction, Heading, Part
from satchel.core.library.kinds import EPUB_TYPE, FILE_TYPE
from satchel.core.library.sealed import Root
from satchel.node.library.describing import Described, describe, is_cover, media_type, one_line

ANY = st.text(max_size=40) | st.text("a\x00\x1b\u0301 \ud800é書", max_size=3000)
SAID = st.builds(
    Described,
    title=st.none() | ANY,
    authors=st.lists(ANY, max_size=80),
    languages=st.lists(ANY | st.sampled_from(["EN", "pt-br", "zh-hant"]), max_size=20),
    direction=st.none() | st.sampled_from(Direction),
    subjects=st.lists(ANY, max_size=80),
    pages=st.none() | st.integers(),
    duration_s=st.none() | st.integers(),
    contents=st.lists(st.builds(Heading, depth=st.integers(), title=ANY), max_size=50),
)


def part(said: str = EPUB_TYPE) -> Part:
    return Part(root=Root(bytes(32)), size_bytes=1, media_type=media_type(said))


@given(SAID, ANY, ANY)
def test_it_can_always_be_written_and_read(said: Described, name: str, type_said: str) -> None:
    item = describe(said, [part(type_said)], name=name, cover=None, added_s=None)
    assert decode_item(encode_item(item)) == item
    assert item.title


def test_a_record_that_would_be_too_large_loses_headings_first() -> None:
    headings = [Heading(depth=0, title="書" * 80)] * 1000
    said = Described(
        title="T", authors=["A"], contents=headings, subjects=["s" * 250 + str(n) for n in range(64)]
    )
    item = describe(said, [part()], name="", cover=None, added_s=5)
    assert 0 < len(item.contents) < 1000
    assert len(item.subjects) == 64
    assert (item.authors, item.added_s) == (("A",), 5)


def test_what_is_said_is_made_right() -> None:
    said = Described(
        title="  A\tbook\n",
        authors=["Ada", "Ada", "", "\x07"],
        languages=["PT-br", "no language!", "ar"],
        pages=0,
        contents=[Heading(depth=5, title="One"), Heading(depth=9, title="Two"), Heading(depth=0, title="\n")],
    )
    item = describe(said, [part("Text/HTML; x")], name="n", cover=None, added_s=None)
    assert (item.title, item.authors, item.languages, item.pages) == (
        "A book",
        ("Ada",),
        ("pt-BR", "ar"),
        None,
    )
    assert item.contents == (Heading(depth=0, title="One"), Heading(depth=1, title="Two"))
    assert item.parts[0].media_type == FILE_TYPE


def test_a_text_is_cut_between_letters_with_their_marks() -> None:
    assert one_line("abc\u0301", 4) == "ab"
    assert one_line("書書", 5) == "書"


def test_only_a_small_jpeg_is_a_cover() -> None:
    assert is_cover(b"\xff\xd8\xff\xe0")
    assert not is_cover(b"<svg/>")
    assert not is_cover(b"\xff\xd8\xff" + bytes(262_144))
