"""What two contacts do about letters in one session: comparison and exchange, joined.

Bytes of frames in, bytes of frames out; whoever has the pipe seals and pads them. Spec: docs/spec/custody.md.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, assert_never

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody import effects as e
from satchel.core.custody.codec import Unpacking, encode
from satchel.core.custody.exchange import Exchange
from satchel.core.custody.limits import WAITING_BYTES_MAX
from satchel.core.custody.messages import Message
from satchel.core.identity.contacts import ContactId
from satchel.core.reconcile import effects as found
from satchel.core.reconcile.initiator import Initiator
from satchel.core.reconcile.responder import Responder
from satchel.core.session.frames import OVERHEAD_BYTES, STRIPE_FRAME_BYTES
from satchel.errors import PeerError
from satchel.node.letters.shelf import Shelf
from satchel.node.letters.stores import World

BODY_BYTES = STRIPE_FRAME_BYTES - OVERHEAD_BYTES  # of a full frame: what a cut takes is small (custody 7.2)


class Owner(Protocol):
    """What a session asks of the post office, whose turn it is."""

    def heard_numbers(self, contact: ContactId, *, highest: int, following: int) -> None: ...
    def heard_receipts(self, receipts: Sequence[Receipt], deliverer: ContactId) -> None: ...
    def take_in(self, contact: ContactId, arrived: Sequence[e.Arrived]) -> list[BundleId]:
        """Keep what custody keeps of these. Returns what is durable."""
        ...

    def take_direct(self, contact: ContactId, arrived: e.Arrived) -> bool:
        """Open what its writer has brought. False: it was thrown away."""
        ...

    def handed_over(self, contact: ContactId, over: e.HandedOver) -> object: ...
    def withholds(self, contact: ContactId, id: BundleId) -> bool:
        """Whether it is shown, and this contact is not given it."""
        ...


class Exchanging:
    """One side of it; after an exception it is dead. Every call is made in the turn of the post office."""

    def __init__(
        self,
        contact: ContactId,
        *,
        we_dialled: bool,
        world: World,
        shelf: Shelf,
        owner: Owner,
        copies_key: bytes,
        has_something: Callable[[], None],
    ) -> None:
        """`has_something` is called when there may be a frame to say. It returns at once."""
        self.contact = contact
        self.exchange = Exchange(
            shelf.custody, contact, we_dialled=we_dialled, copies_key=copies_key, now_s=world.now_s()
        )
        self._world = world
        self._shelf = shelf
        self._owner = owner
        self._has_something = has_something
        self._said: deque[bytes] = deque()
        self._waiting_bytes = 0  # of what was said
        self._leaving = bytearray()  # records that go into the next frames
        self._unpacking = Unpacking()
        self._read: tuple[BundleId, bytes] | None = None  # the bundle that is given
        self._arrived: list[e.Arrived] = []
        self._initiator: Initiator | None = None
        self._responder: Responder | None = None

    def carry_out(self, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self._say(message)
                case e.Numbers(highest=highest, next=following):
                    self._owner.heard_numbers(self.contact, highest=highest, following=following)
                case e.Compare():
                    self._initiator = Initiator(self._shelf.records)
                    self.carry_out(self.exchange.ask(self._initiator.begin().message, anew=True))
                case e.Asked(message=message, anew=anew):
                    if anew or self._responder is None:
                        self._responder = Responder(self._shelf.records)
                    self.carry_out(self.exchange.answer(self._responder.hear(message)))
                case e.Answered(message=message):
                    self._compare(message)
                case e.Receipted(receipts=receipts):
                    self.store_arrived()  # a bundle of this frame goes with its receipt, too
                    self._owner.heard_receipts(receipts, self.contact)
                case e.Partly(id=id, at=at, data=data):
                    self._shelf.bundles.append(self.contact, id, at, data)
                case e.Spoilt(id=id):
                    self._shelf.bundles.drop_partials(self.contact, [id])
                case e.Arrived(direct=True):
                    self._take_direct(effect)
                case e.Arrived():
                    self._arrived.append(effect)
                case e.HandedOver():
                    self._owner.handed_over(self.contact, effect)
                case _:
                    assert_never(effect)
        if self._said:
            self._has_something()

    def hear(self, frame: bytes) -> None:
        """All that one frame says; what has come whole with it is durable when this returns.

        Raises PeerError: it breaks the spec; EnvironmentProblem: our own disk.
        """
        for message in self._unpacking.messages(frame):
            now_s, clock_s = self._world.now_s(), self._world.clock.best_s()
            self.carry_out(self.exchange.hear(message, now_s=now_s, clock_s=clock_s))
        self.store_arrived()
        self._look_at_waiting()
        self._has_something()  # a word may have made room for the next block

    def next_frame(self) -> tuple[bytes, bool]:
        """What is to be said now, as the body of one frame, b"" for nothing; and whether there is more: then
        it has BODY_BYTES.

        Raises EnvironmentProblem: our own disk; PeerError: the contact does not read it.
        """
        self._look_at_waiting()
        while len(self._leaving) <= BODY_BYTES and (record := self._next_record()) is not None:
            self._leaving += record
        body = bytes(self._leaving[:BODY_BYTES])
        del self._leaving[:BODY_BYTES]
        return body, bool(self._leaving)

    def _next_record(self) -> bytes | None:
        while not self._said:
            give, effects = self.exchange.next()
            for one in effects:
                if isinstance(one, e.Say):
                    self._say(one.message)
            if give is None:
                break
            bundle = self._bundle(give.id)
            if bundle is None:
                self.carry_out(self.exchange.lost(give))
            else:
                data = bundle[give.at : give.at + give.length]
                self._say(self.exchange.block(give, data))
        if not self._said:
            return None
        record = self._said.popleft()
        self._waiting_bytes -= len(record)
        return record

    def _say(self, message: Message) -> None:
        record = encode(message)
        self._said.append(record)
        self._waiting_bytes += len(record)

    def _look_at_waiting(self) -> None:
        """Most words ask for an answer: who says them for ever and reads nothing fills our memory (M3)."""
        if self._waiting_bytes > WAITING_BYTES_MAX:
            raise PeerError(f"custody 9.4: {self._waiting_bytes} bytes were said, and are not read")

    def _bundle(self, id: BundleId) -> bytes | None:
        """Read once for all of its blocks: they leave one after the other (custody 8.3)."""
        if self._read is None or self._read[0] != id:
            bundle = None if self._owner.withholds(self.contact, id) else self._shelf.bundles.read(id)
            self._read = None if bundle is None else (id, bundle)
        return self._read[1] if self._read is not None else None

    def wake(self) -> None:
        """The time has gone on: perhaps it is to be compared again (custody 6.5)."""
        self.carry_out(self.exchange.wake(self._world.now_s()))

    def store_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        if not arrived:
            return
        durable = self._owner.take_in(self.contact, arrived)
        kept = set(durable)
        self.carry_out(self.exchange.stored(durable))
        self.carry_out(self.exchange.not_stored([one.id for one in arrived if one.id not in kept]))

    def _take_direct(self, arrived: e.Arrived) -> None:
        self._shelf.bundles.drop_partials(self.contact, [arrived.id])
        if self._owner.take_direct(self.contact, arrived):
            self.carry_out(self.exchange.stored([arrived.id]))
        else:
            self.carry_out(self.exchange.not_stored([arrived.id]))

    def _compare(self, message: bytes) -> None:
        if self._initiator is None:
            raise PeerError("custody 8.2: an answer to nothing")
        for effect in self._initiator.hear(message):
            match effect:
                case found.Say(message=said):
                    self.carry_out(self.exchange.ask(said, anew=False))
                case found.Have(ids=ids):
                    self.carry_out(self.exchange.have(map(BundleId, ids), self._world.now_s()))
                case found.Need(ids=ids):
                    self.carry_out(self.exchange.need(map(BundleId, ids)))
                case found.Settled():
                    self.exchange.settled()
                case _:
                    assert_never(effect)
