"""Blocks of a blob at rest, against vectors of another implementation; and what does not open (T1)."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.tree import ROOT
from fuzz.vectors import raw
from satchel.core.blobs.sealed import (
    BLOCK_BYTES,
    SEALED_BYTES,
    StretchKey,
    block_length,
    sealed_length,
)
from satchel.errors import EnvironmentProblem

VECTORS: list[dict[str, Any]] = [
    vector
    for vector in json.loads((ROOT / "docs" / "spec" / "profile.vectors.json").read_text(encoding="utf-8"))[
        "vectors"
    ]
    if vector["kind"] == "blob"
]
KEY = bytes(range(32))


def key_of(vector: dict[str, Any], index: int) -> StretchKey:
    [*_, secret] = [secret for first, secret in vector["stretches"] if first <= index]
    return StretchKey(bytes.fromhex(secret), vector["size"])


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_blob_is_sealed_as_the_page_says(vector: dict[str, Any]) -> None:
    content, size = raw(vector["content"]), vector["size"]
    file = bytearray()
    for index in range(len(vector["tags"])):
        block, out = content[index * BLOCK_BYTES :][: block_length(size, index)], bytearray(SEALED_BYTES)
        count = key_of(vector, index).seal_into(index, block, out)
        assert out[count - 16 : count].hex() == vector["tags"][index]
        back = bytearray(BLOCK_BYTES)
        assert key_of(vector, index).open_into(index, out[:count], back) == len(block)
        assert back[: len(block)] == block
        file += out[:count]
    assert len(file) == vector["file_bytes"] == sealed_length(size)
    assert hashlib.sha256(file).hexdigest() == vector["file_sha256"]
    assert file.hex() == vector.get("file", file.hex())


@given(
    index=st.integers(0, 3),
    at=st.integers(0, 3),
    size=st.integers(1, 4 * BLOCK_BYTES),
    other=st.integers(1, 4 * BLOCK_BYTES),
    flip=st.integers(0, 41),
)
def test_no_block_opens_but_where_it_was_sealed(
    index: int, at: int, size: int, other: int, flip: int
) -> None:
    """T1: swapped, repeated, taken for the last one or not, changed in any bit."""
    index = min(index, (size - 1) // BLOCK_BYTES)
    sealed, out = bytearray(26 + 16), bytearray(26)
    key = StretchKey(KEY, size)
    key.seal_into(index, b"abcdefghijklmnopqrstuvwxyz", sealed)

    def opens(opening: StretchKey, place: int, data: bytes | bytearray) -> bool:
        try:
            opening.open_into(place, data, out)
        except EnvironmentProblem:
            return False
        return True

    assert opens(key, index, sealed)
    assert opens(key, at, sealed) == (at == index)
    is_last, would_be = ((index + 1) * BLOCK_BYTES >= whole for whole in (size, other))
    assert opens(StretchKey(KEY, other), index, sealed) == (is_last == would_be)
    assert not opens(StretchKey(KEY[::-1], size), index, sealed)
    assert not opens(key, index, sealed[:-1])
    sealed[flip] ^= 1
    assert not opens(key, index, sealed)
    assert not any(out)
