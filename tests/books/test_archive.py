"""Zip archives that are traps: seen in their directory, before anything is unpacked (books 3)."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from books import hostile_books
from books.epub_maker import make_epub
from satchel.books import archive
from satchel.books.archive import open_archive
from satchel.books.unfit import Why, why_of
from satchel.errors import UnfitBook


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (hostile_books.entry_of_ratio(30 << 20), Why.TOO_MUCH),
        (hostile_books.overlapping(500), Why.TOO_MUCH),
        (hostile_books.many_entries(archive.ENTRIES_MAX), Why.TOO_MUCH),
        (hostile_books.lying_end(60_000, 100), Why.TOO_MUCH),
        (hostile_books.lying_end(3, 1 << 31), Why.TOO_MUCH),
        (hostile_books.longer_in_zip64(1 << 40), Why.TOO_MUCH),
        (make_epub()[:-30], Why.DAMAGED),
        (b"PK\x03\x04" + bytes(100), Why.DAMAGED),
        (b"", Why.DAMAGED),
    ],
    ids=["ratio", "overlapping", "many", "announced", "directory", "zip64", "cut", "zeros", "empty"],
)
def test_a_trap_is_refused(content: bytes, why: Why) -> None:
    with pytest.raises(UnfitBook) as raised:
        open_archive(io.BytesIO(content))
    assert why_of(raised.value) is why


def test_all_entries_together_have_a_limit() -> None:
    content = make_epub(chapters=[("x", ["y" * 1000])] * 3)
    with pytest.raises(UnfitBook):
        open_archive(io.BytesIO(content), unpacked_bytes_max=3000)
    assert open_archive(io.BytesIO(content), unpacked_bytes_max=30_000)


def test_an_entry_is_never_longer_than_it_says() -> None:
    """Its size in the directory is a lie: what is more is not read, and it counts as damaged."""
    content = bytearray(hostile_books.book(more={"long": b"x" * 50_000}))
    info = zipfile.ZipFile(io.BytesIO(content)).getinfo("long")
    at = content.rindex(b"PK\x01\x02")
    assert int.from_bytes(content[at + 24 : at + 28], "little") == info.file_size
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    opened = open_archive(io.BytesIO(bytes(content)))
    with contextlib.suppress(UnfitBook):
        assert len(opened.read("long", 1 << 20)) <= 10


def test_a_locked_entry_is_said() -> None:
    content = bytearray(make_epub())
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    with pytest.raises(UnfitBook) as raised:
        open_archive(io.BytesIO(bytes(content)))
    assert why_of(raised.value) is Why.LOCKED


def test_names_that_step_out_are_not_there() -> None:
    names = ("../up", "/root", "a/../../b", "a\\b", "a//b", "./c", "n\0ul", "l" * 2000, "good/name")
    opened = open_archive(io.BytesIO(hostile_books.named(*names)))
    added = set(opened.entries) - set(open_archive(io.BytesIO(make_epub())).entries)
    assert added == {"good/name"}
    assert opened.read("good/name", 100) == b"secret"
    with pytest.raises(UnfitBook):
        opened.read("good/name", 5)


def test_a_nested_archive_is_a_file() -> None:
    opened = open_archive(io.BytesIO(hostile_books.nested(20)))
    assert opened.read("inner.zip", 1 << 20).startswith(b"PK")


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_any_bytes_are_an_archive_or_unfit(noise: bytes, at: int) -> None:
    whole = make_epub()
    for content in (noise, whole[:at] + noise + whole[at + len(noise) :], whole[: at % len(whole)]):
        try:
            opened = open_archive(io.BytesIO(content))
            for name in opened.entries:
                opened.read(name, 1 << 20)
        except UnfitBook:
            pass
