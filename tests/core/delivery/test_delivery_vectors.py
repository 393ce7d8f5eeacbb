"""The vectors of docs/spec/delivery.md, and what holds for any bytes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.delivery.codec import MESSAGE_BYTES_MAX, PORT_MAX, decode, encode
from satchel.core.delivery.effects import Effect, Say
from satchel.core.delivery.messages import Beside, Bye, Come, Leave, LeaveReason, Message, Take, Waits
from satchel.core.delivery.turns import Turns
from satchel.core.session.flight import Dialler, check_flight
from satchel.core.session.frames import CONTROL_SIZES, control_size
from satchel.core.session.handshake import Purpose, SessionKeys
from satchel.core.session.resumption import SecretKey
from satchel.core.wire import cbor
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/delivery.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]

IDS = st.binary(min_size=16, max_size=16)
PORTS = st.integers(0, PORT_MAX)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Waits, id=IDS, secret=st.binary(min_size=32, max_size=32), accepted=st.booleans(), port=PORTS),
    st.builds(Take, id=IDS, port=PORTS),
    st.builds(Leave, id=IDS, reason=st.sampled_from(LeaveReason)),
    st.just(Come()),
    st.builds(Beside, secret=st.binary(min_size=32, max_size=32), port=PORTS),
    st.just(Bye()),
)


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def clause(expect: str) -> str:
    return rf"^{expect}\b" if expect[0].isalpha() else rf"^delivery {expect}:"


@of_kind("message")
def test_message(vector: Vector) -> None:
    body = bytes.fromhex(vector["bytes"])
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=clause(vector["expect"])):
            decode(body)
        return
    assert encode(decode(body)) == body


@of_kind("flight")
def test_flight(vector: Vector) -> None:
    """P1, P2: the flight of a secret, its answer, and the keys of the pipe."""
    raw = {name: bytes.fromhex(value) for name, value in vector.items() if is_hex(name, value)}
    key = SecretKey.of(raw["secret"], Purpose[vector["purpose"]])
    assert (key.open, key.psk) == (raw["open"], raw["psk"])
    here = Dialler(
        key,
        address=raw["address"],
        port=vector["port"],
        ephemeral=raw["initiator_ephemeral"],
        fill=raw["flight_fill"],
    )
    assert here.flight == raw["flight"]
    recognised = check_flight(here.flight, keys=[key], address=raw["own_address"], port=vector["own_port"])
    assert recognised is not None
    answer, theirs = recognised.accept(ephemeral=raw["responder_ephemeral"], fill=raw["answer_fill"])
    assert answer == raw["answer"]
    there, back = raw["initiator_secret"], raw["responder_secret"]
    ours = here.finish(answer)
    assert ours == SessionKeys(
        send=there,
        receive=back,
        session_hash=raw["session_hash"],
        resumption_secret=ours.resumption_secret,  # of no use here [4.5]
        stripe_secret=raw["stripe_secret"],
    )
    assert theirs == replace(ours, send=back, receive=there)


def is_hex(name: str, value: object) -> bool:
    return isinstance(value, str) and name not in ("kind", "name", "purpose")


@of_kind("turns")
def test_turns(vector: Vector) -> None:
    turns = Turns(we_dialled=vector["we_dialled"])
    for step in vector["steps"]:
        if "do" in step:
            assert [encode(one).hex() for one in said(do(turns, step))] == step["says"]
        elif step["expect"] == "ok":
            assert not said(turns.hear(decode(bytes.fromhex(step["hear"]))))
        else:
            with pytest.raises(PeerError, match=clause(step["expect"])):
                turns.hear(decode(bytes.fromhex(step["hear"])))


def do(turns: Turns, step: Vector) -> list[Effect]:
    match step["do"]:
        case "offer":
            id, secret = bytes.fromhex(step["id"]), bytes.fromhex(step["secret"])
            return turns.offer(id, secret=secret, accepted=step["accepted"], port=step["port"])
        case "given":
            turns.given()
            return []
        case "take":
            return turns.take(port=step["port"])
        case "leave":
            return turns.leave(LeaveReason(step["reason"]))
        case "received":
            return turns.received()
        case word:
            assert word == "come"
            return turns.come()


def said(effects: list[Effect]) -> list[Message]:
    return [effect.message for effect in effects if isinstance(effect, Say)]


def test_the_vectors_cross_every_clause_that_refuses() -> None:
    steps = [step for vector in VECTORS for step in vector.get("steps", ())]
    refused = {one.get("expect") for one in [*VECTORS, *steps]} - {"ok", None}
    clauses = {
        "2.1",
        "2.2",
        "2.3",
        "2.4",
        "2.5",
        "2.6",
        "3.2",
        "3.4",
        "session 4.8",
        "encoding",
        "custody 6.7",
    }
    assert refused == clauses


@given(MESSAGES)
def test_w3_every_message_fits_the_smallest_frame(message: Message) -> None:
    body = encode(message)
    assert decode(body) == message
    assert len(body) <= MESSAGE_BYTES_MAX
    assert control_size(len(body)) == CONTROL_SIZES[0]


@given(st.binary(max_size=MESSAGE_BYTES_MAX + 8))
def test_any_bytes_are_a_message_or_a_peer_error(body: bytes) -> None:
    try:
        message = decode(body)
    except PeerError:
        return
    assert encode(message) == body


VALUES = st.one_of(
    st.integers(-5, PORT_MAX + 5),
    st.booleans(),
    st.none(),
    st.sampled_from([bytes(16), bytes(32)]),
    st.binary(max_size=34),
    st.text(max_size=17),
    st.lists(st.integers(0, 3), max_size=2),
)


@given(st.dictionaries(st.integers(0, 6), VALUES), st.sampled_from([3, 4, 5, 6, 7]))
def test_any_map_is_a_message_or_a_peer_error(fields: dict[int, cbor.Value], kind: int) -> None:
    body = cbor.encode(fields | {0: kind})
    try:
        message = decode(body)
    except PeerError:
        return
    assert encode(message) == body


def test_w4_a_secret_is_in_no_log() -> None:
    waits = Waits(id=bytes(16), secret=b"\x5a" * 32, accepted=True, port=0)
    assert "ZZ" not in repr(waits)
    assert "5a5a" not in repr(waits)
