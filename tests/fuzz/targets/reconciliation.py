"""core/reconcile: messages and answers of a contact, on both sides of a conversation (M3)."""

import hashlib
from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import of_kind
from satchel.core.reconcile.effects import Have, Need, Say, Settled
from satchel.core.reconcile.initiator import IDS_PER_EFFECT_MAX, Initiator
from satchel.core.reconcile.message import MESSAGE_BYTES_MIN, Writer, decode
from satchel.core.reconcile.records import INFINITY, START, Records
from satchel.core.reconcile.responder import Responder
from satchel.errors import PeerError

COUNTS = (0, 5, 40, 1_000)
HOUR = 60_000
ROWS = [(HOUR + n // 9, hashlib.sha256(b"record" + n.to_bytes(4, "big")).digest()) for n in range(COUNTS[-1])]
SETS = [Records(ROWS[:count]) for count in COUNTS]
IDS = {id for _, id in ROWS}


def look(message: bytes) -> None:
    """What is read is in order, and is read again from what we would write. Raises PeerError."""
    writer, ranges = Writer(), list(decode(message))
    lower = START
    for range in ranges:
        assert lower <= range.lower <= range.upper <= INFINITY
        lower = range.upper
        writer.say(range)
    assert list(decode(writer.message())) == ranges


def ask(records: Records, feed: Feed) -> bool:
    """We have asked. What is had is told once and is ours; it ends when it is settled."""
    initiator = Initiator(records, limit_bytes=MESSAGE_BYTES_MIN)
    initiator.begin()
    had: list[bytes] = []
    taken = False
    while feed:
        told = feed.piece()
        for effect in initiator.hear(told):
            taken = True
            match effect:
                case Have(ids=ids):
                    assert 0 < len(ids) <= IDS_PER_EFFECT_MAX
                    assert IDS.issuperset(ids)
                    had += ids
                case Need(ids=ids):
                    assert all(id in told for id in ids)
                case Say(message=message):
                    assert 1 < len(message) <= MESSAGE_BYTES_MIN
                    look(message)
                case Settled():
                    assert len(had) == len(set(had))
                    return True
        assert len(had) == len(set(had)) <= len(records)
        look(told)
    return taken


def answer(records: Records, feed: Feed) -> bool:
    """We are asked: what we say fits, and is well formed."""
    responder = Responder(records, limit_bytes=MESSAGE_BYTES_MIN)
    taken = False
    while feed:
        said = responder.hear(feed.piece())
        assert len(said) <= MESSAGE_BYTES_MIN
        look(said)
        taken = True
    return taken


def check(data: bytes) -> bool:
    feed = Feed(data)
    are_asked, records = feed.number(2), SETS[feed.number(len(SETS))]
    try:
        return answer(records, feed) if are_asked else ask(records, feed)
    except PeerError:
        return False


def seeds() -> Iterator[bytes]:
    for vector in of_kind("reconciliation", "message"):
        if "bytes" in vector:
            for head in (b"\0\2", b"\1\2"):
                yield head + as_piece(bytes.fromhex(vector["bytes"]))
    for vector in of_kind("reconciliation", "answer"):
        yield b"\1\3" + as_piece(bytes.fromhex(vector["bytes"]))
    for ours, theirs in ((2, 3), (3, 2), (1, 3), (3, 0), (3, 3)):
        initiator, responder = Initiator(SETS[ours], limit_bytes=MESSAGE_BYTES_MIN), Responder(SETS[theirs])
        asked, answered = b"", b""
        said: bytes | None = initiator.begin().message
        while said is not None:
            told = responder.hear(said)
            asked, answered = asked + as_piece(said), answered + as_piece(told)
            effects = list(initiator.hear(told))
            said = next((effect.message for effect in effects if isinstance(effect, Say)), None)
        yield bytes((0, ours)) + answered
        yield bytes((1, theirs)) + asked
