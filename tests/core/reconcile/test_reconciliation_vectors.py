"""docs/spec/reconciliation.vectors.json, which was made from the page by other code."""

import json
from typing import Any

import pytest

from arch.tree import ROOT
from core.reconcile.reconcile_kit import listed, reconcile
from satchel.core.reconcile.message import Range, Writer, decode
from satchel.core.reconcile.records import INFINITY, START, Position, Records, position
from satchel.core.reconcile.responder import Responder
from satchel.core.reconcile.varint import decode_varint, encode_varint, varint_bytes
from satchel.errors import PeerError

Vector = dict[str, Any]
PAGE = ROOT / "docs" / "spec" / "reconciliation.vectors.json"
VECTORS: list[Vector] = json.loads(PAGE.read_text(encoding="utf-8"))["vectors"]


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def refused(vector: Vector) -> Any:
    return pytest.raises(PeerError, match=rf"^reconciliation {vector['expect']}:")


def raw(vector: Vector) -> bytes:
    if "bytes" in vector:
        return bytes.fromhex(vector["bytes"])
    return b"".join(bytes.fromhex(part) * times for part, times in vector["parts"])


def bound(hour: str, prefix: str) -> Position:
    if int(hour) == 2**64 - 1:
        return INFINITY
    return position(int(hour), bytes.fromhex(prefix).ljust(32, b"\0"))


def told(vector: Vector) -> Range:
    lower, upper = bound(*vector["from"]), bound(*vector["to"])
    if "fingerprint" in vector:
        return Range(lower, upper, bytes.fromhex(vector["fingerprint"]))
    return Range(lower, upper, None, tuple(map(bytes.fromhex, vector["ids"])))


@of_kind("varint")
def test_varint(vector: Vector) -> None:
    data = raw(vector)
    if vector["expect"] != "ok":
        with refused(vector):
            decode_varint(data, 0)
        return
    number = int(vector["number"])
    assert encode_varint(number) == data
    assert varint_bytes(number) == len(data)
    assert decode_varint(data, 0) == (number, len(data))
    assert decode_varint(b"\x80" + data + b"\xff", 1) == (number, len(data) + 1)


@of_kind("fingerprint")
def test_fingerprint(vector: Vector) -> None:
    rows = listed(vector["set"]) if "set" in vector else [(h, bytes.fromhex(i)) for h, i in vector["records"]]
    records = Records(rows)
    wanted = bytes.fromhex(vector["fingerprint"])
    assert records.fingerprint(START, INFINITY) == wanted
    assert records.fingerprint_of_ranks(0, len(rows)) == wanted
    assert Records(reversed(rows)).part(START, INFINITY).fingerprint(START, INFINITY) == wanted


@of_kind("message")
def test_message(vector: Vector) -> None:
    data = raw(vector)
    if vector["expect"] != "ok":
        with refused(vector):
            list(decode(data))
        return
    ranges = list(map(told, vector["ranges"]))
    assert list(decode(data)) == ranges
    writer = Writer()
    for range in ranges:
        writer.say(range)
    assert list(decode(writer.message())) == ranges
    if ranges:  # else only skips were said, which we leave out
        assert writer.message() == data


@of_kind("answer")
def test_answer(vector: Vector) -> None:
    responder = Responder(Records(listed(vector["set"])))
    if vector["expect"] != "ok":
        with refused(vector):
            responder.hear(raw(vector))
        return
    assert responder.hear(raw(vector)).hex() == vector["answer"]


@of_kind("conversation")
def test_conversation(vector: Vector) -> None:
    talk = reconcile(Records(listed(vector["initiator"])), Records(listed(vector["responder"])))
    assert [message.hex() for message in talk.messages] == vector["messages"]
    assert [id.hex() for id in sorted(talk.has)] == vector["has"]
    assert [id.hex() for id in sorted(talk.needs)] == vector["needs"]
    assert talk.settled


def test_the_vectors_cross_every_clause_of_a_message() -> None:
    refused = {vector["expect"] for vector in VECTORS} - {"ok"}
    assert refused == {"1.3", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7"}
