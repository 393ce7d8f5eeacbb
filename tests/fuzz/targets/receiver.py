"""core/handover/receiving: messages and bulk data of a sender who breaks the rules (M3, M4)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.talk import SIZES, can_be_said, content, offered
from fuzz.vectors import of_kind, raw
from satchel.core.blobs.chunks import chunk_count, hash_chunk, root
from satchel.core.blobs.stream import Piece, chunk_head, end_record
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode
from satchel.core.handover.receiving import Receiver, State
from satchel.errors import PeerError

AS_IT_CAME, HELLO, OFFER, MANIFEST, FAILED, BYE, BULK, CHUNK, END, PLACE, REFUSE, TORN = range(12)
FRESH, RESUMED = range(2)
DECLINE = 255
EMPTY_ROOT = root(0, [])


class Owner:
    """Does what the receiver asks for, as the node would, and checks what it believes."""

    def __init__(self, feed: Feed) -> None:
        self.entries = offered()
        self.choice = feed.number()
        self.to_place: list[int] = []
        self.written: dict[int, int] = {}  # bytes of each file that came over this connection
        self.held = 0
        if feed.number(2) == RESUMED:
            wanted = {n: entry for n, entry in enumerate(self.entries) if n != 1}
            held = {2: {0: hash_chunk(content(SIZES[2] or 0, 0))}, 4: {0: hash_chunk(b"other")}}
            self.receiver = Receiver.resumed(aes=False, wanted=wanted, done=[1], held=held)
            self.held = 2
        else:
            self.receiver = Receiver(aes=False)
        self.carry_out(self.receiver.start())

    def carry_out(self, effects: list[e.Effect]) -> None:
        can_be_said(effects)
        for effect in effects:
            match effect:
                case e.AskPerson(entries=entries):
                    self.entries = entries
                    chosen = [n for n in range(len(entries)) if self.choice >> n % 8 & 1]
                    if self.choice == DECLINE:
                        self.carry_out(self.receiver.decline())
                    else:
                        self.carry_out(self.receiver.accept(chosen))
                case e.Finish(number=number):
                    assert self.entries[number].kind is m.EntryKind.FILE
                    assert self.held or self.written.get(number, 0) == self.entries[number].size
                    assert number not in self.to_place
                    self.to_place.append(number)
                case e.FilesOver():
                    folders = [n for n, entry in enumerate(self.entries) if entry.kind is m.EntryKind.FOLDER]
                    if self.receiver.state is State.RECEIVING:  # else none was chosen
                        wanted = folders if self.held else [n for n in folders if self.choice >> n % 8 & 1]
                        self.carry_out(self.receiver.placed(wanted))
                case _:
                    pass

    def hear_bulk(self, data: bytes) -> None:
        for event in self.receiver.hear_bulk(memoryview(data)):
            if isinstance(event, Piece):
                entry = self.entries[event.number]
                assert event.offset + len(event.data) <= entry.size  # no more than was accepted (M3)
                self.written[event.number] = self.written.get(event.number, 0) + len(event.data)
            else:
                self.carry_out([event])


def check(data: bytes) -> bool:
    feed = Feed(data)
    owner = Owner(feed)
    try:
        while feed:
            step(owner, feed)
    except PeerError:
        return False
    return owner.receiver.state is State.OVER


def step(owner: Owner, feed: Feed) -> None:
    receiver = owner.receiver
    match feed.number(12):
        case kind if kind == AS_IT_CAME:
            owner.carry_out(receiver.hear(decode(feed.piece())))
        case kind if kind == BULK:
            owner.hear_bulk(feed.piece())
        case kind if kind == CHUNK:
            owner.hear_bulk(chunk(owner, feed.number(6), feed.number(3)))
        case kind if kind == END:
            number = feed.number(6)
            owner.hear_bulk(end_record(number, root_of(owner, number)))
        case kind if kind == TORN:  # a record head, and then something else
            owner.hear_bulk(chunk(owner, feed.number(6), feed.number(3))[: feed.number(12)])
        case kind if kind == PLACE and owner.to_place:
            owner.carry_out(receiver.placed([owner.to_place.pop(feed.number(len(owner.to_place)))]))
        case kind if kind == REFUSE and owner.to_place:
            owner.carry_out(receiver.refused_by_disk(owner.to_place.pop()))
        case kind:
            owner.carry_out(receiver.hear(message(kind, owner, feed)))


def message(kind: int, owner: Owner, feed: Feed) -> m.Message:
    if kind == HELLO:
        return m.Hello(aes=bool(feed.number(2)))
    if kind == OFFER:
        last = bool(feed.number(2))
        return m.Offer(first=feed.number(8), entries=offered(), last=last, note="note" if last else None)
    if kind == MANIFEST:
        number, first = feed.number(6), feed.number(3)
        hashes = [hash_chunk(content(SIZES[2] or 0, index)) for index in range(1 + feed.number(2))]
        return m.Manifest(number=number, first=first, hashes=tuple(hashes))
    if kind == FAILED:
        return m.Failed(number=feed.number(6), failure=m.Failure(1 + feed.number(4)))
    return m.Bye()


def chunk(owner: Owner, number: int, index: int) -> bytes:
    """A whole record of our own content; of what is not there, one byte."""
    size = owner.entries[number].size if number < len(owner.entries) else 1
    data = content(size, index) if index < chunk_count(size) and size <= (SIZES[2] or 0) else b"\0"
    return chunk_head(number, index) + data + hash_chunk(data)


def root_of(owner: Owner, number: int) -> bytes:
    size = owner.entries[number].size if number < len(owner.entries) else 0
    if not 0 < size <= (SIZES[2] or 0):
        return EMPTY_ROOT
    return root(size, [hash_chunk(content(size, index)) for index in range(chunk_count(size))])


def seeds() -> Iterator[bytes]:
    for vector in of_kind("handover", "receiver"):
        choice = sum(1 << number for number in vector["wanted"])
        heard = [bytes((AS_IT_CAME,)) + as_piece(raw(body)) for body in vector["hears"]]
        yield bytes((choice, FRESH)) + b"".join(heard)
    offer = bytes((HELLO, 0, OFFER, 1, 0))
    for vector in of_kind("handover", "stream"):
        stream = raw(vector["stream"])
        choice = sum(1 << number for number in vector["wanted"])
        if len(stream) < 1 << 12:
            yield bytes((choice, FRESH)) + offer + bytes((BULK,)) + as_piece(stream)
    files = bytes((END, 0, PLACE, 0, CHUNK, 1, 0, END, 1, CHUNK, 2, 0, CHUNK, 2, 1, END, 2))
    yield bytes((0b01111, FRESH)) + offer + files + bytes((PLACE, 1, PLACE, 0, BYE))
    yield bytes((0b11111, FRESH)) + offer + files + bytes((FAILED, 4, 0, REFUSE, PLACE, 0, BYE))
    compared = bytes(
        (HELLO, 0, MANIFEST, 2, 0, 0, MANIFEST, 4, 0, 0, END, 0, CHUNK, 2, 1, END, 2, CHUNK, 4, 0, END, 4)
    )
    yield bytes((0, RESUMED)) + compared + bytes((PLACE, 0, PLACE, 0, PLACE, 0, BYE))
    yield bytes((0, RESUMED)) + bytes((HELLO, 1, FAILED, 2, 0, FAILED, 4, 1, TORN, 0, 0, 3, FAILED, 0, 0))
    yield bytes((DECLINE, FRESH)) + offer
