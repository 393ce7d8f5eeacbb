"""Stores in memory, people with them, and meetings of two: over the real comparison, and cut anywhere."""

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from satchel.core.bundles.header import BundleId, Header, bundle_id, decode_bundle, encode_header
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody import effects as e
from satchel.core.custody.codec import FRAME_BYTES_MAX, Unpacking, encode
from satchel.core.custody.copies import FIRST_MIN
from satchel.core.custody.exchange import Exchange
from satchel.core.custody.kept import (
    Change,
    Forget,
    Ingress,
    Keep,
    Kept,
    Known,
    Past,
    Receipted,
    Recount,
    Remember,
    Remove,
    Share,
    Show,
    Source,
)
from satchel.core.custody.limits import PARTIALS_MAX
from satchel.core.custody.messages import Message, Receipts
from satchel.core.custody.policy import Custody
from satchel.core.identity.contacts import ContactId
from satchel.core.reconcile import effects as found
from satchel.core.reconcile.initiator import Initiator
from satchel.core.reconcile.records import Records
from satchel.core.reconcile.responder import Responder

HOUR = 60_000  # of 2026, counted from 2020
CLOCK_S = 1_577_836_800 + HOUR * 3600
SPACE_BYTES = 64 << 20
SMALL, MIDDLE, LARGE, LARGEST = 0, 3, 4, 5  # size classes


def drawn(name: object, count: int) -> bytes:
    return hashlib.shake_256(repr(name).encode()).digest(count)


def contact(name: object) -> ContactId:
    return ContactId(drawn(("contact", name), 16))


def receipt(name: object, *, hours: int = 100) -> Receipt:
    return Receipt(preimage=drawn(("preimage", name), 20), expiry_hour=HOUR + hours)


def bundle(name: object, size_class: int = SMALL, *, hours: int = 100, copies: int = 24) -> bytes:
    """As a carrier sees it: random. `receipt(name)` is that of the bundle."""
    header = Header(
        size_class=size_class,
        expiry_hour=HOUR + hours,
        copies=copies,
        tag=drawn(("tag", name), 16),
        commitment=commitment(receipt(name).preimage),
    )
    start = encode_header(header) + drawn(("body", name), 64)
    return start + bytes(header.size_bytes - len(start))


class Shelf:
    """An Index, and what changes it, as a store does."""

    def __init__(self) -> None:
        self.rows: dict[BundleId, Kept] = {}  # in the order in which they came
        self.bodies: dict[BundleId, bytes] = {}
        self.gone: dict[BundleId, Past] = {}
        self.unfinished: dict[ContactId, dict[BundleId, bytes]] = defaultdict(dict)
        self.records = Records()

    def kept(self, id: BundleId) -> Kept | None:
        return self.rows.get(id)

    def past(self, id: BundleId) -> Past | None:
        return self.gone.get(id)

    def known(self, commitment: bytes) -> Known | None:
        kept = [row for row in self.rows.values() if row.header.commitment == commitment]
        gone = [past for past in self.gone.values() if past.commitment == commitment]
        if not kept and not gone:
            return None
        return Known(
            own=next((row for row in kept if row.ingress is Source.OWN), None),
            receipt=next((past for past in gone if past.preimage is not None), None),
        )

    def shares(self) -> Mapping[Ingress, Share]:
        bundles, size_bytes, gone = Counter[Ingress](), Counter[Ingress](), Counter[Ingress]()
        for row in self.rows.values():
            bundles[row.ingress] += 1
            size_bytes[row.ingress] += row.header.size_bytes
        for who, some in self.unfinished.items():
            size_bytes[who] += sum(map(len, some.values()))
        for past in self.gone.values():
            gone[past.ingress] += 1
        return {
            who: Share(size_bytes=size_bytes[who], bundles=bundles[who], past=gone[who])
            for who in bundles | size_bytes | gone
        }

    def oldest(self, ingress: Ingress, size_class: int) -> Iterator[Kept]:
        rows = [
            row for row in self.rows.values() if (row.ingress, row.header.size_class) == (ingress, size_class)
        ]
        yield from sorted(rows, key=lambda row: row.header.copies >= FIRST_MIN)

    def oldest_past(self, ingress: Ingress) -> Iterator[Past]:
        return (past for past in self.gone.values() if past.ingress == ingress)

    def expired(self, hour: int) -> Iterator[Kept | Past]:
        yield from (row for row in self.rows.values() if row.header.expiry_hour < hour)
        yield from (past for past in self.gone.values() if past.expiry_hour < hour)

    def partial(self, contact: ContactId, id: BundleId) -> bytes:
        return self.unfinished.get(contact, {}).get(id, b"")

    def apply(self, changes: Iterable[Change], body: bytes = b"") -> None:
        for change in changes:
            match change:
                case Keep(kept=kept):
                    assert kept.id not in self.rows
                    self.rows[kept.id], self.bodies[kept.id] = kept, body
                    self._show(kept)
                    for some in self.unfinished.values():
                        some.pop(kept.id, None)
                case Remove(id=id, past=past):
                    self._remove(id)
                    if past is not None:
                        self.gone[id] = past
                case Receipted(commitment=commitment, preimage=preimage):
                    self._receipted(commitment, preimage)
                case Remember(past=past):
                    self.gone[past.id] = past
                case Forget(id=id):
                    del self.gone[id]
                case Recount(id=id, copies=copies):
                    header = replace(self.rows[id].header, copies=copies)
                    self.rows[id] = replace(self.rows[id], header=header)
                case Show(id=id, offered=offered):
                    self.rows[id] = replace(self.rows[id], offered=offered)
                    self._show(self.rows[id])

    def _receipted(self, commitment: bytes, preimage: bytes) -> None:
        for row in [row for row in self.rows.values() if row.header.commitment == commitment]:
            self._remove(row.id)
            self.gone[row.id] = Past(
                id=row.id,
                commitment=commitment,
                expiry_hour=row.header.expiry_hour,
                ingress=row.ingress,
                preimage=preimage,
            )
        for past in [past for past in self.gone.values() if past.commitment == commitment]:
            self.gone[past.id] = replace(past, preimage=preimage)

    def _show(self, kept: Kept) -> None:
        turn = self.records.insert if kept.offered else self.records.remove
        turn(kept.header.expiry_hour, kept.id)

    def _remove(self, id: BundleId) -> None:
        row = self.rows.pop(id)
        del self.bodies[id]
        self.records.remove(row.header.expiry_hour, id)

    def append(self, contact: ContactId, id: BundleId, at: int, data: bytes) -> None:
        some = self.unfinished[contact]
        before = some.pop(id, b"")
        assert at == len(before)
        some[id] = before + data
        while len(some) > PARTIALS_MAX:
            del some[next(iter(some))]


@dataclass(eq=False)
class Person:
    """A store with its rules. `opened`: what came directly."""

    name: str
    space_bytes: int = SPACE_BYTES
    clock_s: int | None = CLOCK_S
    shelf: Shelf = field(default_factory=Shelf)
    opened: list[BundleId] = field(default_factory=list)
    delivered: list[BundleId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = contact(self.name)
        self.custody = Custody(self.shelf, space_bytes=self.space_bytes, others_bytes=self.space_bytes // 2)
        self.now_s = 1_000.0

    def take_in(self, bundle: bytes, ingress: Ingress) -> bool:
        header, id = decode_bundle(bundle), bundle_id(bundle)
        changes = self.custody.take_in(
            id, header, ingress=ingress, now_s=int(self.now_s), clock_s=self.clock_s
        )
        self.shelf.apply(changes or (), bundle)
        return changes is not None

    def write(self, bundle: bytes, *, shown: bool = True) -> BundleId:
        id = bundle_id(bundle)
        changes = self.custody.write(id, decode_bundle(bundle), now_s=int(self.now_s))
        assert changes is not None
        self.shelf.apply([*changes, Show(id=id, offered=shown)], bundle)
        return id

    def hear(self, receipt: Receipt) -> None:
        heard = self.custody.hear(receipt)
        self.shelf.apply(heard.changes)
        if heard.delivered is not None:
            self.delivered.append(heard.delivered.id)

    @property
    def ids(self) -> set[BundleId]:
        return set(self.shelf.rows)


SOMEBODY = contact("somebody")


def person(name: str, bundles: Iterable[bytes] = ()) -> Person:
    made = Person(name)
    for one in bundles:
        assert made.take_in(one, SOMEBODY)
    return made


class Side:
    """What a node does around one exchange: it carries out effects, and joins comparison and exchange."""

    def __init__(self, person: Person, other: Person, *, we_dialled: bool) -> None:
        self.person, self.other = person, other
        self.exchange = Exchange(
            person.custody,
            other.id,
            we_dialled=we_dialled,
            copies_key=drawn(("key", person.name), 32),
            now_s=person.now_s,
        )
        self.says: deque[Message] = deque()
        self.said: list[Message] = []
        self.numbers: tuple[int, int] | None = None
        self.arrived: list[BundleId] = []
        self.handed_over: list[e.HandedOver] = []
        self._initiator: Initiator | None = None
        self._responder: Responder | None = None

    def do(self, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self.says.append(message)
                case e.Numbers(highest=highest, next=next):
                    self.numbers = highest, next
                case e.Compare():
                    self._initiator = Initiator(self.person.shelf.records)
                    self.do(self.exchange.ask(self._initiator.begin().message, anew=True))
                case e.Asked(message=message, anew=anew):
                    self._responder = Responder(self.person.shelf.records) if anew else self._responder
                    assert self._responder is not None
                    self.do(self.exchange.answer(self._responder.hear(message)))
                case e.Answered(message=message):
                    self._compared(message)
                case e.Receipted(receipts=receipts):
                    for receipt in receipts:
                        self.person.hear(receipt)
                case e.Partly(id=id, at=at, data=data):
                    self.person.shelf.append(self.other.id, id, at, data)
                case e.Spoilt(id=id):
                    del self.person.shelf.unfinished[self.other.id][id]
                case e.Arrived():
                    self._arrive(effect)
                case e.HandedOver(id=id, copies=copies):
                    self.handed_over.append(effect)
                    kept = self.person.shelf.kept(id)
                    if kept is not None and not effect.direct:
                        self.person.shelf.apply(self.person.custody.handed_over(kept, copies))

    def _compared(self, message: bytes) -> None:
        assert self._initiator is not None
        for effect in self._initiator.hear(message):
            match effect:
                case found.Say(message=message):
                    self.do(self.exchange.ask(message, anew=False))
                case found.Have(ids=ids):
                    self.do(self.exchange.have(map(BundleId, ids), self.person.now_s))
                case found.Need(ids=ids):
                    self.do(self.exchange.need(map(BundleId, ids)))
                case found.Settled():
                    self.exchange.settled()

    def _arrive(self, arrived: e.Arrived) -> None:
        self.arrived.append(arrived.id)
        if arrived.direct:
            self.person.opened.append(arrived.id)
            self.person.shelf.unfinished[self.other.id].pop(arrived.id, None)
            self.do(self.exchange.stored([arrived.id]))
        elif self.person.take_in(arrived.bundle, self.other.id):
            self.do(self.exchange.stored([arrived.id]))
        else:
            self.do(self.exchange.not_stored([arrived.id]))

    def say_next(self) -> Message | None:
        """What is to be said comes first, then blocks."""
        if not self.says:
            give, effects = self.exchange.next()
            self.do(effects)
            if give is not None:
                body = self.person.shelf.bodies[give.id][give.at : give.at + give.length]
                self.says.append(self.exchange.block(give, body))
        if not self.says:
            return None
        self.said.append(self.says[0])
        return self.says.popleft()

    def hear(self, message: Message) -> None:
        frame = encode(message)
        assert len(frame) <= FRAME_BYTES_MAX
        [heard] = Unpacking().messages(frame)
        assert heard == message
        self.do(self.exchange.hear(heard, now_s=self.person.now_s, clock_s=self.person.clock_s))


@dataclass
class Meeting:
    one: Side
    other: Side
    messages: int = 0  # that were heard
    lag: int = 0  # messages that are in the air in each direction
    air: tuple[deque[Message], deque[Message]] = field(default_factory=lambda: (deque(), deque()))

    def run_until(self, person: Person, bundle: bytes) -> "Meeting":
        """It has some of this bundle."""
        other = self.other if person is self.one.person else self.one
        while not person.shelf.partial(other.person.id, bundle_id(bundle)):
            self.run(pause_after=self.messages + 1)
        return self

    def run(self, *, pause_after: int | None = None) -> "Meeting":
        """Until nobody has anything to say, or as many messages have been heard. May be called again."""
        ways = ((self.one, self.other, self.air[0]), (self.other, self.one, self.air[1]))
        is_quiet = False
        while not is_quiet:
            is_quiet = True
            for speaker, hearer, air in ways:
                if pause_after is not None and self.messages >= pause_after:
                    return self
                said = speaker.say_next()
                if said is not None:
                    air.append(said)
                is_quiet &= said is None and not air
                if air and (said is None or len(air) > self.lag):
                    hearer.hear(air.popleft())
                    self.messages += 1
        return self


def meeting(
    one: Person,
    other: Person,
    *,
    direct: Iterable[BundleId] = (),
    receipts: Iterable[Receipt] = (),
    lag: int = 0,
) -> Meeting:
    """`one` has dialled; `direct` and `receipts` are what it has for the other."""
    sides = Side(one, other, we_dialled=True), Side(other, one, we_dialled=False)
    sides[0].do(sides[0].exchange.begin(highest=3, next=5, direct=direct, receipts=receipts, now_s=one.now_s))
    sides[1].do(sides[1].exchange.begin(highest=7, next=9, now_s=other.now_s))
    return Meeting(*sides, lag=lag)


def meet(one: Person, other: Person, *, cut_after: int | None = None, lag: int = 0) -> Meeting:
    """Whatever is in the air at a cut is lost."""
    return meeting(one, other, lag=lag).run(pause_after=cut_after)


def told_receipts(side: Side) -> list[Receipt]:
    return [one for message in side.said if isinstance(message, Receipts) for one in message.receipts]
