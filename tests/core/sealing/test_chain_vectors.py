"""The vectors of docs/spec/chain.md: computed by another HKDF (chain.vectors.json)."""

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.core.identity.clocks import Reading
from satchel.core.sealing.chain import Entry, Place, Speaking
from satchel.core.sealing.listening import Change, Listening
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/chain.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def place(vector: Vector) -> Place:
    return Place(number=vector["number"], secret=bytes.fromhex(vector["secret"]))


def spelled(entry: Entry) -> Vector:
    return {"number": entry.number, "tag": entry.tag.hex(), "key": entry.key.hex()}


@of_kind("step")
def test_step(vector: Vector) -> None:
    here = begin = place(vector)
    for expected in vector["entries"]:
        entry, here = here.step()
        assert spelled(entry) == expected
    assert here.secret.hex() == vector["behind"]
    assert begin.at(here.number) == here
    assert begin.tags(here.number) == ([bytes.fromhex(one["tag"]) for one in vector["entries"]], here)


@of_kind("writer")
def test_writer(vector: Vector) -> None:
    speaking = Speaking(place=place(vector))
    for step in vector["steps"]:
        if "expect" in step:
            with pytest.raises(PeerError, match=rf"^chain {step['expect']}:"):
                speaking.told(step["number"])
            continue
        match step["do"]:
            case "take":
                entry, speaking = speaking.take()
                assert spelled(entry) == {key: step[key] for key in ("number", "tag", "key")}
            case "told":
                speaking = speaking.told(step["number"])
            case "opened":
                speaking = speaking.opened(step["number"])
            case word:
                assert word == "restored"
                speaking = speaking.restored()
        assert speaking.room == step["room"]


@of_kind("reader")
def test_reader(vector: Vector) -> None:
    listening = Listening(place=place(vector))
    for step in vector["steps"]:
        if "expect" in step:
            with pytest.raises(PeerError, match=rf"^chain {step['expect']}:"):
                done(listening, step)
            continue
        change = done(listening, step)
        if "none" in step:
            assert change is None
            continue
        assert change is not None
        assert [entry.number for entry in change.added] == [n for span in step["added"] for n in range(*span)]
        assert [[numbers.start, numbers.stop] for numbers in change.erased] == step["erased"]
        listening = change.listening
        assert listening.highest == step["highest"]
        assert listening.place.secret.hex() == step["secret"]


def done(listening: Listening, step: Vector) -> Change | None:
    now = Reading(time_s=step["now_s"], plausible=step["plausible"])
    match step["do"]:
        case "opened":
            return listening.opened(step["number"], now)
        case "reach":
            return listening.reach(step["number"], now)
        case word:
            assert word == "settle"
            return listening.settle(now)


def test_the_vectors_cross_every_clause_that_refuses() -> None:
    steps = [step for vector in VECTORS for step in vector.get("steps", ())]
    assert {step["expect"] for step in steps if "expect" in step} == {"3.5", "4.6"}
