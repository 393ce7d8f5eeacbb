"""Records: what another version wrote lives on, what is hostile is refused whole, and one book is one."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.identity.clocks import TIME_MAX_S
from satchel.core.library.codec import (
    COVER_BYTES_MAX,
    DURATION_MAX_S,
    KEPT_FROM,
    PAGES_MAX,
    RECORD_BYTES_MAX,
    REVISION_MAX,
    decode_item,
    encode_item,
    newer,
)
from satchel.core.library.item import Content, Direction, Heading, Item, ItemId, Part
from satchel.core.library.languages import canonical_tag
from satchel.core.library.sealed import CONTENT_BYTES_MAX, Root
from satchel.core.wire import cbor
from satchel.errors import MisuseError, PeerError

TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20)
NAMES = st.lists(TEXTS, unique=True, max_size=4).map(tuple)
TAGS = st.sampled_from(["ar", "zh-Hant", "es-419", "en-GB", "az-Latn-x-latn"])
TYPES = st.sampled_from(["application/epub+zip", "audio/mpeg", "application/x-zim"])
ROOTS = st.binary(min_size=32, max_size=32)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.binary(max_size=9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(0, 255), inner, max_size=3),
    max_leaves=6,
)
OTHERS = st.dictionaries(st.integers(KEPT_FROM, 255), VALUES, max_size=3)


PARTS = st.builds(
    Part,
    root=ROOTS.map(Root),
    size_bytes=st.integers(1, CONTENT_BYTES_MAX),
    media_type=TYPES,
    title=st.none() | TEXTS,
)
COVERS = st.builds(
    Content,
    root=ROOTS.map(Root),
    size_bytes=st.integers(1, COVER_BYTES_MAX),
    media_type=st.sampled_from(["image/jpeg", "image/png"]),
)
ITEMS = st.builds(
    Item,
    revision=st.integers(1, REVISION_MAX),
    parts=st.lists(PARTS, min_size=1, max_size=3).map(tuple),
    title=TEXTS,
    authors=NAMES,
    languages=st.lists(TAGS, unique=True, max_size=3).map(tuple),
    direction=st.none() | st.sampled_from(Direction),
    subjects=NAMES,
    pages=st.none() | st.integers(1, PAGES_MAX),
    duration_s=st.none() | st.integers(1, DURATION_MAX_S),
    cover=st.none() | COVERS,
    contents=st.lists(st.builds(Heading, depth=st.just(0), title=TEXTS), max_size=3).map(tuple),
    added_s=st.none() | st.integers(0, TIME_MAX_S),
    replaces=st.lists(ROOTS.map(ItemId), unique=True, max_size=3).map(tuple),
    others=OTHERS,
)
PLAIN = Item(
    revision=1,
    parts=(Part(root=Root(bytes(32)), size_bytes=9, media_type="application/epub+zip"),),
    title="A book",
)


@given(ITEMS)
def test_a_record_is_read_as_it_was_written(item: Item) -> None:
    assert decode_item(encode_item(item)) == item


@given(ITEMS, OTHERS)
def test_what_a_later_version_wrote_stays_through_a_correction(
    item: Item, later: Mapping[int, cbor.Value]
) -> None:
    """An older program corrects a title; what it does not know is still there, byte for byte."""
    came = decode_item(encode_item(replace(item, others=later)))
    corrected = encode_item(replace(came, title="Another title"))
    written = cbor.decode(corrected)
    assert isinstance(written, dict)
    assert {key: value for key, value in written.items() if key >= KEPT_FROM} == later


@given(st.binary(max_size=200))
def test_m3_any_bytes_are_a_record_or_a_peer_error(data: bytes) -> None:
    try:
        item = decode_item(data)
    except PeerError:
        return
    assert encode_item(item) == data


@given(st.dictionaries(st.integers(0, 40), VALUES, max_size=8))
def test_b1_any_map_is_a_record_or_a_peer_error(fields: dict[int, cbor.Value]) -> None:
    """B1: a hostile record gets as far as any field, and no further."""
    record = cbor.encode({0: 1, 1: [{0: bytes(32), 1: 9, 2: "a/b"}], 2: "t", **fields})
    try:
        item = decode_item(record)
    except PeerError:
        return
    assert encode_item(item) == record


def test_m3_no_record_is_read_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """M3: its length is looked at before anything of it."""
    monkeypatch.setattr(cbor, "decode", lambda _data: pytest.fail("read"))
    with pytest.raises(PeerError, match=r"^library 5\.1:"):
        decode_item(bytes(RECORD_BYTES_MAX + 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"others": {31: 1}},
        {"others": {2: "a title of its own"}},
        {"others": {KEPT_FROM: b"x" * RECORD_BYTES_MAX}},
        {"title": ""},
        {"title": "\ud800"},
        {"parts": ()},
        {"languages": ("EN",)},
        {"revision": 0},
        {"replaces": (PLAIN.id,)},
    ],
    ids=str,
)
def test_what_no_reader_would_take_is_not_written(wrong: dict[str, object]) -> None:
    with pytest.raises(MisuseError):
        encode_item(replace(PLAIN, **wrong))  # type: ignore[arg-type]


@given(ITEMS, ITEMS)
def test_one_book_put_in_twice_is_one(one: Item, other: Item) -> None:
    """Whoever put it in, under whatever title; and other content is another book."""
    assert replace(other, parts=one.parts).id == one.id
    roots, other_roots = ([part.root for part in item.parts] for item in (one, other))
    assert (one.id == other.id) == (roots == other_roots)


@given(st.lists(st.tuples(st.integers(1, 3), TEXTS), min_size=3, max_size=3))
def test_all_agree_on_the_record_that_holds(written: list[tuple[int, str]]) -> None:
    records = [replace(PLAIN, revision=revision, title=title) for revision, title in written]
    held = {newer(newer(a, b), c).title for a, b, c in permutations(records)}
    assert len(held) == 1
    best = newer(newer(records[0], records[1]), records[2])
    assert best.revision == max(record.revision for record in records)


def test_records_of_two_books_do_not_compete() -> None:
    other = replace(PLAIN, parts=(replace(PLAIN.parts[0], root=Root(b"\1" * 32)),))
    with pytest.raises(MisuseError):
        newer(PLAIN, other)


@given(st.text(max_size=40) | st.from_regex(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,4}", fullmatch=True))
def test_a_language_has_one_spelling(tag: str) -> None:
    spelled = canonical_tag(tag)
    if spelled is not None:
        assert spelled.lower() == tag.lower()
        assert {canonical_tag(way) for way in (spelled, tag.upper(), tag.lower())} == {spelled}


def test_t1_a_record_in_an_error_or_a_log_says_no_title() -> None:
    """T1, C1: what names a book does not stand in a representation, which may end up anywhere."""
    item = replace(
        PLAIN, authors=("Somebody",), subjects=("Something",), contents=(Heading(depth=0, title="One"),)
    )
    assert not [word for word in ("A book", "Some", "One", repr(bytes(32))) if word in repr(item)]
