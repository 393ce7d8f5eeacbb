"""One chunk in pieces: any cut in any order gives its hash, and memory is bounded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.blobs.assembly import PIECES_AHEAD_MAX, ChunkAssembly
from satchel.core.blobs.chunks import hash_chunk
from satchel.errors import MisuseError, PeerError

CHUNK = bytes(range(256)) * 4


@st.composite
def pieces_in_any_order(draw: st.DrawFn) -> list[tuple[int, int]]:
    cuts = sorted(draw(st.sets(st.integers(1, len(CHUNK) - 1), max_size=PIECES_AHEAD_MAX)))
    borders = [0, *cuts, len(CHUNK)]
    return draw(st.permutations(list(pairwise(borders))))


def read_back(assembly: ChunkAssembly, parts: int = 1) -> None:
    while due := assembly.due():
        at, length = due
        step = max(1, length // parts)
        for start in range(at, at + length, step):
            assembly.hash(memoryview(CHUNK)[start : min(start + step, at + length)])


@given(pieces_in_any_order(), st.integers(1, 4), st.booleans())
def test_any_cut_in_any_order_gives_the_hash(
    pieces: list[tuple[int, int]], parts: int, at_once: bool
) -> None:
    """`at_once`: read back as soon as it can be, or only when all is there."""
    assembly = ChunkAssembly(len(CHUNK))
    for at, end in pieces:
        assert not assembly.whole
        assembly.take(at, memoryview(CHUNK)[at:end])
        if at_once:
            read_back(assembly, parts)
    read_back(assembly, parts)
    assert assembly.whole
    assert assembly.due() is None
    assert assembly.digest() == hash_chunk(CHUNK)


@given(pieces_in_any_order(), st.data())
def test_no_byte_comes_twice(pieces: list[tuple[int, int]], data: st.DataObject) -> None:
    assembly = ChunkAssembly(len(CHUNK))
    come = pieces[: data.draw(st.integers(1, len(pieces)))]
    for at, end in come:
        assembly.take(at, memoryview(CHUNK)[at:end])
        if data.draw(st.booleans()):
            read_back(assembly)
    at, end = data.draw(st.sampled_from(come))
    touched = data.draw(st.integers(at, end - 1))
    start = data.draw(st.integers(0, touched))
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        assembly.take(start, memoryview(bytes(data.draw(st.integers(touched + 1, len(CHUNK))) - start)))


@pytest.mark.parametrize(
    ("at", "length"), [(1024, 1), (1023, 2), (0, 1025), (0, 0), (5, 0), (1024, 0), (1 << 32, 1)]
)
def test_a_piece_lies_in_its_chunk_and_has_bytes(at: int, length: int) -> None:
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        ChunkAssembly(1024).take(at, memoryview(bytes(length)))


def test_pieces_before_their_turn_are_bounded() -> None:
    """M3: and those in their turn are not, however many there are."""
    assembly = ChunkAssembly(len(CHUNK))
    for place in range(PIECES_AHEAD_MAX):
        assembly.take(500 + 2 * place, memoryview(b"x"))
    for at in range(400):
        assembly.take(at, memoryview(CHUNK)[at : at + 1])
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        assembly.take(1000, memoryview(b"x"))


def test_a_piece_that_was_read_back_makes_room() -> None:
    assembly = ChunkAssembly(len(CHUNK))
    for at in range(1, PIECES_AHEAD_MAX + 1):
        assembly.take(at, memoryview(CHUNK)[at : at + 1])
    assembly.take(0, memoryview(CHUNK)[:1])
    read_back(assembly)
    for place in range(PIECES_AHEAD_MAX):
        assembly.take(500 + 2 * place, memoryview(b"x"))


def test_there_is_no_hash_of_a_part() -> None:
    assembly = ChunkAssembly(2)
    assembly.take(1, memoryview(b"b"))
    with pytest.raises(MisuseError):
        assembly.digest()
