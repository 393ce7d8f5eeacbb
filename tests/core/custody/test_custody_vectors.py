"""The vectors of docs/spec/custody.md, and what holds for any bytes."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.tree import ROOT
from core.custody.custody_kit import HOUR
from satchel.core.bundles.header import SIZES_BYTES, BundleId
from satchel.core.bundles.receipt import Receipt, encode_receipt
from satchel.core.custody import copies, limits, policy
from satchel.core.custody.codec import (
    BLOCK_BYTES,
    BLOCKS_MAX,
    FRAME_BYTES_MAX,
    LIST_MAX,
    MESSAGE_BYTES_MAX,
    Unpacking,
    encode,
    pieces,
)
from satchel.core.custody.messages import (
    Answer,
    Ask,
    Await,
    Begin,
    Block,
    Gone,
    Got,
    Message,
    Offer,
    Offered,
    Receipts,
    Skip,
    Want,
    Wanted,
)
from satchel.core.identity.contacts import ContactId
from satchel.core.session.frames import FULL_FRAME_BYTES, OVERHEAD_BYTES
from satchel.core.wire import cbor
from satchel.errors import MisuseError, PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/custody.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text())["vectors"]

IDS = st.builds(BundleId, st.binary(min_size=32, max_size=32))
NUMBERS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5).map(tuple)
COMPARISONS = st.binary(min_size=1, max_size=40)
HOURS = st.integers(0, 2**24 - 1)
RECEIPTS = st.builds(Receipt, preimage=st.binary(min_size=20, max_size=20), expiry_hour=HOURS)
OFFERED = st.builds(Offered, id=IDS, size_class=st.integers(0, len(SIZES_BYTES) - 1), expiry_hour=HOURS)
WANTED = st.builds(Wanted, id=IDS, blocks=st.integers(0, BLOCKS_MAX - 1))


def listed(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(items, min_size=1, max_size=4).map(tuple)


MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Begin, highest=st.integers(0, 2**32 - 1), next=st.integers(1, 2**32)),
    st.builds(Ask, message=COMPARISONS, anew=st.booleans()),
    st.builds(Answer, message=COMPARISONS),
    st.builds(Receipts, receipts=listed(RECEIPTS)),
    st.builds(Offer, bundles=listed(OFFERED), direct=st.booleans()),
    st.builds(Want, bundles=listed(WANTED)),
    st.builds(Await, commitments=listed(st.binary(min_size=20, max_size=20))),
    st.builds(Skip, numbers=NUMBERS),
    st.builds(Gone, numbers=NUMBERS),
    st.builds(Got, numbers=NUMBERS),
    st.builds(
        Block,
        number=st.integers(0, 2**32 - 1),
        place=st.integers(0, BLOCKS_MAX - 1),
        data=st.sampled_from(SIZES_BYTES[:4]).map(bytes),
    ),
)


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def raw(value: Any) -> bytes:
    if isinstance(value, str):
        return bytes.fromhex(value)
    return b"".join(bytes.fromhex(part) * times for part, times in value)


def described(message: Message) -> dict[str, Any]:
    """As in the vectors."""
    match message:
        case Begin():
            return {"begin": {"highest": message.highest, "next": message.next}}
        case Ask():
            return {"ask": {"message": message.message.hex(), "anew": message.anew}}
        case Answer():
            return {"answer": {"message": message.message.hex()}}
        case Receipts():
            return {"receipts": [encode_receipt(one).hex() for one in message.receipts]}
        case Offer():
            bundles = [[one.id.hex(), one.size_class, one.expiry_hour] for one in message.bundles]
            return {"offer": bundles, "direct": message.direct}
        case Want():
            return {"want": [[one.id.hex(), one.blocks] for one in message.bundles]}
        case Await():
            return {"await": [one.hex() for one in message.commitments]}
        case Block():
            return {"block": [message.number, message.place, len(message.data)]}
        case _:
            return {type(message).__name__.lower(): list(message.numbers)}


@of_kind("frame")
def test_frame(vector: Vector) -> None:
    frame, expect = raw(vector["bytes"]), vector["expect"]
    if expect != "ok":
        with pytest.raises(PeerError, match=rf"^{expect if expect[0].isalpha() else 'custody ' + expect}:"):
            list(Unpacking().messages(frame))
        return
    messages, rest = read(frame)
    assert [described(message) for message in messages] == vector["says"]
    assert b"".join(map(encode, messages)) == frame
    assert not rest


@of_kind("frames")
def test_frames(vector: Vector) -> None:
    unpacking = Unpacking()
    says = [[described(one) for one in unpacking.messages(raw(frame))] for frame in vector["frames"]]
    assert says == vector["says"]
    assert unpacking.rest == bytes.fromhex(vector["rest"])


def read(frame: bytes) -> tuple[list[Message], bytes]:
    """What the first frame says, and what goes on in the next."""
    unpacking = Unpacking()
    return list(unpacking.messages(frame)), unpacking.rest


def test_the_vectors_cross_every_clause_that_refuses() -> None:
    refused = {vector.get("expect") for vector in VECTORS} - {"ok", None}
    assert refused == {"7.1", *(f"7.{n}" for n in range(3, 15)), "encoding 1.5"}


@of_kind("copies")
def test_copies(vector: Vector) -> None:
    gave = copies.given(vector["held"], bytes.fromhex(vector["chance"]))
    assert (gave, copies.left(vector["held"], gave)) == (vector["given"], vector["left"])


@of_kind("first")
def test_first_copies(vector: Vector) -> None:
    assert copies.first_copies(bytes.fromhex(vector["chance"])) == vector["copies"]


@of_kind("draw")
def test_draw(vector: Vector) -> None:
    key, id, who = (bytes.fromhex(vector[name]) for name in ("key", "id", "contact"))
    assert copies.draw(key, id, ContactId(who)).hex() == vector["chance"]


@given(st.lists(MESSAGES, max_size=3))
def test_what_is_written_is_read(messages: list[Message]) -> None:
    assert read(b"".join(map(encode, messages))) == (messages, b"")


@given(st.lists(MESSAGES, max_size=3), st.lists(st.integers(1, 70_000), min_size=1, max_size=4))
def test_frames_cut_anywhere_say_the_same(messages: list[Message], lengths: list[int]) -> None:
    packed, unpacking = b"".join(map(encode, messages)), Unpacking()
    heard: list[Message] = []
    for length in itertools.cycle(lengths):
        frame, packed = packed[:length], packed[length:]
        heard += unpacking.messages(frame)
        assert len(unpacking.rest) < BLOCK_BYTES + 9
        if not packed:
            break
    assert (heard, unpacking.rest) == (messages, b"")


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_a_peer_error(frame: bytes) -> None:
    try:
        messages, rest = read(frame)
    except PeerError:
        return
    assert b"".join(map(encode, messages)) + rest == frame


VALUES = st.one_of(
    st.integers(-2, 2**32 + 1),
    st.booleans(),
    st.binary(max_size=80),
    st.sampled_from([bytes(23), bytes(33), bytes(36), bytes(40)]),
    st.lists(st.integers(-1, 2**32), max_size=3),
)


@given(st.dictionaries(st.integers(1, 3), VALUES, max_size=3), st.integers(1, 10))
def test_any_map_is_a_message_or_a_peer_error(fields: dict[int, cbor.Value], kind: int) -> None:
    said = cbor.encode(fields | {0: kind})
    frame = b"\1" + len(said).to_bytes(3, "big") + said
    try:
        messages, _ = read(frame)
    except PeerError:
        return
    assert b"".join(map(encode, messages)) == frame


def test_the_longest_of_each_fits() -> None:
    id, many = BundleId(bytes(32)), range(LIST_MAX)
    longest: list[Message] = [
        Ask(message=bytes(65_500), anew=True),
        Offer(bundles=tuple(Offered(id=id, size_class=5, expiry_hour=HOUR) for _ in many), direct=True),
        Want(bundles=tuple(Wanted(id=id, blocks=15) for _ in many)),
        Receipts(receipts=tuple(Receipt(preimage=bytes(20), expiry_hour=HOUR) for _ in many)),
        Await(commitments=tuple(bytes(20) for _ in many)),
        Got(numbers=tuple(2**32 - 1 - n for n in many)),
        Block(number=2**32 - 1, place=15, data=bytes(BLOCK_BYTES)),
    ]
    for message in longest:
        assert read(encode(message)) == ([message], b"")
    with pytest.raises(MisuseError):
        encode(Answer(message=bytes(MESSAGE_BYTES_MAX)))
    assert FRAME_BYTES_MAX == FULL_FRAME_BYTES - OVERHEAD_BYTES


def test_pieces_lose_nothing() -> None:
    numbers = list(range(2 * LIST_MAX + 1))
    assert [len(some) for some in pieces(numbers)] == [LIST_MAX, LIST_MAX, 1]
    assert [number for some in pieces(numbers) for number in some] == numbers
    assert not list(pieces([]))


def test_the_page_has_the_limits_of_the_code() -> None:
    page = (ROOT / "docs/spec/custody.md").read_text().split("## 9. Limits")[1].split("## 10.")[0]
    stated = dict(re.findall(r"^\| (?:[\d.]+ )?([^|]+?) \| ([\d,.]+)\b", page, re.MULTILINE))
    values = {
        "bundles that are wanted at a time, and not stored or gone": limits.WANTED_MAX,
        "words in vain": limits.VAIN_MAX,
        "words in vain that are forgiven in a second": int(limits.VAIN_PER_S),
        "seconds between two comparisons": int(limits.AGAIN_S),
        "the same, as it is heard": int(limits.AGAIN_S_MIN),
        "bytes of words that wait for a contact to read them": limits.WAITING_BYTES_MAX,
        "bundles whose receipts are asked for in a session": limits.AWAITED_MAX,
        "unfinished bundles of a contact": limits.PARTIALS_MAX,
        "bundles, receipts or numbers in a message": LIST_MAX,
        "bundles in all": policy.BUNDLES_MAX,
        "remembered in all": policy.PAST_MAX,
    }
    assert stated == {name: f"{value:,}" for name, value in values.items()}
