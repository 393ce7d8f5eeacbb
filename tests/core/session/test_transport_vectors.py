"""The vectors of docs/spec/transport.md, made and checked."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.session.session_kit import open_frame
from satchel.core.crypto.aead import Suite
from satchel.core.crypto.kdf import derive
from satchel.core.session.flight import Dialler, Recognised, check_flight
from satchel.core.session.frames import FULL_FRAME_BYTES, HEADER_BYTES, Kind, Opener, Sealer
from satchel.core.session.handshake import Initiator, Purpose, Responder, SessionKeys
from satchel.core.session.padding import tail_sizes
from satchel.core.session.resumption import ResumptionKeys, SecretKey
from satchel.core.wire.padme import padme
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/transport.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def raw(vector: Vector, *names: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(vector[name]) for name in names)


def check_keys(vector: Vector, *, initiators: SessionKeys, responders: SessionKeys) -> None:
    there, back, session_hash, again, stripe = raw(
        vector, "initiator_secret", "responder_secret", "session_hash", "resumption_secret", "stripe_secret"
    )
    assert initiators == SessionKeys(
        send=there,
        receive=back,
        session_hash=session_hash,
        resumption_secret=again,
        stripe_secret=stripe,
    )
    assert responders == replace(initiators, send=back, receive=there)


@of_kind("handshake")
def test_handshake(vector: Vector) -> None:
    purpose, (psk, bound) = Purpose[vector["purpose"]], raw(vector, "psk", "bound")
    here_e, there_e, seed = raw(vector, "initiator_ephemeral", "responder_ephemeral", "kem_seed")
    here = Initiator(psk, purpose=purpose, ephemeral=here_e, kem_seed=seed, bound=bound)
    assert here.message_1.hex() == vector["message_1"]
    there = Responder(psk, purpose=purpose, ephemeral=there_e, bound=bound)
    there.hear(here.message_1)
    kem_secret, ciphertext = raw(vector, "kem_secret", "ciphertext")
    message_2, theirs = there.answer(kem_secret=kem_secret, ciphertext=ciphertext)
    assert message_2.hex() == vector["message_2"]
    check_keys(vector, initiators=here.finish(message_2), responders=theirs)


@of_kind("first_message")
def test_first_message(vector: Vector) -> None:
    psk, bound, ephemeral, message_1 = raw(vector, "psk", "bound", "responder_ephemeral", "message_1")
    there = Responder(psk, purpose=Purpose[vector["purpose"]], ephemeral=ephemeral, bound=bound)
    if vector["expect"] == "ok":
        assert there.hear(message_1) == b""
        return
    clause = rf"^transport {vector['expect']}:"
    with pytest.raises(PeerError, match=clause):
        there.hear(message_1)


@of_kind("second_message")
def test_second_message(vector: Vector) -> None:
    psk, bound, ephemeral, message_2 = raw(vector, "psk", "bound", "initiator_ephemeral", "message_2")
    here = Initiator(psk, purpose=Purpose[vector["purpose"]], ephemeral=ephemeral, bound=bound)
    if vector["expect"] == "ok":
        here.finish(message_2)
        return
    clause = rf"^transport {vector['expect']}:"
    with pytest.raises(PeerError, match=clause):
        here.finish(message_2)


@of_kind("resumption_keys")
def test_resumption_keys(vector: Vector) -> None:
    secret, sender_slot, receiver_slot, open_key, psk = raw(
        vector, "secret", "sender_slot", "receiver_slot", "open", "psk"
    )
    assert ResumptionKeys.of(secret) == ResumptionKeys(sender_slot=sender_slot, receiver_slot=receiver_slot)
    key = SecretKey.of(secret)
    assert (key.open, key.psk) == (open_key, psk)


@of_kind("resumption")
def test_resumption(vector: Vector) -> None:
    secret, address, fill, ephemeral = raw(vector, "secret", "address", "flight_fill", "initiator_ephemeral")
    key = SecretKey.of(secret)
    here = Dialler(key, address=address, port=vector["port"], ephemeral=ephemeral, fill=fill)
    assert here.flight.hex() == vector["flight"]
    answer_fill, there_e = raw(vector, "answer_fill", "responder_ephemeral")
    recognised = recognise(vector, here.flight, [secret])
    assert recognised is not None
    answer, theirs = recognised.accept(ephemeral=there_e, fill=answer_fill)
    assert answer.hex() == vector["answer"]
    check_keys(vector, initiators=here.finish(answer), responders=theirs)


@of_kind("stripe")
def test_stripe(vector: Vector) -> None:
    """A further pipe: flight, answer, and the first frame of each direction, without a Hello."""
    secret, address, fill, ephemeral = raw(vector, "secret", "address", "flight_fill", "initiator_ephemeral")
    assert derive(secret, b"satchel stripe open receiver 1").hex() == vector["open"]
    assert derive(secret, b"satchel stripe psk receiver 1").hex() == vector["psk"]
    key = SecretKey.of(secret, Purpose.STRIPE)
    here = Dialler(key, address=address, port=vector["port"], ephemeral=ephemeral, fill=fill)
    assert here.flight.hex() == vector["flight"]
    recognised = recognise(vector, here.flight, [secret], Purpose.STRIPE)
    assert recognised is not None
    answer_fill, there_e = raw(vector, "answer_fill", "responder_ephemeral")
    answer, theirs = recognised.accept(ephemeral=there_e, fill=answer_fill)
    assert answer.hex() == vector["answer"]
    ours = here.finish(answer)
    there, back, session_hash = raw(vector, "initiator_secret", "responder_secret", "session_hash")
    assert (ours.send, ours.receive, ours.session_hash) == (there, back, session_hash)
    assert (theirs.send, theirs.receive, theirs.session_hash) == (back, there, session_hash)
    suite = Suite[vector["suite"]]
    first = Sealer(there, suite).padding(256)
    assert first.hex() == vector["first_frame"]
    assert open_frame(Opener(theirs.receive, suite), first) == (Kind.PADDING, b"")
    [body] = raw(vector, "body")
    bulk = seal(Sealer(back, suite), Kind.BULK, body, 4096)
    assert hashlib.sha256(bulk).hexdigest() == vector["bulk_sha256"]
    assert open_frame(Opener(ours.receive, suite), bulk) == (Kind.BULK, body)


def recognise(
    vector: Vector, flight: bytes, secrets: Sequence[bytes], purpose: Purpose = Purpose.RESUMPTION
) -> Recognised[SecretKey] | None:
    [address] = raw(vector, "own_address")
    port = vector["own_port"]
    keys = [SecretKey.of(secret, purpose) for secret in secrets]
    return check_flight(flight, keys=keys, address=address, port=port)


@of_kind("flight")
def test_flight(vector: Vector) -> None:
    [flight] = raw(vector, "flight")
    secrets = [bytes.fromhex(secret) for secret in vector["secrets"]]
    purpose = Purpose[vector.get("purpose", "RESUMPTION")]
    if vector["expect"] == "3.4 length":
        with pytest.raises(PeerError, match=r"^transport 3\.4:"):
            recognise(vector, flight, secrets, purpose)
        return
    recognised = recognise(vector, flight, secrets, purpose)
    if vector["expect"] == "3.4":
        assert recognised is None
        return
    assert recognised is not None
    if vector["expect"] == "ok":
        recognised.accept(ephemeral=bytes(range(32)), fill=bytes(208))
        return
    with pytest.raises(PeerError, match=r"^transport"):
        recognised.accept(ephemeral=bytes(range(32)), fill=bytes(208))


@of_kind("frames")
def test_frames(vector: Vector) -> None:
    [secret] = raw(vector, "secret")
    sealer, opener = Sealer(secret), Opener(secret)
    for number, row in enumerate(vector["frames"]):
        if number == 1:
            sealer.agree(Suite[vector["agreed"]])
            opener.agree(Suite[vector["agreed"]])
        body = bytes.fromhex(row["body"]) * row["times"]
        frame = seal(sealer, Kind[row["kind"]], body, row["size"])
        assert len(frame) == row["size"]
        assert row.get("frame", frame.hex()) == frame.hex()
        assert row.get("sha256", hashlib.sha256(frame).hexdigest()) == hashlib.sha256(frame).hexdigest()
        assert open_frame(opener, frame) == (Kind[row["kind"]], body)


def seal(sealer: Sealer, kind: Kind, body: bytes, size: int) -> bytes:
    match kind:
        case Kind.CONTROL:
            return sealer.control(body)
        case Kind.PADDING:
            return sealer.padding(size)
        case Kind.BULK:
            plain = bytearray(HEADER_BYTES) + body + bytearray(size)
            return bytes(sealer.bulk_into(plain, len(body), size, bytearray(size)))


@of_kind("first_frame")
def test_first_frame(vector: Vector) -> None:
    secret, frame = raw(vector, "secret", "frame")
    opener = Opener(secret, Suite[vector["suite"]] if "suite" in vector else None)
    if vector["expect"] == "ok":
        open_frame(opener, frame)
        return
    clause = rf"^transport {vector['expect']}:"
    with pytest.raises(PeerError, match=clause):
        open_frame(opener, frame)


@of_kind("padme")
def test_padme(vector: Vector) -> None:
    assert padme(vector["length"]) == vector["padded"]


@of_kind("tail")
def test_tail(vector: Vector) -> None:
    frame_bytes = vector.get("frame_bytes", FULL_FRAME_BYTES)
    assert list(tail_sizes(vector["bytes_sent"], vector["body_length"], frame_bytes)) == vector["sizes"]


def test_every_vector_is_used_and_named_once() -> None:
    kinds = {
        "handshake", "first_message", "second_message", "resumption_keys",
        "resumption", "stripe", "flight", "frames", "first_frame", "padme", "tail",
    }  # fmt: skip
    assert {vector["kind"] for vector in VECTORS} == kinds
    names = [(vector["kind"], vector["name"]) for vector in VECTORS]
    assert len(names) == len(set(names))
    judged = [vector for vector in VECTORS if "expect" in vector]
    assert sum(vector["expect"] != "ok" for vector in judged) > len(judged) / 2
