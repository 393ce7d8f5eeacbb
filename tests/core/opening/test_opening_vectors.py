"""The vectors of docs/spec/session.md on messages and rivals, and what holds for any bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.opening.codec import (
    CLOCK_S_MAX,
    COUNTER_MAX,
    EPOCH_MAX,
    MESSAGE_BYTES_MAX,
    SPEAKS_MAX,
    decode,
    encode,
)
from satchel.core.opening.messages import Bye, Hello, Message, Stored
from satchel.core.opening.rivals import Rivals
from satchel.core.session.frames import CONTROL_SIZES, control_size
from satchel.core.wire import cbor
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/session.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]

EPOCHS = st.integers(0, EPOCH_MAX)
COUNTERS = st.integers(0, COUNTER_MAX)
HELLOS = st.builds(
    Hello,
    agreed=st.integers(0, EPOCH_MAX // 2),
    used=st.integers(EPOCH_MAX // 2, EPOCH_MAX),
    counter=st.integers(1, COUNTER_MAX),
    heard=COUNTERS,
    clock_s=st.integers(0, CLOCK_S_MAX),
    plausible=st.booleans(),
    aes=st.booleans(),
    speaks=st.integers(1, SPEAKS_MAX),
    beside=st.none() | st.binary(min_size=32, max_size=32),
)


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


@of_kind("message")
def test_message(vector: Vector) -> None:
    body = bytes.fromhex(vector["bytes"])
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=rf"^session {vector['expect']}:"):
            decode(body)
        return
    assert encode(decode(body)) == body


@of_kind("rivals")
def test_rivals(vector: Vector) -> None:
    first, second = vector["first"], vector["second"]
    names = {bytes.fromhex(first["session_hash"]): "first", bytes.fromhex(second["session_hash"]): "second"}
    rivals = Rivals()
    assert prove(rivals, first) is None
    closed = prove(rivals, second)
    assert closed in names
    assert rivals.current is not None
    assert names[rivals.current] == vector["stays"]
    assert rivals.current != closed


def prove(rivals: Rivals, session: Vector) -> bytes | None:
    """Returns what is closed."""
    session_hash = bytes.fromhex(session["session_hash"])
    beside = session["their_beside"] and bytes.fromhex(session["their_beside"])
    if session["their_hello"]:
        return rivals.was_dialled(session_hash, beside).close
    return rivals.dialled(session_hash).close


@given(HELLOS | st.builds(Stored, agreed=EPOCHS) | st.just(Bye()))
def test_w3_every_message_fits_the_smallest_frame(message: Message) -> None:
    body = encode(message)
    assert decode(body) == message
    assert control_size(len(body)) == CONTROL_SIZES[0]


@given(st.binary(max_size=MESSAGE_BYTES_MAX + 8))
def test_any_bytes_are_a_message_or_a_peer_error(body: bytes) -> None:
    try:
        message = decode(body)
    except PeerError:
        return
    assert encode(message) == body


VALUES = st.integers(-5, COUNTER_MAX + 5) | st.booleans() | st.binary(max_size=34) | st.none()


@given(st.dictionaries(st.integers(0, 11), VALUES), st.sampled_from([1, 2, 3]))
def test_any_map_is_a_message_or_a_peer_error(fields: dict[int, cbor.Value], kind: int) -> None:
    body = cbor.encode(fields | {0: kind})
    try:
        message = decode(body)
    except PeerError:
        return
    assert encode(message) == body
