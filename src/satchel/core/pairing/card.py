"""What each side tells about itself, once the keys are confirmed: a card. Spec: docs/spec/pairing.md, 5.

Its frame has one size whatever is on it. A name is a proposal: names are local, the receiver decides.
"""

import unicodedata
from dataclasses import dataclass

from satchel.core.identity.comparison import Language
from satchel.core.identity.epochs import EPOCH_FIRST, EPOCHS_AHEAD_MAX
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields
from satchel.errors import MisuseError, PeerError

NAME_CHARACTERS_MAX = 64
NAME_BYTES_MAX = 256
DAY_MAX = EPOCH_FIRST + EPOCHS_AHEAD_MAX  # beyond any clock that can be right [5.2]
TAKERS_MAX = 16
LANGUAGE_BYTES_MAX = 8
LENGTH_BYTES = 2

_DAY, _LANGUAGE, _NAME, _TAKERS, _TAKEN = range(5)
_PAGE = "pairing 5.2"
_LINE_ENDS = frozenset({"Cc", "Cs", "Zl", "Zp"})  # the rest of what a terminal minds is escaped where shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One side's own."""

    day: int | None  # of its clock, days since 1970, if it is plausible
    language: str  # of its words: Language.value, or one that this version does not know
    name: str = ""  # proposed; empty: none

    def __post_init__(self) -> None:
        if self.day is not None and not 0 <= self.day <= DAY_MAX:
            raise MisuseError("no plausible clock shows such a day")
        if not is_name(self.name):
            raise MisuseError(
                "This name cannot be proposed.",
                safe="Nothing was sent.",
                do=f"Choose one line of at most {NAME_CHARACTERS_MAX} characters.",
            )

    def first_epoch(self, other: "Card") -> int:
        """Where the chains of the pair begin [discovery 2.1]: both sides come to the same."""
        return max(EPOCH_FIRST, *(card.day for card in (self, other) if card.day is not None), 0)

    def shared_language(self, other: "Card") -> Language | None:
        """The one that both people read, if it is one and the same."""
        known = {language.value: language for language in Language}
        return known.get(self.language) if self.language == other.language else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCard:
    """The host's card, and how its picture fared."""

    card: Card
    takers: int  # 1..TAKERS_MAX
    taken: bool  # another one was faster: this exchange ends here


def is_name(name: str) -> bool:
    """Whether a name may be proposed: one line, 64 characters and 256 bytes at most, or empty."""
    if len(name) > NAME_CHARACTERS_MAX or any(unicodedata.category(c) in _LINE_ENDS for c in name):
        return False
    return len(name.encode()) <= NAME_BYTES_MAX


def encode(card: Card | HostCard) -> bytes:
    """length[2] | canonical CBOR; the frame fills it up with zeros."""
    own = card.card if isinstance(card, HostCard) else card
    fields: dict[int, cbor.Writable] = {_LANGUAGE: own.language}
    if own.day is not None:
        fields[_DAY] = own.day
    if own.name:
        fields[_NAME] = own.name
    if isinstance(card, HostCard):
        fields |= {_TAKERS: card.takers, _TAKEN: card.taken}
    body = cbor.encode(fields)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def decode_taker(plain: bytes) -> Card:
    """Raises PeerError: anything but what `encode` makes, filled up with zeros."""
    fields = _fields(plain)
    card = _card(fields)
    fields.done()
    return card


def decode_host(plain: bytes) -> HostCard:
    """Raises PeerError: anything but what `encode` makes, filled up with zeros."""
    fields = _fields(plain)
    card = _card(fields)
    takers, taken = fields.integer(_TAKERS, 1, TAKERS_MAX), fields.boolean(_TAKEN)
    fields.done()
    return HostCard(card=card, takers=takers, taken=taken)


def _fields(plain: bytes) -> Fields:
    ends = LENGTH_BYTES + int.from_bytes(plain[:LENGTH_BYTES], "big")
    if ends > len(plain) or any(plain[ends:]):
        raise PeerError(f"{_PAGE}: a card longer than its frame, or something behind it")
    return Fields(cbor.decode(plain[LENGTH_BYTES:ends]), page=_PAGE)


def _card(fields: Fields) -> Card:
    day = fields.integer(_DAY, 0, DAY_MAX) if fields.has(_DAY) else None
    language = fields.text(_LANGUAGE, LANGUAGE_BYTES_MAX, minimum_bytes=1)
    name = fields.text(_NAME, NAME_BYTES_MAX, minimum_bytes=1) if fields.has(_NAME) else ""
    if not is_name(name):
        raise PeerError("pairing 5.3: a name of several lines, or too long")
    return Card(day=day, language=language, name=name)
