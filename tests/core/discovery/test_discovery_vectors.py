"""The vectors of docs/spec/discovery.md, made and checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.core.crypto.kdf import MacKey
from satchel.core.discovery.beacon import RANDOM_BYTES, Beacon, Dial, Mode
from satchel.core.discovery.datagram import draw_datagram, recognise_contact, slot
from satchel.core.discovery.hearing import Budget
from satchel.core.discovery.people import People
from satchel.core.identity.clocks import Clocks, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Chain, Epochs, Use
from satchel.core.identity.networks import network_id
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Mark, Tags
from satchel.errors import MisuseError, PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/discovery.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]
CONTACT = ContactId(b"contact".ljust(16))


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def raw(vector: Vector, *names: str) -> dict[str, bytes]:
    return {name: bytes.fromhex(vector[name]) for name in names}


def mark(key: str, hour: int) -> Mark:
    return Mark(CONTACT, 0, hour.to_bytes(4, "big"), MacKey(bytes.fromhex(key)))


def tags(vector: Vector) -> Tags:
    listening = Chain(epoch=vector["first"], secret=bytes.fromhex(vector["listening"]))
    speaking = Chain(epoch=vector["first"], secret=bytes(32))
    agreed, previous = vector["agreed"], vector.get("previous")
    epochs = Epochs(agreed=agreed, previous=previous, speaking=speaking, listening=listening)
    known = Tags()
    known.put(CONTACT, epochs, offset_s=vector.get("offset", 0))
    return known


@of_kind("chain")
def test_chain(vector: Vector) -> None:
    chain = Chain(epoch=vector["first"], secret=bytes.fromhex(vector["secret"]))
    if "expect" in vector:
        with pytest.raises(MisuseError):
            chain.at(vector["epoch"])
        return
    there = chain.at(vector["epoch"])
    assert there.secret.hex() == vector["at"]
    assert {use.name.lower(): there.key(use).hex() for use in Use} == {
        name: vector[name] for name in ("tag", "open", "psk")
    }


@of_kind("clock")
def test_clock(vector: Vector) -> None:
    clocks = Clocks(build_s=vector["build"], trusted_s=vector["trusted"], saved_s=vector["saved"])
    reading = clocks.read(clock_s=vector["clock"], since_saved_s=vector["since"])
    assert reading == Reading(time_s=vector["time"], plausible=vector["plausible"])


@of_kind("learn")
def test_learn(vector: Vector) -> None:
    clocks = Clocks(build_s=vector["build"], trusted_s=vector["trusted"])
    reading = Reading(time_s=vector["time"], plausible=vector["plausible"])
    for number, told_s in vector["told"]:
        contact = ContactId(str(number).encode())
        if vector["expect"] != "ok":
            with pytest.raises(PeerError, match=rf"^discovery {vector['expect']}:"):
                clocks.learn(contact, told_s, reading)
            return
        clocks = clocks.learn(contact, told_s, reading)
    assert clocks.trusted_s == vector["trusted_after"]
    assert {contact.decode(): s for contact, s in clocks.offsets_s.items()} == vector["offsets"]


@of_kind("slot")
def test_slot(vector: Vector) -> None:
    made = slot(mark(vector["tag"], vector["hour"]), **raw(vector, "nonce", "source"), port=vector["port"])
    assert made.hex() == vector["slot"]


@of_kind("packet")
def test_packet(vector: Vector) -> None:
    marks = [mark(key, hour) for key, hour in vector["marks"]]
    chance = raw(vector, "nonce", "source", "fill", "places")
    assert draw_datagram(marks, port=vector["port"], **chance).hex() == vector["datagram"]


@of_kind("recognise")
def test_recognise(vector: Vector) -> None:
    known, reading = tags(vector), Reading(time_s=vector["time"], plausible=vector["plausible"])
    datagram, source = raw(vector, "datagram", "source").values()
    near = recognise_contact(datagram, source, known.near(reading))
    wide = recognise_contact(datagram, source, known.wide(reading))
    found = {"near": near, "wide": wide}
    assert [name for name, match in found.items() if match] == (
        [] if vector["expect"] == "none" else [vector["expect"]]
    )
    match = near or wide
    assert (match and match.epoch) == vector["epoch"]


@of_kind("dials")
def test_dials(vector: Vector) -> None:
    people = People(tags=tags(vector), spent=Spent())
    budget = Budget(macs_per_s=1e6)
    reading = Reading(time_s=vector["time"], plausible=True)
    links = [Beacon(people=people, budget=budget, source=bytes(15) + bytes((n,))) for n in range(2)]
    for link in links:
        link.start(Mode.OPEN, port=5000, reading=reading, now_s=0.0, chance=bytes(RANDOM_BYTES))
    packets, source = [bytes.fromhex(packet) for packet in vector["packets"]], bytes.fromhex(vector["source"])
    for at_s, number, link, dialled in vector["heard"]:
        effects = links[link].hear(packets[number], source, reading=reading, now_s=at_s)
        port = int.from_bytes(packets[number][16:18], "big")
        epochs = (reading.time_s // 86_400,)
        expected = [Dial(contact=CONTACT, address=source, port=port, epochs=epochs)] if dialled else []
        assert [effect for effect in effects if isinstance(effect, Dial)] == expected, at_s


@of_kind("network")
def test_network(vector: Vector) -> None:
    salt, gateway, subnet = raw(vector, "salt", "mac", "subnet").values()
    found = network_id(salt=salt, gateway_mac=gateway, subnet=subnet, prefix_bits=vector["bits"])
    assert found.hex() == vector["id"]


def test_every_vector_is_used_and_named_once() -> None:
    kinds = {"chain", "clock", "learn", "slot", "packet", "recognise", "dials", "network"}
    assert {vector["kind"] for vector in VECTORS} == kinds
    names = [(vector["kind"], vector["name"]) for vector in VECTORS]
    assert len(names) == len(set(names))
