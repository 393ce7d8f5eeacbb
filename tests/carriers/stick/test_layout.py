"""One file as bytes: the vectors of docs/spec/stick.md, stick.vectors.json, and what a stranger writes."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers.stick.samples import bundle_of, drawn, file_with
from satchel.carriers.stick.contents import Contents
from satchel.carriers.stick.layout import (
    HEAD_BYTES,
    RECEIPTS_MAX,
    SIZES_BYTES,
    TAGS_MAX,
    Head,
    decode_head,
    encode_head,
    encode_lists,
    file_name,
    is_name,
    size_for,
    size_within,
    tag_number,
)
from satchel.core.bundles.header import BundleId, bundle_id
from satchel.core.bundles.receipt import decode_receipt, encode_receipt
from satchel.core.crypto.kdf import MacKey
from satchel.errors import MisuseError, PeerError
from satchel.ports.stick import Held

Vector = dict[str, Any]
PAGE = Path(__file__).parents[3] / "docs/spec/stick.vectors.json"
VECTORS: list[Vector] = json.loads(PAGE.read_text(encoding="utf-8"))["vectors"]
h = bytes.fromhex


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


@of_kind("name")
def test_name(vector: Vector) -> None:
    assert is_name(vector["file"]) == vector["ours"]
    if "chance" in vector:
        assert file_name(h(vector["chance"])) == vector["file"]


@of_kind("size")
def test_size(vector: Vector) -> None:
    size_bytes = size_for(vector["used"])
    assert size_bytes == vector["size"]
    if size_bytes is not None:
        assert size_within(size_bytes) == size_within(size_bytes + 1) == size_bytes
        assert size_within(size_bytes - 1) in (0, size_bytes // 2)


@of_kind("head")
def test_head(vector: Vector) -> None:
    data = h(vector["bytes"])
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=rf"^stick {vector['expect']}:"):
            decode_head(data)
        return
    head = decode_head(data)
    assert (head.salt.hex(), head.until_hour, head.receipts, head.tags) == tuple(
        vector[name] for name in ("salt", "until", "receipts", "tags")
    )
    assert encode_head(head) == data[:HEAD_BYTES]


@of_kind("file")
def test_file(vector: Vector) -> None:
    data = b"".join(h(part) * times for part, times in vector["bytes"])
    contents = Contents(io.BytesIO(data))
    assert [encode_receipt(receipt).hex() for receipt in contents.receipts()] == vector["receipts"]
    assert [f"{tag:016x}" for tag in contents.tags()] == vector["inventory"]
    assert [one.id.hex() for one in contents.records(everything)] == vector["bundles"]
    assert contents.damaged == vector["damaged"]


@of_kind("lists")
def test_lists(vector: Vector) -> None:
    receipts = [decode_receipt(h(receipt)) for receipt in vector["receipts"]]
    held = [Held(BundleId(h(id)), expiry_hour) for id, expiry_hour in vector["held"]]
    for order in (1, -1):
        assert encode_lists(h(vector["salt"]), receipts[::order], held[::order]).hex() == vector["bytes"]


def test_the_vectors_cross_every_clause_that_refuses() -> None:
    assert {vector["expect"] for vector in VECTORS if vector["kind"] == "head"} == {"ok", "2.2", "2.4", "2.5"}


# --- properties -----------------------------------------------------------------------------------------


def everything(_id: object, _header: object) -> bool:
    return True


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**24 - 1), st.integers(0, RECEIPTS_MAX))
def test_a_head_comes_back_as_it_was(salt: bytes, until_hour: int, receipts: int) -> None:
    head = Head(salt=salt, until_hour=until_hour, receipts=receipts, tags=TAGS_MAX - receipts)
    assert decode_head(encode_head(head)) == head


@pytest.mark.parametrize(
    "wrong", [{"salt": b"short"}, {"receipts": RECEIPTS_MAX + 1}, {"tags": TAGS_MAX + 1}]
)
def test_a_head_that_cannot_be_is_a_mistake_of_ours(wrong: dict[str, Any]) -> None:
    with pytest.raises(MisuseError):
        encode_head(Head(**({"salt": bytes(16)} | wrong)))


WHOLE = file_with(*(bundle_of(number, number % 2) for number in range(3)))
IDS = [bundle_id(bundle_of(number, number % 2)) for number in range(3)]
CHANGES = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 255)), max_size=3)


@given(CHANGES, st.integers(0, len(WHOLE)))
def test_c2_whatever_is_changed_or_cut_what_is_read_is_whole(
    changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(WHOLE)
    for at, difference in changes:
        data[at] ^= difference
    try:
        contents = Contents(io.BytesIO(bytes(data[:length])))
    except PeerError:
        assert length < HEAD_BYTES or any(at < HEAD_BYTES for at, _ in changes)
        return
    list(contents.receipts())
    contents.tags()
    found = [one.id for one in contents.records(everything)]
    assert [id for id in IDS if id in found] == found
    if not changes and length == len(WHOLE):
        assert (found, contents.damaged) == (IDS, 0)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_file_or_a_peer_error(data: bytes) -> None:
    contents = Contents(io.BytesIO(encode_head(Head(salt=bytes(16), receipts=3, tags=4)) + data))
    assert len(list(contents.receipts())) == min(3, len(data) // 23)
    assert len(contents.tags()) == min(4, max(0, len(data) - 69) // 8)
    assert list(contents.records(everything)) == []


def test_p3_bodies_that_nobody_wants_are_not_read() -> None:
    read: list[int] = []

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            read.append(size)
            return super().read(size)

    contents = Contents(Counting(file_with(*(bundle_of(number, 5) for number in range(8)))))
    assert list(contents.records(lambda _id, _header: False)) == []
    assert sum(read) < 1000


def test_p3_no_file_goes_on_beyond_the_longest() -> None:
    """Whatever it grew to since its length was asked."""
    contents = Contents(io.BytesIO(file_with(*(bundle_of(number, 5) for number in range(17)))))
    assert sum(1 for _ in contents.records(everything)) == 16
    assert contents.damaged == 1


def test_m2_c1_a_tag_tells_who_knows_the_id_and_nobody_else() -> None:
    """Two inventories of one bundle have nothing in common."""
    ids = [BundleId(drawn(number, 32)) for number in range(1000)]
    one, other = MacKey(drawn("one", 16)), MacKey(drawn("other", 16))
    tags = {tag_number(one, id) for id in ids}
    assert len(tags) == 1000
    assert not tags & {tag_number(other, id) for id in ids}
    assert not tags & {int.from_bytes(id[:8], "big") for id in ids}


def test_the_longest_lists_fit_into_one_file() -> None:
    assert Head(salt=bytes(16), receipts=RECEIPTS_MAX, tags=TAGS_MAX).records_at <= SIZES_BYTES[-1]
