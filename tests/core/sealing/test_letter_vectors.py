"""The vectors of docs/spec/letter.md: letter.vectors.json, written by another CBOR library."""

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.core.crypto.kdf import digest
from satchel.core.sealing.letter import (
    Attachment,
    Letter,
    LetterId,
    UnreadableError,
    decode_letter,
    encode_letter,
)
from satchel.core.sealing.parts import Part, decode_part, encode_part, join, split
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/letter.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]
h = bytes.fromhex


def octets(spelled: str | list[tuple[str, int]]) -> bytes:
    return h(spelled) if isinstance(spelled, str) else b"".join(h(part) * times for part, times in spelled)


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def clause(expect: str) -> str:
    return rf"^{expect}\b" if expect[0].isalpha() else rf"^letter {expect}:"


@of_kind("part")
def test_part(vector: Vector) -> None:
    content = octets(vector["content"])
    if vector["expect"] != "ok":
        with pytest.raises(UnreadableError, match=clause(vector["expect"])):
            decode_part(content)
        return
    part = decode_part(content)
    assert part == Part(
        letter_id=LetterId(h(vector["letter_id"])),
        size_bytes=vector["size_bytes"],
        index=vector["index"],
        piece=octets(vector["piece"]),
    )
    assert encode_part(part) == content


@of_kind("letter")
def test_letter(vector: Vector) -> None:
    body = octets(vector["body"])
    if vector["expect"] != "ok":
        with pytest.raises(UnreadableError, match=clause(vector["expect"])) as raised:
            decode_letter(body)
        assert isinstance(raised.value, PeerError)
        assert "kept" in raised.value.safe
        return
    letter = decode_letter(body)
    text = vector["text"]
    assert letter == Letter(
        order=vector["order"],
        text=text if isinstance(text, str) else octets(text).decode(),
        written_s=vector.get("written_s"),
        reply_to=LetterId(h(vector["reply_to"])) if "reply_to" in vector else None,
        expiry_hour=vector.get("expiry_hour"),
        attachments=tuple(Attachment(name=h(n), content=h(c)) for n, c in vector.get("attachments", ())),
    )
    assert encode_letter(letter) == body


@of_kind("split")
def test_split(vector: Vector) -> None:
    body = bytes(number % 251 for number in range(vector["size"]))
    parts = split(LetterId(h(vector["letter_id"])), body)
    contents = [encode_part(part) for part in parts]
    assert [len(content) for content in contents] == vector["lengths"]
    assert digest(b"".join(contents)).hex() == vector["digest"]
    assert join([decode_part(content).piece for content in contents], len(body)) == body


def test_the_vectors_cross_every_clause_that_refuses() -> None:
    expected = {str(vector.get("expect", "ok")) for vector in VECTORS}
    assert {one for one in expected if one[0].isdigit()} == {"2.1", "2.2", "2.3", "3.1", "3.4", "3.5"}
