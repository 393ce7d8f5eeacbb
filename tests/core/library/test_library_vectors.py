"""The vectors of docs/spec/library.md: library.vectors.json, written by another CBOR library and HKDF."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.library.library_kit import seal_all
from satchel.core.blobs.chunks import ContentHasher
from satchel.core.crypto.kdf import derive, digest
from satchel.core.library.codec import decode_item, encode_item, newer
from satchel.core.library.item import Content, Direction, Heading, Item, ItemId, Part
from satchel.core.library.languages import canonical_tag
from satchel.core.library.manifest import Address, decode_manifest, encode_manifest
from satchel.core.library.sealed import ContentSeal, Root, ShelfSecret, sealed_size, shelf_id
from satchel.core.wire.cbor import Value
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/library.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]
h = bytes.fromhex


def octets(spelled: str | list[tuple[str, int]]) -> bytes:
    return h(spelled) if isinstance(spelled, str) else b"".join(h(part) * times for part, times in spelled)


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def clause(expect: str) -> str:
    return rf"^{expect}\b" if expect[0].isalpha() else rf"^library {expect}:"


@of_kind("shelf")
def test_shelf(vector: Vector) -> None:
    assert shelf_id(ShelfSecret(h(vector["secret"]))).hex() == vector["id"]


@of_kind("size")
def test_size(vector: Vector) -> None:
    assert sealed_size(vector["content_bytes"]) == vector["sealed_bytes"]


@of_kind("sealed")
def test_sealed(vector: Vector) -> None:
    secret, content = h(vector["secret"]), octets(vector["content"])
    root, chunks, manifest = seal_all(secret, content)
    assert root.hex() == vector["root"]
    assert derive(secret, b"satchel shelf seal 1" + root).hex() == vector["key"]
    assert digest(b"".join(chunks)).hex() == vector["digest"]
    assert b"".join(chunks).hex() == vector.get("sealed", b"".join(chunks).hex())
    assert encode_manifest(manifest).hex() == vector["manifest"]
    assert manifest.address.hex() == vector["address"]


@of_kind("open")
def test_open(vector: Vector) -> None:
    seal = ContentSeal(ShelfSecret(h(vector["secret"])), Root(h(vector["root"])), vector["content_bytes"])

    def opened() -> bytes:
        hasher, content = ContentHasher(), b""
        for index, chunk in enumerate(vector["chunks"]):
            piece = seal.open(index, h(chunk))
            hasher.update(piece)
            content += piece
        seal.check_whole(hasher)
        return content

    if vector["expect"] == "ok":
        assert opened().hex() == vector["content"]
        return
    with pytest.raises(PeerError, match=clause(vector["expect"])):
        opened()


@of_kind("manifest")
def test_manifest(vector: Vector) -> None:
    data, address = h(vector["manifest"]), Address(h(vector["address"]))

    def read() -> None:
        manifest = decode_manifest(data, address)
        assert encode_manifest(manifest) == data
        assert manifest.address == address
        assert manifest.sealed_bytes == vector.get("sealed_bytes", manifest.sealed_bytes)
        manifest.check_size(vector["content_bytes"])

    if vector["expect"] == "ok":
        read()
        return
    with pytest.raises(PeerError, match=clause(vector["expect"])):
        read()


@of_kind("tag")
def test_tag(vector: Vector) -> None:
    assert canonical_tag(vector["tag"]) == vector["spelled"]


@of_kind("record")
def test_record(vector: Vector) -> None:
    record = octets(vector["record"])
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=clause(vector["expect"])) as raised:
            decode_item(record)
        assert "book" in raised.value.do
        return
    item = decode_item(record)
    assert item.id.hex() == vector["id"]
    assert encode_item(item) == record
    if "fields" in vector:
        assert item == as_item(vector["fields"])


def as_item(fields: Vector) -> Item:
    cover = fields.get("cover")
    return Item(
        revision=fields["revision"],
        parts=tuple(Part(**{**part, "root": Root(h(part["root"]))}) for part in fields["parts"]),
        title=fields["title"],
        authors=tuple(fields.get("authors", ())),
        languages=tuple(fields.get("languages", ())),
        direction=Direction(fields["direction"]) if "direction" in fields else None,
        subjects=tuple(fields.get("subjects", ())),
        pages=fields.get("pages"),
        duration_s=fields.get("duration_s"),
        cover=Content(**{**cover, "root": Root(h(cover["root"]))}) if cover else None,
        contents=tuple(Heading(depth=depth, title=title) for depth, title in fields.get("contents", ())),
        added_s=fields.get("added_s"),
        replaces=tuple(ItemId(h(one)) for one in fields.get("replaces", ())),
        others={key: value_of(value) for key, value in fields.get("others", ())},
    )


def value_of(spelled: Any) -> Value:
    """As in encoding 3."""
    if isinstance(spelled, list):
        return [value_of(one) for one in spelled]
    if not isinstance(spelled, dict):
        value: int | str | bool | None = spelled
        return value
    if "bytes" in spelled:
        return h(spelled["bytes"])
    return {key: value_of(value) for key, value in spelled["map"]}


@of_kind("newer")
def test_newer(vector: Vector) -> None:
    one, other = (decode_item(h(record)) for record in vector["records"])
    assert newer(one, other) == newer(other, one) == (one, other)[vector["holds"]]


def test_the_vectors_cross_every_clause_that_refuses() -> None:
    expected = {str(vector.get("expect", "ok")) for vector in VECTORS}
    refusals = {"3.2", "3.4", "3.5", "3.6", "4.1", "4.3", "4.4", "4.6"}
    refusals |= {f"5.{number}" for number in range(1, 9)} | {"6.4"}
    assert {one for one in expected if one[0].isdigit()} == refusals
