"""core/pairing/taking: frames of whoever was dialled for a picture or a code (P2)."""

from collections.abc import Iterator

from core.pairing.pair_kit import begun as first_of
from core.pairing.pair_kit import by_code, come, scan, shown, taker_hears
from fuzz.feed import Feed, as_piece
from fuzz.vectors import of_kind
from satchel.core.pairing.agreement import Transcript, Way, host_keys_key, seal
from satchel.core.pairing.effects import Paired, Send
from satchel.core.pairing.hosting import Hosting
from satchel.core.pairing.taking import State, Taking
from satchel.errors import PeerError

AS_IT_CAME, SEALED, RIGHT = range(3)
OVER = (State.FAILED, State.TAKEN, State.PAIRED)


def check(data: bytes) -> bool:
    """One exchange: each of the host's frames is written by the fuzzer, or is what an honest host says."""
    feed = Feed(data)
    there = shown()
    by_picture = feed.number(2) == 0
    if by_picture:
        taking: Taking = scan(there.picture)
        hosting: Hosting = first_of(come(there, taking.first_bytes))
        way, secret, first_bytes = (
            Way.QR,
            there.picture.secret,
            (there.picture.commitment, taking.first_bytes),
        )
    else:
        taking, hosting = by_code()
        way, secret, first_bytes = Way.CODE, bytes(32), (b"", taking.first_bytes)
    right, lied, paired = hosting.answer, False, False
    while feed and taking.state not in OVER:
        kind = feed.number(3)
        if kind == RIGHT:
            frame = right
        elif kind == SEALED:  # by who has seen the screen: only keys can be sealed with that
            transcript = Transcript(way, *first_bytes)
            frame = seal(host_keys_key(secret, transcript.hash), transcript, feed.take(1500))
        else:
            frame = feed.piece()
        lied = lied or frame != right
        try:
            effects = taker_hears(taking, frame)
        except PeerError:
            assert lied
            assert taking.state is State.FAILED
            return False
        assert not lied  # nothing that the host did not say is ever taken
        paired = any(isinstance(effect, Paired) for effect in effects)
        said = b"".join(effect.data for effect in effects if isinstance(effect, Send))
        if said:
            answers = hosting.hear(said, 1.0)
            if any(isinstance(effect, Paired) for effect in answers):
                answers += hosting.stored()
            right = b"".join(effect.data for effect in answers if isinstance(effect, Send))
    return paired


def seeds() -> Iterator[bytes]:
    for way in (0, 1):
        yield bytes((way, RIGHT, RIGHT, RIGHT))
        for vector in of_kind("pairing", "exchange"):
            frames = [bytes.fromhex(frame) for frame in vector["frames"]]
            yield bytes((way, AS_IT_CAME)) + as_piece(frames[0])
            yield bytes((way, RIGHT, AS_IT_CAME)) + as_piece(frames[3])
            yield bytes((way, RIGHT, RIGHT, AS_IT_CAME)) + as_piece(frames[5])
        yield bytes((way, SEALED)) + bytes(1280)
        yield bytes((way, SEALED)) + b"\xff" * 1248
