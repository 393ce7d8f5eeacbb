"""The vectors of docs/spec/handover.md, in handover.vectors.json: messages, paths, streams, conversations."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from satchel.core.blobs.chunks import CHUNK_BYTES, hash_chunk, root
from satchel.core.blobs.incoming import Finish, PutWhole, ReadBack, Write
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode, encode
from satchel.core.handover.effects import AskPerson, Effect
from satchel.core.handover.receiving import Receiver
from satchel.core.handover.sending import Sender
from satchel.core.session.frames import BULK_BODY_MAX
from satchel.core.wire.paths import refusal
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/handover.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]
LONGEST_BYTES = 2 * CHUNK_BYTES  # of the files whose content matters


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def raw(value: str | list[tuple[str, int]]) -> bytes:
    """Hex, or pairs of hex and how often it stands there."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    return b"".join(bytes.fromhex(part) * times for part, times in value)


def refused(vector: Vector) -> Any:
    clause = str(vector["expect"])
    page = clause if clause.startswith("encoding ") else f"handover {clause}"
    return pytest.raises(PeerError, match=rf"^{page}:")


def offered(sizes: Sequence[int | None]) -> tuple[m.Entry, ...]:
    return tuple(
        m.Entry(
            path=(b"%d" % number,),
            kind=m.EntryKind.FOLDER if size is None else m.EntryKind.FILE,
            size=size or 0,
            mtime_ns=0,
            executable=False,
        )
        for number, size in enumerate(sizes)
    )


@of_kind("message")
def test_message(vector: Vector) -> None:
    body = raw(vector["bytes"])
    if vector["expect"] != "ok":
        with refused(vector):
            decode(body)
        return
    message = decode(body)
    assert type(message).__name__ == vector["says"]
    assert encode(message) == body


@of_kind("path")
def test_path(vector: Vector) -> None:
    """M4: what the rule says and what the codec lets in are the same."""
    path = tuple(raw(name) for name in vector["path"])
    assert (refusal(path) is None) is (vector["expect"] == "ok")
    entry = m.Entry(path=path, kind=m.EntryKind.FILE, size=0, mtime_ns=0, executable=False)
    body = encode(m.Offer(first=0, entries=(entry,), last=True))
    if vector["expect"] == "ok":
        assert encode(decode(body)) == body
        return
    with refused(vector):
        decode(body)


@of_kind("root")
def test_root(vector: Vector) -> None:
    content = raw(vector["content"])
    hashes = [hash_chunk(content[at : at + CHUNK_BYTES]) for at in range(0, len(content), CHUNK_BYTES)]
    assert [one.hex() for one in hashes] == vector["hashes"]
    assert root(len(content), hashes).hex() == vector["root"]


class StreamHeard:
    """A receiver that hears bulk frames, and its disk."""

    def __init__(self, vector: Vector) -> None:
        self.whole: list[int] = []
        self._files: dict[int, bytearray] = {}
        self._receiver = Receiver(aes=False)
        self._receiver.hear(m.Hello(aes=False))
        self._receiver.hear(m.Offer(first=0, entries=offered(vector["files"]), last=True))
        self._receiver.accept(vector["wanted"])
        for number in vector.get("failed", []):
            self._receiver.hear(m.Failed(number=number, failure=m.Failure.CHANGED))

    def hear_all(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            self.hear(frame)

    def hear(self, frame: bytes) -> None:
        assert 1 <= len(frame) <= BULK_BODY_MAX
        for arrival in self._receiver.hear_bulk(memoryview(frame)):
            match arrival:
                case Write(number=number, offset=offset, data=data) if offset < LONGEST_BYTES:
                    file = self._files.setdefault(number, bytearray(LONGEST_BYTES))
                    file[offset : offset + len(data)] = data
                case ReadBack(number=number, offset=offset, length=length):
                    part = memoryview(self._files[number])[offset : offset + length]
                    self._receiver.read_back(arrival, part)
                case Finish(number=number) | PutWhole(number=number):
                    self.whole.append(number)


@of_kind("stream")
def test_stream(vector: Vector) -> None:
    frames = [raw(frame) for frame in vector["frames"]]
    heard = StreamHeard(vector)
    heard.hear_all(frames[:-1])
    if vector["expect"] != "ok":
        with refused(vector):
            heard.hear(frames[-1])
        return
    heard.hear_all(frames[-1:])
    assert heard.whole == vector["whole"]


@pytest.mark.parametrize("seed", range(3))
@of_kind("stream")
def test_frames_of_several_pipes_in_any_order(vector: Vector, seed: int) -> None:
    """What is right stays right, and what is a lie stays one, if not always under the same clause."""
    frames = [raw(frame) for frame in vector["frames"]]
    random.Random(seed).shuffle(frames)
    heard = StreamHeard(vector)
    if vector["expect"] == "ok":
        heard.hear_all(frames)
        assert sorted(heard.whole) == vector["whole"]
        return
    with pytest.raises(PeerError, match=r"^handover 4\.[1-4]:"):
        heard.hear_all(frames)


@of_kind("receiver")
def test_receiver(vector: Vector) -> None:
    receiver = Receiver(aes=False)

    def hear(message: m.Message) -> list[Effect]:
        effects = receiver.hear(message)
        if any(isinstance(effect, AskPerson) for effect in effects):
            effects += receiver.accept(vector["wanted"])
        return effects

    hears = [decode(raw(body)) for body in vector["hears"]]
    for message in hears[:-1]:
        hear(message)
    if vector["expect"] == "ok":
        hear(hears[-1])
        return
    with refused(vector):
        hear(hears[-1])


@of_kind("sender")
def test_sender(vector: Vector) -> None:
    entries = offered(vector["files"])
    if vector["resumed"]:
        sender = Sender.resumed(entries, wanted=range(len(entries)), aes=False)
    else:
        sender = Sender(entries, aes=False)
    hears = [decode(raw(body)) for body in vector["hears"]]
    for message in hears[:-1]:
        sender.hear(message)
    if vector["expect"] == "ok":
        sender.hear(hears[-1])
        return
    with refused(vector):
        sender.hear(hears[-1])


def test_every_vector_is_used_and_named_once() -> None:
    kinds = {"message", "path", "root", "stream", "receiver", "sender"}
    assert {vector["kind"] for vector in VECTORS} == kinds
    names = [(vector["kind"], vector["name"]) for vector in VECTORS]
    assert len(names) == len(set(names))
    judged = [vector for vector in VECTORS if "expect" in vector]
    assert sum(vector["expect"] != "ok" for vector in judged) > len(judged) / 2


def test_every_message_and_every_clause_about_messages_has_a_vector() -> None:
    said = {vector["says"] for vector in VECTORS if vector["kind"] == "message" and vector["expect"] == "ok"}
    assert said == {kind.__name__ for kind in m.Message.__args__}
    refusals = {vector["expect"] for vector in VECTORS if "expect" in vector}
    assert refusals.issuperset({f"2.{kind}" for kind in range(1, 15)})
    assert refusals.issuperset({"1.2", "3.1", "4.1", "4.2", "4.3", "4.4", "5.1"})


def test_every_clause_that_is_cited_is_on_the_page() -> None:
    page = FILE.with_name("handover.md").read_text()
    for clause in {vector["expect"] for vector in VECTORS if "expect" in vector} - {"ok"}:
        assert clause.startswith("encoding ") or f"- {clause} " in page, clause
