"""The vectors of docs/spec/code-and-rendezvous.md, made and checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.core.discovery.datagram import FILL_BYTES, SlotKey, SlotKind, draw_datagram, recognise, slot
from satchel.core.discovery.rendezvous import RANDOM_BYTES, Dial, Rendezvous
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import code_generator
from satchel.core.pairing.host import Answer, Drain, Effect, Host, Matched, State
from satchel.core.pairing.typist import Call, Typist
from satchel.errors import MisuseError, PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/code-and-rendezvous.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def raw(vector: Vector, *names: str) -> dict[str, bytes]:
    return {name: bytes.fromhex(vector[name]) for name in names}


@of_kind("code_drawn")
def test_code_drawn(vector: Vector) -> None:
    code = SpokenCode.from_random(bytes.fromhex(vector["draw"]))
    assert code == SpokenCode(vector["channel"], tuple(vector["words"]))
    assert code.spoken() == vector["spoken"]
    assert code.password().hex() == vector["password"]
    assert code.rendezvous_key().hex() == vector["rendezvous_key"]


@of_kind("code_typed")
def test_code_typed(vector: Vector) -> None:
    if vector["expect"] != "ok":
        with pytest.raises(MisuseError):
            SpokenCode.parse(vector["typed"])
        return
    assert SpokenCode.parse(vector["typed"]) == SpokenCode(vector["channel"], tuple(vector["words"]))


@of_kind("datagram")
def test_datagram(vector: Vector) -> None:
    keys = [SlotKey(kind=SlotKind[key["kind"]], key=bytes.fromhex(key["key"])) for key in vector["slots"]]
    chance = raw(vector, "nonce", "source", "fill", "places")
    datagram = draw_datagram(keys, port=vector["port"], **chance)
    assert datagram.hex() == vector["datagram"]
    assert recognise(datagram, chance["source"], keys) == keys


@of_kind("recognise")
def test_recognise(vector: Vector) -> None:
    key = SlotKey(kind=SlotKind[vector["slot_kind"]], key=bytes.fromhex(vector["key"]))
    datagram, source = raw(vector, "datagram", "source").values()
    if vector["expect"] == "3.1":
        with pytest.raises(PeerError, match=r"^code-and-rendezvous 3\.1:"):
            recognise(datagram, source, [key])
        return
    assert recognise(datagram, source, [key]) == ([key] if vector["expect"] == "ok" else [])


@of_kind("typist_dials")
def test_typist_dials(vector: Vector) -> None:
    key = SlotKey(kind=SlotKind[vector["slot_kind"]], key=bytes.fromhex(vector["key"]))
    rendezvous = Rendezvous(source=bytes(15) + b"\x01", port=0, shown=[key], sought=[key])
    rendezvous.start(0.0, bytes(RANDOM_BYTES))
    for at_s, address, port, dialled in vector["heard"]:
        source, nonce = bytes.fromhex(address), bytes(16)
        filled = bytes(FILL_BYTES - 8)  # by hand: we draw none with a port below 1024
        datagram = nonce + port.to_bytes(2, "big") + slot(key, nonce=nonce, port=port, source=source) + filled
        effects = rendezvous.hear(datagram, source, at_s)
        assert effects == ([Dial(address=source, port=port, key=key)] if dialled else []), at_s


def host_hears(vector: Vector, *, flight: str = "flight") -> tuple[Host, list[Effect]]:
    host = Host(SpokenCode.parse(vector["spoken"]))
    scalar, fill = raw(vector, "host_scalar", "host_fill").values()
    heard, address = raw(vector, flight, "address").values()
    effects = host.hear_flight(
        heard, address=address, port=vector["port"], scalar=scalar, fill=fill, now_s=0.0
    )
    return host, effects


def call(vector: Vector) -> Call:
    scalar, fill = raw(vector, "typist_scalar", "typist_fill").values()
    typist = Typist(SpokenCode.parse(vector["spoken"]))
    return typist.call(
        address=bytes.fromhex(vector["address"]), port=vector["port"], scalar=scalar, fill=fill
    )


@of_kind("exchange")
def test_exchange(vector: Vector) -> None:
    attempt = call(vector)
    assert attempt.flight.hex() == vector["first_flight"]
    assert code_generator(SpokenCode.parse(vector["spoken"])).hex() == vector["generator"]
    host, effects = host_hears(vector, flight="first_flight")
    [answer] = [effect.flight for effect in effects if isinstance(effect, Answer)]
    assert answer.hex() == vector["answer"]
    confirm = attempt.hear_answer(answer)
    assert confirm.confirmation.hex() == vector["typist_confirmation"]
    assert confirm.psk.hex() == vector["psk"]
    [matched] = host.hear_confirmation(confirm.confirmation, 1.0)
    assert isinstance(matched, Matched)
    assert matched.psk.hex() == vector["psk"]
    assert matched.confirmation.hex() == vector["host_confirmation"]
    assert attempt.hear_confirmation(matched.confirmation)


@of_kind("host_hears")
def test_host_hears(vector: Vector) -> None:
    host, effects = host_hears(vector)
    if vector["expect"] == "ok":
        assert host.state is State.ANSWERED
    else:
        assert effects == [Drain()]
        assert host.state is State.OPEN


@of_kind("host_confirms")
def test_host_confirms(vector: Vector) -> None:
    host, _ = host_hears(vector)
    effects = host.hear_confirmation(bytes.fromhex(vector["confirmation"]), 1.0)
    if vector["expect"] != "ok":
        assert effects == [Drain()]
        return
    psk, confirmation = raw(vector, "psk", "host_confirmation").values()
    assert effects == [Matched(psk=psk, confirmation=confirmation)]


@of_kind("typist_hears")
def test_typist_hears(vector: Vector) -> None:
    attempt = call(vector)
    answer, confirmation = raw(vector, "answer", "confirmation").values()
    if vector["expect"] in ("5.2", "5.4"):
        clause = r"^code-and-rendezvous 5\.4:" if vector["expect"] == "5.4" else "."
        with pytest.raises(PeerError, match=clause):
            attempt.hear_answer(answer)
        return
    attempt.hear_answer(answer)
    assert attempt.hear_confirmation(confirmation) is (vector["expect"] == "ok")


def test_every_vector_is_used_and_named_once() -> None:
    kinds = {
        "code_drawn", "code_typed", "datagram", "recognise",
        "exchange", "host_hears", "host_confirms", "typist_hears", "typist_dials",
    }  # fmt: skip
    assert {vector["kind"] for vector in VECTORS} == kinds
    names = [(vector["kind"], vector["name"]) for vector in VECTORS]
    assert len(names) == len(set(names))
    failures = sum(vector.get("expect", "ok") != "ok" for vector in VECTORS)
    assert failures > len(VECTORS) / 2
