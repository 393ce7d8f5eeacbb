"""A letter spread over bundles, and put together again: in any order, each once, within bounds (M3).

Says what is there; the pieces themselves lie in a store. Spec: docs/spec/letter.md, section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from satchel.core.bundles.lifetime import SPREAD_H
from satchel.core.sealing.letter import ID_BYTES, LETTER_BYTES_MAX, LetterId, unreadable
from satchel.core.sealing.seal import CONTENT_BYTES_MAX
from satchel.core.wire import cbor
from satchel.core.wire.fields import begin_message
from satchel.errors import MisuseError, PeerError

PART_OVERHEAD_BYTES = 35  # of a full piece
PIECE_BYTES = CONTENT_BYTES_MAX - PART_OVERHEAD_BYTES
PARTS_MAX = -(-LETTER_BYTES_MAX // PIECE_BYTES)
UNFINISHED_MAX = 16  # letters of one contact
UNFINISHED_BYTES_MAX = 64 << 20  # and all together, by the sizes that they will have
LATE_H = 2 * SPREAD_H  # a part may expire so much later than another, with clocks two days apart
_PART = 1  # kind 2 is for a letter above 8 MiB, in a later version


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one bundle holds."""

    letter_id: LetterId
    size_bytes: int  # of the whole letter
    index: int  # from 0
    piece: bytes = field(repr=False)


class Taken(Enum):
    """What came of a part; the value is for logs."""

    ONE_MORE = "it is to be stored, and others are still to come"
    WHOLE = "with it the letter is whole"
    AGAIN = "it was here before: its entry is erased, nothing else"
    NO_ROOM = "too much is unfinished: the bundle stays sealed, and its entry stays, until there is room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A letter of which parts are missing."""

    size_bytes: int
    indices: frozenset[int]
    expiry_hour: int  # the latest of the bundles that came


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """The unfinished letters of one contact. To be stored with the pieces, as one with the entry."""

    letters: dict[LetterId, Unfinished] = field(default_factory=dict)

    def take(self, part: Part, *, expiry_hour: int, is_here: bool) -> tuple[Taken, "Gathering"]:
        """A part has opened.

        Args:
            expiry_hour: of its bundle.
            is_here: the whole letter came before. (A profile that went back may write it twice.)
        Raises:
            UnreadableError: it contradicts another part of the letter.
        """
        before = self.letters.get(part.letter_id)
        if is_here or (before is not None and part.index in before.indices):
            return Taken.AGAIN, self
        if before is None:
            before = Unfinished(size_bytes=part.size_bytes, indices=frozenset(), expiry_hour=expiry_hour)
        elif before.size_bytes != part.size_bytes:
            with unreadable():
                raise PeerError("letter 2.4: two sizes of one letter")
        others = {known: one for known, one in self.letters.items() if known != part.letter_id}
        after = replace(
            before,
            indices=before.indices | {part.index},
            expiry_hour=max(before.expiry_hour, expiry_hour),
        )
        if len(after.indices) == part_count(part.size_bytes):
            return Taken.WHOLE, Gathering(letters=others)
        unfinished_bytes = part.size_bytes + sum(one.size_bytes for one in others.values())
        if len(others) >= UNFINISHED_MAX or unfinished_bytes > UNFINISHED_BYTES_MAX:
            return Taken.NO_ROOM, self
        return Taken.ONE_MORE, Gathering(letters=others | {part.letter_id: after})

    def settle(self, now_hour: int) -> tuple[frozenset[LetterId], "Gathering"]:
        """Let go of letters whose other parts cannot come any more.

        Args:
            now_hour: since 2020, of a best clock; without one nothing is let go of.
        Returns:
            Whose pieces are to be erased, and what is left.
        """
        over = frozenset(known for known, one in self.letters.items() if now_hour > one.expiry_hour + LATE_H)
        return over, Gathering(
            letters={known: one for known, one in self.letters.items() if known not in over}
        )


def part_count(size_bytes: int) -> int:
    """Bundles for a letter of so many bytes."""
    return -(-size_bytes // PIECE_BYTES)


def split(letter_id: LetterId, letter: bytes) -> list[Part]:
    """The parts of an encoded letter, each for a bundle with its own number, expiry, delay and receipt."""
    if len(letter_id) != ID_BYTES or not 1 <= len(letter) <= LETTER_BYTES_MAX:
        raise MisuseError(f"a letter has an id of {ID_BYTES} bytes, and 1 to {LETTER_BYTES_MAX} bytes")
    return [
        Part(
            letter_id=letter_id,
            size_bytes=len(letter),
            index=index,
            piece=letter[index * PIECE_BYTES : (index + 1) * PIECE_BYTES],
        )
        for index in range(part_count(len(letter)))
    ]


def join(pieces: Sequence[bytes], size_bytes: int) -> bytes:
    """The encoded letter, from all its pieces in order. Raises MisuseError: these are not all."""
    letter = b"".join(pieces)
    if len(letter) != size_bytes or len(pieces) != part_count(size_bytes):
        raise MisuseError("pieces are missing, or are not of this letter")
    return letter


def encode_part(part: Part) -> bytes:
    """The content of one bundle."""
    return cbor.encode({0: _PART, 1: part.letter_id, 2: part.size_bytes, 3: part.index, 4: part.piece})


def decode_part(content: bytes) -> Part:
    """Read what was in a bundle. Raises UnreadableError: any deviation from 2.1 to 2.3, or a later kind."""
    with unreadable():
        _, fields = begin_message(
            content, {_PART: "letter 2.2"}, clause="letter 2.1", bytes_max=CONTENT_BYTES_MAX
        )
        part = Part(
            letter_id=LetterId(fields.bytes(1, ID_BYTES, ID_BYTES)),
            size_bytes=fields.integer(2, 1, LETTER_BYTES_MAX),
            index=fields.uint(3, PARTS_MAX - 1),
            piece=fields.bytes(4, 1, PIECE_BYTES),
        )
        fields.done()
        length = min(PIECE_BYTES, part.size_bytes - part.index * PIECE_BYTES)
        if len(part.piece) != length:
            raise PeerError(f"letter 2.3: a piece of {len(part.piece)} bytes instead of {length}")
        return part
