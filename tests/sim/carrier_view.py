"""What carriers see of bundles, all frames opened: and what of it may say that two are for one person."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from satchel.core.bundles.header import HEADER_BYTES, Header, decode_header
from satchel.core.bundles.receipt import commitment
from satchel.core.custody.messages import Begin, Block, Got, Message, Offer, Receipts, Want
from satchel.sim.letters import Person, Town
from sim.pair_classifier import Pair

NEVER_S = 10 * 24 * 3600.0


@dataclass
class Seen:
    """All that was seen of one bundle."""

    id: bytes
    header: Header | None = None
    first_s: float = NEVER_S
    first_from: str = ""
    message: int = 0  # the number of the message that named it first
    place: int = 0  # there
    block: int = 0  # how many blocks of that session came before its first one
    gave: dict[str, float] = field(default_factory=dict)  # who offered or gave it, first when
    wanted: dict[str, float] = field(default_factory=dict)
    receipt_s: float = NEVER_S
    receipt_from: str = ""
    receipt_message: int = 0
    receipt_place: int = 0
    receipt_after_begin: int = 99  # messages of that speaker since its Begin


class View:
    """Of these people, who put together what they see. Listens to a town."""

    def __init__(self, town: Town, carriers: Sequence[str]) -> None:
        self.carriers = set(carriers)
        self.bundles: dict[bytes, Seen] = {}
        self._by_commitment: dict[bytes, list[Seen]] = {}
        self._early: dict[bytes, tuple[float, str, int, int, int]] = {}
        self._messages = 0
        self._said: dict[tuple[str, str], int] = {}
        self._blocks: dict[tuple[str, str], int] = {}
        self._wanted: dict[tuple[str, str], list[bytes]] = {}  # by who wanted and of whom, in order
        town.listeners.append(self.frame)

    def frame(self, now_s: float, speaker: str, hearer: str, messages: Sequence[Message]) -> None:
        if {speaker, hearer} & self.carriers:
            for message in messages:
                self._hear(now_s, speaker, hearer, message)

    def _hear(self, now_s: float, speaker: str, hearer: str, message: Message) -> None:
        self._messages += 1
        way = (speaker, hearer)
        self._said[way] = self._said.get(way, 0) + 1
        match message:
            case Begin():
                self._said[way] = self._blocks[way] = 0
                self._wanted[way] = []
            case Offer(bundles=bundles, direct=False):
                for place, one in enumerate(bundles):
                    self._seen(one.id, now_s, speaker, place)
            case Want(bundles=bundles):
                self._wanted.setdefault(way, []).extend(one.id for one in bundles)
                for wanted in bundles:
                    self._seen(wanted.id, now_s, hearer, 0).wanted.setdefault(speaker, now_s)
            case Block(number=number, place=0, data=data):
                id = self._wanted[hearer, speaker][number]
                seen = self._seen(id, now_s, speaker, 0)
                if seen.header is None:
                    seen.header = header = decode_header(data[:HEADER_BYTES])
                    seen.block = self._blocks.get(way, 0)
                    self._by_commitment.setdefault(header.commitment, []).append(seen)
                    if header.commitment in self._early:
                        self._receipt(seen, *self._early[header.commitment])
                self._blocks[way] = self._blocks.get(way, 0) + 1
            case Receipts(receipts=receipts):
                for place, receipt in enumerate(receipts):
                    mark = commitment(receipt.preimage)
                    told = (now_s, speaker, self._messages, place, self._said[way])
                    self._early.setdefault(mark, told)
                    for seen in self._by_commitment.get(mark, []):
                        self._receipt(seen, *told)
            case Got():
                pass

    def _seen(self, id: bytes, now_s: float, giver: str, place: int) -> Seen:
        seen = self.bundles.get(id)
        if seen is None:
            seen = self.bundles[id] = Seen(id, None, now_s, giver, self._messages, place)
        seen.gave.setdefault(giver, now_s)
        return seen

    def _receipt(self, seen: Seen, now_s: float, teller: str, number: int, place: int, since: int) -> None:
        if now_s < seen.receipt_s:
            seen.receipt_s, seen.receipt_from = now_s, teller
            seen.receipt_message, seen.receipt_place, seen.receipt_after_begin = number, place, since


def readers(writer: Person) -> dict[bytes, str]:
    """Who can open what this one has under way, by tag: the truth."""
    names = {id: name for name, id in writer.contacts.items()}
    return {own.header.tag: names[own.contact] for own in writer.profile.data.own.values()}


def pair_features(one: Seen, other: Seen, *, receipts: bool) -> tuple[float, ...]:
    assert one.header is not None
    assert other.header is not None
    a, b = one.header, other.header
    features = [
        abs(a.expiry_hour - b.expiry_hour),
        abs(a.size_class - b.size_class),
        a.size_class + b.size_class,
        abs(a.copies - b.copies),
        _bits(a.tag, b.tag),
        abs(a.tag[0] - b.tag[0]),
        _bits(a.commitment, b.commitment),
        _bits(one.id, other.id),
        _log(one.first_s - other.first_s),
        one.first_from == other.first_from,
        _log(one.message - other.message),
        _log(one.place - other.place) if one.message == other.message else 99,
        abs(one.block - other.block),
        _alike(one.gave, other.gave),
        _alike(one.wanted, other.wanted),
        abs(len(one.gave) - len(other.gave)),
        abs(len(one.wanted) - len(other.wanted)),
        _log((a.expiry_hour - b.expiry_hour) * 3600.0 - (one.first_s - other.first_s)),
    ]
    if receipts:
        lives = [seen.receipt_s - seen.first_s for seen in (one, other)]
        features += [
            one.receipt_from == other.receipt_from,
            _log(one.receipt_s - other.receipt_s),
            _log(one.receipt_message - other.receipt_message),
            _log(lives[0] - lives[1]),
            abs(one.receipt_place - other.receipt_place),
            max(one.receipt_after_begin, other.receipt_after_begin),
            (one.receipt_from == other.receipt_from)
            / max(1, one.receipt_after_begin, other.receipt_after_begin),
        ]
    return tuple(map(float, features))


def pairs_of(
    view: View, reader_of: dict[bytes, str], *, receipts: bool, each: int, seed: int
) -> tuple[list[Pair], int]:
    """Pairs of bundles that were seen with their headers, and how many bundles there are."""
    chance = random.Random(seed)
    seen = [one for one in view.bundles.values() if one.header is not None and one.header.tag in reader_of]
    reader = [reader_of[one.header.tag] for one in seen if one.header is not None]
    same: list[tuple[int, int]] = []
    different: list[tuple[int, int]] = []
    for at in range(len(seen)):
        for before in range(at):
            if reader[at] == reader[before]:
                same.append((before, at))
            elif chance.random() < 0.2:
                different.append((before, at))
    chosen = [
        *chance.sample(same, min(each, len(same))),
        *chance.sample(different, min(each, len(different))),
    ]
    return [
        Pair(
            one,
            other,
            pair_features(seen[one], seen[other], receipts=receipts),
            reader[one] == reader[other],
        )
        for one, other in chosen
    ], len(seen)


def _bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def _alike(one: dict[str, float], other: dict[str, float]) -> float:
    together = len(one.keys() | other.keys())
    return len(one.keys() & other.keys()) / together if together else 1.0


def _log(difference: float) -> float:
    return math.log1p(abs(difference))
