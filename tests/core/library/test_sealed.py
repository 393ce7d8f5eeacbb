"""Sealed content: every holder comes to the same bytes, nobody else can compare them, and no wrong byte is
believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.library.library_kit import root_of, seal_all
from satchel.core.blobs.chunks import CHUNK_BYTES, ContentHasher, chunk_count, hash_chunk, root
from satchel.core.crypto.aead import TAG_BYTES
from satchel.core.library.manifest import (
    MANIFEST_BYTES_MAX,
    Address,
    announced_length,
    build_manifest,
    decode_manifest,
    encode_manifest,
)
from satchel.core.library.sealed import (
    CONTENT_BYTES_MAX,
    SEALED_BYTES_MAX,
    SEALED_BYTES_MIN,
    SLICE_BYTES,
    ContentSeal,
    ShelfSecret,
    place,
    sealed_size,
    shelf_id,
)
from satchel.core.wire.padme import padme
from satchel.errors import MisuseError, PeerError

OURS, THEIRS = ShelfSecret(bytes(range(32))), ShelfSecret(bytes(range(1, 33)))
SIZES = st.integers(1, CONTENT_BYTES_MAX) | st.builds(
    lambda slices, more: slices * SLICE_BYTES + more, st.integers(1, 1 << 18), st.integers(-2, 2)
).filter(lambda size: size <= CONTENT_BYTES_MAX)
SMALL = st.binary(min_size=1, max_size=300)
TWO_CHUNKS = b"two" * (SLICE_BYTES // 3 + 2)


@given(SIZES)
def test_w2_a_sealed_length_is_a_padded_one_and_holds_the_content(size: int) -> None:
    sealed = sealed_size(size)
    chunks = chunk_count(sealed)
    assert SEALED_BYTES_MIN <= sealed <= SEALED_BYTES_MAX
    assert padme(sealed) == sealed <= max(SEALED_BYTES_MIN, (size + TAG_BYTES * chunks) * 1.12)
    assert size <= sealed - TAG_BYTES * chunks
    assert chunks == 1 or (sealed - 1) % CHUNK_BYTES >= TAG_BYTES  # also the last chunk holds something


@given(SIZES)
def test_the_places_of_all_chunks_are_the_content(size: int) -> None:
    chunks = chunk_count(sealed_size(size))
    first_of_zeros = -(-size // SLICE_BYTES)
    assert place(size, 0) == (0, min(size, SLICE_BYTES))
    last = place(size, first_of_zeros - 1)
    assert sum(last) == size
    assert last[1] > 0
    assert all(
        place(size, index) == (size, 0) for index in {first_of_zeros, chunks - 1} if index >= first_of_zeros
    )


@given(SIZES, SIZES)
def test_longer_content_is_never_sealed_shorter(one: int, other: int) -> None:
    assert sealed_size(one) <= sealed_size(other) or one > other


def test_c1_few_lengths_are_left() -> None:
    """C1: of all lengths up to 16 MiB only some hundreds are ever seen."""
    assert len({sealed_size(size) for size in range(1, 1 << 24, 997)}) < 400


@given(SMALL)
def test_all_holders_of_a_shelf_have_the_same_bytes(content: bytes) -> None:
    assert seal_all(OURS, content) == seal_all(ShelfSecret(bytes(OURS)), content)


@given(SMALL)
def test_c1_m2_two_shelves_share_nothing_but_a_length(content: bytes) -> None:
    """C1, M2: who has not both secrets cannot say that two shelves have one book."""
    _, ours, our_manifest = seal_all(OURS, content)
    _, theirs, their_manifest = seal_all(THEIRS, content)
    assert our_manifest.sealed_bytes == their_manifest.sealed_bytes
    assert our_manifest.address != their_manifest.address
    blocks = {one[at : at + 16] for one in ours for at in range(len(one) - 15)}
    assert not blocks & {one[at : at + 16] for one in theirs for at in range(len(one) - 15)}
    assert shelf_id(OURS) != shelf_id(THEIRS)


def test_c1_two_books_of_one_shelf_share_no_zeros() -> None:
    """C1: the same filling, at the same place, is other bytes in each book."""
    (_, one, _), (_, other, _) = seal_all(OURS, b"a"), seal_all(OURS, b"b")
    assert one[0][100:4080] != other[0][100:4080]


@given(SMALL, st.integers(0, 4095), st.integers(1, 255))
def test_b1_a_changed_byte_is_not_opened(content: bytes, at: int, change: int) -> None:
    """B1: neither by its hash nor by its seal."""
    root, (chunk,), manifest = seal_all(OURS, content)
    changed = bytearray(chunk)
    changed[at] ^= change
    manifest.check_chunk(0, chunk)
    with pytest.raises(PeerError, match=r"^library 4\.5:"):
        manifest.check_chunk(0, changed)
    with pytest.raises(PeerError, match=r"^library 3\.4:"):
        ContentSeal(OURS, root, len(content)).open(0, changed)


def test_chunks_open_in_any_order_and_only_at_their_places() -> None:
    root, chunks, manifest = seal_all(OURS, TWO_CHUNKS)
    seal = ContentSeal(OURS, root, len(TWO_CHUNKS))
    assert len(chunks) == seal.chunks == 2
    opened = {index: bytes(seal.open(index, chunks[index])) for index in (1, 0)}
    assert opened[0] + opened[1] == TWO_CHUNKS
    whole = ContentHasher()
    whole.update(opened[0] + opened[1])
    seal.check_whole(whole)
    for index, wrong in ((0, chunks[1]), (1, chunks[0]), (2, chunks[1]), (-2, chunks[0])):
        with pytest.raises(PeerError, match=r"^library 4\.5:"):
            manifest.check_chunk(index, wrong)
        with pytest.raises(PeerError, match=r"^library 3\.[24]:"):
            seal.open(index, wrong)


def test_b1_what_opens_to_other_content_is_not_believed() -> None:
    """B1: a shelf's writer may seal another book under the key of this one, hashes and all."""
    root = root_of(b"harmless")
    seal = ContentSeal(OURS, root, len(b"harmless"))
    manifest = build_manifest(seal.sealed_bytes, [hash_chunk(chunk := seal.seal(0, b"harmful!"))])
    decode_manifest(encode_manifest(manifest), manifest.address).check_chunk(0, chunk)
    opened = ContentHasher()
    opened.update(seal.open(0, chunk))
    with pytest.raises(PeerError, match=r"^library 3\.6:"):
        seal.check_whole(opened)


@given(SMALL)
def test_an_address_is_the_root_of_the_sealed_bytes_as_a_file(content: bytes) -> None:
    _, chunks, manifest = seal_all(OURS, content)
    sealed = b"".join(chunks)
    assert (
        bytes(manifest.address) == root_of(sealed) == root(len(sealed), [hash_chunk(one) for one in chunks])
    )


@given(st.binary(max_size=120))
def test_m3_any_bytes_are_a_manifest_or_a_peer_error(data: bytes) -> None:
    try:
        manifest = decode_manifest(data, Address(hash_chunk(data)))
    except PeerError:
        return
    assert encode_manifest(manifest) == data


@given(st.binary(min_size=8, max_size=8) | st.integers(0, 1 << 39).map(lambda size: size.to_bytes(8, "big")))
def test_m3_no_length_beyond_the_limit_is_made_room_for(head: bytes) -> None:
    """M3: eight bytes of a stranger never cost more than 8 MiB."""
    try:
        length = announced_length(head)
    except PeerError:
        return
    assert 40 <= length <= MANIFEST_BYTES_MAX


def test_m3_the_largest_manifest_is_taken_and_no_larger_one() -> None:
    assert announced_length(SEALED_BYTES_MAX.to_bytes(8, "big")) == MANIFEST_BYTES_MAX == 8_388_616
    with pytest.raises(PeerError, match=r"^library 4\.3:"):
        announced_length((SEALED_BYTES_MAX + (1 << 33)).to_bytes(8, "big"))
    assert sealed_size(CONTENT_BYTES_MAX) == SEALED_BYTES_MAX


def test_what_no_holder_would_do_is_misuse() -> None:
    root = root_of(b"a")
    seal = ContentSeal(OURS, root, 1)
    for wrong in (
        lambda: sealed_size(0),
        lambda: sealed_size(CONTENT_BYTES_MAX + 1),
        lambda: shelf_id(ShelfSecret(bytes(31))),
        lambda: ContentSeal(ShelfSecret(bytes(33)), root, 1),
        lambda: ContentSeal(OURS, root[:31], 1),  # type: ignore[arg-type]
        lambda: seal.seal(0, b"ab"),
        lambda: seal.seal(1, b""),
        lambda: seal.seal(-1, b"a"),
        lambda: build_manifest(4096, []),
    ):
        with pytest.raises(MisuseError):
            wrong()
