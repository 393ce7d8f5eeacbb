"""Other names for what arrives when its own is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.wire.paths import STAGING_PREFIX, refusal
from satchel.store.naming import free_among, numbered

NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: refusal((name,)) is None)


@pytest.mark.parametrize(
    ("name", "second"),
    [
        (b"photo.jpg", b"photo (2).jpg"),
        (b"photo", b"photo (2)"),
        (b".bashrc", b".bashrc (2)"),
        (b"..a.b", b"..a (2).b"),
        (b"archive.tar.gz", b"archive (2).tar.gz"),
        (b".tar.gz", b".tar (2).gz"),
        (b"ends with.", b"ends with (2)."),
        (b"a. long sentence with a dot in it", b"a. long sentence with a dot in it (2)"),
        (b"\xff\xfe.bin", b"\xff\xfe (2).bin"),
        ("کتاب.epub".encode(), "کتاب (2).epub".encode()),
        (b"a" * 255, b"a" * 251 + b" (2)"),
        (("é" * 127).encode() + b"x", ("é" * 125).encode() + b" (2)"),
    ],
)
def test_second_names(name: bytes, second: bytes) -> None:
    assert numbered(name, 1, is_folder=False) == name
    assert numbered(name, 2, is_folder=False) == second


def test_a_folder_has_no_extension() -> None:
    assert numbered(b"version 1.2", 2, is_folder=True) == b"version 1.2 (2)"


def test_a_character_is_not_cut_in_two() -> None:
    name = ("😀" * 63).encode() + b"abc"
    assert len(name) == 255
    assert numbered(name, 2, is_folder=True) == ("😀" * 62).encode() + b" (2)"


@given(NAMES, st.integers(1, 10**6), st.booleans())
def test_every_other_name_is_legal_too(name: bytes, n: int, is_folder: bool) -> None:
    """M4: no number turns a name into one that could leave the folder or be that of a staging folder."""
    other = numbered(name, n, is_folder=is_folder)
    assert refusal((other,)) is None
    assert not other.startswith(STAGING_PREFIX)


@given(NAMES, st.integers(1, 300), st.integers(1, 300), st.booleans())
def test_numbers_make_names_differ(name: bytes, n: int, m: int, is_folder: bool) -> None:
    same = numbered(name, n, is_folder=is_folder) == numbered(name, m, is_folder=is_folder)
    assert same == (n == m)


def test_the_first_free_one() -> None:
    assert free_among(b"a.b", {b"a.b", b"a (2).b"}, is_folder=False) == b"a (3).b"
    assert free_among(b"a.b", set(), is_folder=False) == b"a.b"
