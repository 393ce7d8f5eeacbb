"""The vectors of docs/spec/session.md on keys, epochs and flights, made and checked."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.session.contact_kit import CONTACT
from satchel.core.crypto.curve import x25519_public
from satchel.core.identity.epochs import Chain, Epochs, Use
from satchel.core.session.contact import (
    ContactKey,
    MeetingKeys,
    dialled_epochs,
    dialling_key,
    heard_epochs,
    listening_keys,
)
from satchel.core.session.flight import Dialler, Recognised, check_flight
from satchel.core.session.handshake import Statics
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/session.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def raw(vector: Vector, *names: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(vector[name]) for name in names)


def chain(vector: Vector) -> Chain:
    return Chain(epoch=vector["chain_epoch"], secret=bytes.fromhex(vector.get("chain", "00" * 32)))


def epochs(vector: Vector, tried: Sequence[int] = (20_800,)) -> Epochs:
    """Both directions are the same here: each vector is about one."""
    agreed, previous = (*tried, None)[:2]
    assert agreed is not None
    return Epochs(agreed=agreed, previous=previous, speaking=chain(vector), listening=chain(vector))


@of_kind("keys")
def test_keys(vector: Vector) -> None:
    there = chain(vector).at(vector["epoch"])
    assert (there.key(Use.OPEN), there.key(Use.PSK)) == raw(vector, "open", "psk")


@of_kind("dialled")
def test_dialled(vector: Vector) -> None:
    found = dialled_epochs(epochs(vector, vector["tried"]), day=vector["day"])
    assert list(found) == vector["epochs"]


@of_kind("heard")
def test_heard(vector: Vector) -> None:
    found = heard_epochs(
        epochs(vector, vector["tried"]), hour=vector["hour"], ahead_hours=vector["ahead_hours"]
    )
    assert sorted(found) == vector["epochs"]
    assert found[0] == max(found[0], vector["tried"][0])  # the likeliest


def callers(vector: Vector) -> MeetingKeys:
    own, other = raw(vector, "callers_static", "listeners_static")
    return MeetingKeys(statics=Statics(own=own, theirs=x25519_public(other)), epochs=epochs(vector))


def listeners(vector: Vector) -> MeetingKeys:
    own, other = raw(vector, "listeners_static", "callers_static")
    return MeetingKeys(statics=Statics(own=own, theirs=x25519_public(other)), epochs=epochs(vector))


def recognise(vector: Vector, flight: bytes, tried: Sequence[int]) -> Recognised[ContactKey] | None:
    [address] = raw(vector, "own_address")
    keys = listening_keys(CONTACT, listeners(vector), tried)
    return check_flight(flight, keys=keys, address=address, port=vector["own_port"])


@of_kind("session")
def test_session(vector: Vector) -> None:
    address, e, fill, there_e, answer_fill = raw(
        vector, "address", "initiator_ephemeral", "flight_fill", "responder_ephemeral", "answer_fill"
    )
    key = dialling_key(callers(vector), vector["epoch"])
    here = Dialler(key, address=address, port=vector["port"], ephemeral=e, fill=fill)
    assert here.flight.hex() == vector["flight"]
    recognised = recognise(vector, here.flight, [vector["epoch"]])
    assert recognised is not None
    answer, theirs = recognised.accept(ephemeral=there_e, fill=answer_fill)
    assert answer.hex() == vector["answer"]
    ours = here.finish(answer)
    assert theirs == replace(ours, send=ours.receive, receive=ours.send)
    expected = raw(vector, "initiator_secret", "responder_secret", "session_hash", "stripe_secret")
    assert (ours.send, ours.receive, ours.session_hash, ours.stripe_secret) == expected


@of_kind("flight")
def test_flight(vector: Vector) -> None:
    [flight] = raw(vector, "flight")
    recognised = recognise(vector, flight, vector["epochs"])
    if vector["expect"] == "3.4 unknown":
        assert recognised is None
        return
    assert recognised is not None
    if vector["expect"] == "ok":
        recognised.accept(ephemeral=bytes(range(32)), fill=bytes(208))
        return
    assert vector["expect"] == "3.4"
    with pytest.raises(PeerError, match=r"^transport 2\.2:"):
        recognised.accept(ephemeral=bytes(range(32)), fill=bytes(208))


def test_every_vector_is_used_and_named_once() -> None:
    kinds = {"keys", "dialled", "heard", "session", "flight", "message", "rivals"}
    assert {vector["kind"] for vector in VECTORS} == kinds
    names = [(vector["kind"], vector["name"]) for vector in VECTORS]
    assert len(names) == len(set(names))
    judged = [vector for vector in VECTORS if "expect" in vector]
    assert sum(vector["expect"] != "ok" for vector in judged) > len(judged) / 2
