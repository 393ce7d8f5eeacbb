"""The vectors of docs/spec/bundle.md and receipt.md: bundle.vectors.json, receipt.vectors.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.core.bundles.header import (
    HEADER_BYTES,
    bundle_id,
    decode_bundle,
    decode_header,
    encode_header,
    with_copies,
)
from satchel.core.bundles.lifetime import Life, best_clock_s, expiry_hour, life
from satchel.core.bundles.receipt import Receipt, commitment, decode_receipt, encode_receipt
from satchel.core.crypto.kdf import digest
from satchel.core.identity.clocks import Clocks, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry
from satchel.core.sealing.seal import SpoiltError, seal, unseal
from satchel.errors import PeerError

Vector = dict[str, Any]
SPEC = Path(__file__).parents[3] / "docs/spec"
BUNDLES: list[Vector] = json.loads((SPEC / "bundle.vectors.json").read_text(encoding="utf-8"))["vectors"]
RECEIPTS: list[Vector] = json.loads((SPEC / "receipt.vectors.json").read_text(encoding="utf-8"))["vectors"]
h = bytes.fromhex


def octets(spelled: str | list[tuple[str, int]]) -> bytes:
    return h(spelled) if isinstance(spelled, str) else b"".join(h(part) * times for part, times in spelled)


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in BUNDLES + RECEIPTS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


@of_kind("header")
def test_header(vector: Vector) -> None:
    data = h(vector["bytes"])
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=rf"^bundle {vector['expect']}:"):
            decode_header(data)
        return
    header = decode_header(data)
    assert (header.size_class, header.expiry_hour, header.copies) == tuple(
        vector[name] for name in ("size_class", "expiry_hour", "copies")
    )
    assert (header.tag, header.commitment) == (h(vector["tag"]), h(vector["commitment"]))
    assert encode_header(header) == h(vector["written"])


@of_kind("bundle")
def test_bundle(vector: Vector) -> None:
    entry = Entry(number=1, tag=h(vector["tag"]), key=h(vector["key"]))
    content = octets(vector["content"])
    bundle = seal(
        entry,
        content,
        preimage=h(vector["preimage"]),
        nonce=h(vector["nonce"]),
        expiry_hour=vector["expiry_hour"],
        copies=vector["copies"],
    )
    assert digest(bundle).hex() == vector["digest"]
    assert bundle_id(bundle).hex() == vector["id"] == bundle_id(with_copies(bundle, 5)).hex()
    assert bundle == h(vector.get("bundle", bundle.hex()))
    assert len(bundle) == decode_bundle(bundle).size_bytes
    opened = unseal(entry, bundle)
    assert opened is not None
    assert opened.content == content
    assert opened.receipt == Receipt(preimage=h(vector["preimage"]), expiry_hour=vector["expiry_hour"])
    assert opened.receipt.on(decode_header(bundle[:HEADER_BYTES])) == opened.receipt


@of_kind("unseal")
def test_unseal(vector: Vector) -> None:
    entry = Entry(number=1, tag=h(vector["tag"]), key=h(vector["key"]))
    bundle = h(vector["bundle"])
    if vector["expect"] in ("ok", "closed"):
        assert (unseal(entry, bundle) is not None) == (vector["expect"] == "ok")
        return
    with pytest.raises(PeerError, match=rf"^bundle {vector['expect']}:") as raised:
        unseal(entry, bundle)
    assert isinstance(raised.value, SpoiltError) == vector["expect"].startswith("4.")


@of_kind("best_clock")
def test_best_clock(vector: Vector) -> None:
    offsets_s = {ContactId(bytes((number,)) * 16): s for number, s in enumerate(vector["ahead_s"])}
    clocks = Clocks(build_s=vector["build_s"], offsets_s=offsets_s)
    reading = Reading(time_s=vector["own_s"], plausible=vector["plausible"])
    assert best_clock_s(clocks, reading) == vector["expect"]


@of_kind("expiry")
def test_expiry(vector: Vector) -> None:
    chance = h(vector["chance"])
    expected = expiry_hour(clock_s=vector["clock_s"], lifetime_h=vector["lifetime_h"], chance=chance)
    assert expected == vector["expect"]


@of_kind("life")
def test_life(vector: Vector) -> None:
    assert life(vector["expiry_hour"], vector["clock_s"]) is Life[vector["expect"].upper()]


@of_kind("receipt")
def test_receipt(vector: Vector) -> None:
    data = h(vector["bytes"])
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=rf"^receipt {vector['expect']}:"):
            decode_receipt(data)
        return
    receipt = decode_receipt(data)
    assert receipt == Receipt(preimage=h(vector["preimage"]), expiry_hour=vector["expiry_hour"])
    assert encode_receipt(receipt) == data
    assert commitment(receipt.preimage).hex() == vector["commitment"]


@of_kind("acts")
def test_c2_a_receipt_acts_on_its_bundle_alone(vector: Vector) -> None:
    kept = decode_receipt(h(vector["bytes"])).on(decode_header(h(vector["header"])))
    assert (kept is not None) == vector["acts"]
    if kept is not None:
        assert encode_receipt(kept).hex() == vector["kept"]


def test_the_vectors_cross_every_clause_that_refuses() -> None:
    refused = {vector["expect"] for vector in BUNDLES if vector["kind"] in ("header", "unseal")}
    assert refused == {"ok", "closed", "2.1", "2.2", "2.7", "4.5", "4.6", "4.7"}
