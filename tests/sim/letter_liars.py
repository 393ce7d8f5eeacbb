"""Contacts with a program of their own: they say what they like, with frames that are in order."""

from collections.abc import Iterable

from satchel.core.bundles.header import (
    HEADER_BYTES,
    BundleId,
    Header,
    bundle_id,
    decode_bundle,
    encode_header,
)
from satchel.core.bundles.lifetime import hour_of
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody import effects as e
from satchel.core.custody.codec import Unpacking, encode
from satchel.core.custody.messages import Block, Got, Message, Offer, Offered, Receipts, Skip
from satchel.core.identity.clocks import BUILT_S
from satchel.sim.letter_ledger import beginning
from satchel.sim.letters import Person, Side

SMALL = 0


class Liar(Person):
    """Its own messages instead of those of an honest program."""

    def __post_init__(self) -> None:
        self._unpacking: dict[tuple[Side, str], Unpacking] = {}
        super().__post_init__()

    def change(self, message: Message) -> Iterable[Message]:
        return [message]

    def add(self) -> Iterable[Message]:
        """Besides, in each frame."""
        return []

    def unpacking(self, side: Side, way: str) -> Unpacking:
        return self._unpacking.setdefault((side, way), Unpacking())

    def say(self, side: Side) -> list[bytes]:
        return [
            b"".join(
                encode(one)
                for told in self.unpacking(side, "say").messages(body)
                for one in self.change(told)
            )
            + b"".join(map(encode, self.add()))
            for body in super().say(side)
        ]

    @property
    def hour(self) -> int:
        return hour_of(BUILT_S + int(self.town.turns.now_s))

    def drawn_bundle(self, header: Header | None = None) -> bytes:
        """Opens nowhere; with this header, if there is one."""
        draw = self.chance.randbytes
        header = header or Header(
            size_class=SMALL, expiry_hour=self.hour + 600, copies=0, tag=draw(16), commitment=draw(20)
        )
        made = encode_header(header) + draw(header.size_bytes - HEADER_BYTES)
        self.town.ledger.forged.add(beginning(made))
        return made

    def carry(self, *bundles: bytes) -> None:
        """As if a stick had brought them: they go on to all whom it meets."""
        arrived = [
            e.Arrived(id=bundle_id(one), header=decode_bundle(one), bundle=one, direct=False)
            for one in bundles
        ]
        self.office.take_in(None, arrived)


class BlackHole(Liar):
    """Takes all, and gives nothing: no bundle, no receipt, nothing that it could have."""

    def change(self, message: Message) -> Iterable[Message]:
        return [] if isinstance(message, Block | Offer | Receipts) else [message]


class Dropper(Liar):
    """Says that it has stored what it has thrown away. To be given no space."""

    def change(self, message: Message) -> Iterable[Message]:
        return [Got(numbers=message.numbers)] if isinstance(message, Skip) else [message]


class Boaster(Liar):
    """Offers what it has not."""

    def add(self) -> Iterable[Message]:
        offered = (
            Offered(id=BundleId(self.chance.randbytes(32)), size_class=SMALL, expiry_hour=self.hour + 100)
            for _ in range(3)
        )
        return [Offer(bundles=tuple(offered), direct=self.chance.random() < 0.3)]


class Forger(Liar):
    """Makes twins of what it carries, other bodies under real tags; and receipts of nothing."""

    twins: int = 3

    def hear(self, side: Side, body: bytes) -> None:
        super().hear(side, body)
        for message in self.unpacking(side, "hear").messages(body):
            if isinstance(message, Block) and len(message.data) < 1 << 16 and self.chance.random() < 0.3:
                header = decode_bundle(message.data)
                self.carry(*(self.drawn_bundle(header) for _ in range(self.twins)))

    def add(self) -> Iterable[Message]:
        draw = self.chance.randbytes
        return [Receipts(receipts=tuple(Receipt(preimage=draw(20), expiry_hour=1) for _ in range(5)))]


class Flooder(Liar):
    """Brings as much as it can, to everybody, at each meeting."""

    each: int = 10

    def wake(self) -> None:
        super().wake()
        self.carry(*(self.drawn_bundle() for _ in range(self.each)))
