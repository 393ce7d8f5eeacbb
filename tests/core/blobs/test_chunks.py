"""Content as chunks, hashes and a root: any way of cutting gives the same, any change another."""

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.blobs.chunks import (
    CHUNK_BYTES,
    HASH_BYTES,
    ChunkHasher,
    ContentHasher,
    chunk_count,
    chunk_length,
    hash_chunk,
    root,
)

sizes = st.integers(0, 1 << 52) | st.integers(0, 8).flatmap(
    lambda chunks: st.integers(-2, 2).map(lambda more: max(0, chunks * CHUNK_BYTES + more))
)


@given(sizes)
def test_chunks_cover_a_file_exactly(size: int) -> None:
    count = chunk_count(size)
    assert (count == 0) is (size == 0)
    if count:
        assert chunk_length(size, 0) == min(size, CHUNK_BYTES)
        last = chunk_length(size, count - 1)
        assert 1 <= last <= CHUNK_BYTES
        assert (count - 1) * CHUNK_BYTES + last == size


@pytest.mark.parametrize(
    ("size", "count"),
    [(0, 0), (1, 1), (CHUNK_BYTES, 1), (CHUNK_BYTES + 1, 2), (2 * CHUNK_BYTES, 2), (1 << 52, 1 << 32)],
)
def test_count(size: int, count: int) -> None:
    assert chunk_count(size) == count


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_a_hash_does_not_depend_on_the_pieces(pieces: list[bytes]) -> None:
    hasher = ChunkHasher()
    for piece in pieces:
        hasher.update(memoryview(piece))
    assert hasher.digest() == hash_chunk(b"".join(pieces))


def test_the_hash_is_blake3() -> None:
    """The first bytes of BLAKE3's own published test vector for an empty input."""
    assert hash_chunk(b"").hex().startswith("af1349b9f5f9a1a6a0404dea36dcc949")
    assert len(hash_chunk(b"")) == HASH_BYTES


@given(size=st.integers(0, 1 << 52), hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_root_is_blake3_over_size_and_hashes(size: int, hashes: list[bytes]) -> None:
    assert root(size, hashes) == blake3(size.to_bytes(8, "big") + b"".join(hashes)).digest()


@given(
    size=st.integers(0, 1 << 52),
    other=st.integers(0, 1 << 52),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=5, unique=True),
    data=st.data(),
)
def test_another_size_order_or_count_is_another_root(
    size: int, other: int, hashes: list[bytes], data: st.DataObject
) -> None:
    """A short last chunk cannot be passed off as a whole one, nor one file's hashes as another file."""
    changed = data.draw(st.permutations(hashes))
    assert (root(size, hashes) == root(other, changed)) is ((size, hashes) == (other, changed))
    assert root(size, hashes) != root(size, [*hashes, bytes(32)])


@given(st.lists(st.sampled_from([0, 1, 7, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1]), max_size=4))
def test_a_root_does_not_depend_on_the_pieces(lengths: list[int]) -> None:
    hasher, content = ContentHasher(), b""
    for number, length in enumerate(lengths):
        piece = bytes((number,)) * length
        hasher.update(memoryview(piece))
        content += piece
        chunks = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
        assert hasher.root() == root(len(content), [hash_chunk(chunk) for chunk in chunks])
    assert lengths or hasher.root() == root(0, [])
