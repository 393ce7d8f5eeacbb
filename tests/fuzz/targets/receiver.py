"""core/handover/receiving: messages and bulk data of a sender who breaks the rules (M3, M4)."""

from collections.abc import Iterator

from core.blobs import records
from fuzz.feed import Feed, as_piece
from fuzz.talk import SIZES, can_be_said, content, offered
from fuzz.vectors import of_kind, raw
from satchel.core.blobs.chunks import chunk_count, hash_chunk
from satchel.core.blobs.incoming import Finish, PutWhole, ReadBack, Write
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import PIPES_MAX, decode
from satchel.core.handover.receiving import Receiver, State
from satchel.errors import PeerError

AS_IT_CAME, HELLO, OFFER, MANIFEST, FAILED, BYE, BULK, CHUNK, END, PLACE, REFUSE, TORN = range(12)
PIECE, DIGEST, WHOLE, STRIPES = range(12, 16)
FRESH, RESUMED = range(2)
DECLINE = 255
LONGEST = SIZES[2] or 0


class Owner:
    """Does what the receiver asks for, as the node would, and checks what it believes."""

    def __init__(self, feed: Feed) -> None:
        self.entries = offered()
        self.choice = feed.number()
        self.to_place: list[int] = []
        self.written: dict[int, dict[int, bytes]] = {}  # what came over this connection, by place
        self.pipes = 1
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
                case e.OpenPipes(pipes=pipes):
                    assert self.pipes < pipes <= PIPES_MAX  # so often, at most, is somebody dialled (M3)
                    self.pipes = pipes
                case e.FilesOver():
                    folders = [n for n, entry in enumerate(self.entries) if entry.kind is m.EntryKind.FOLDER]
                    if self.receiver.state is State.RECEIVING:  # else none was chosen
                        wanted = folders if self.held else [n for n in folders if self.choice >> n % 8 & 1]
                        self.carry_out(self.receiver.placed(wanted))
                case _:
                    pass

    def hear_bulk(self, data: bytes) -> None:
        for arrival in self.receiver.hear_bulk(memoryview(data)):
            number = arrival.number
            size = self.entries[number].size
            assert self.entries[number].kind is m.EntryKind.FILE
            assert number not in self.to_place
            pieces = self.written.setdefault(number, {})
            match arrival:
                case Write(offset=offset, data=part):
                    pieces[offset] = bytes(part)
                    assert offset + len(part) <= size
                    assert sum(map(len, pieces.values())) <= size  # no more than was accepted (M3)
                case ReadBack(offset=offset, length=length):
                    assert len(pieces[offset]) == length
                    self.receiver.read_back(arrival, memoryview(pieces[offset]))
                case PutWhole(data=part):
                    assert not pieces
                    assert len(part) == size
                    self.to_place.append(number)
                case Finish():
                    assert self.held or sum(map(len, pieces.values())) == size
                    self.to_place.append(number)


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
    match feed.number(16):
        case kind if kind == AS_IT_CAME:
            owner.carry_out(receiver.hear(decode(feed.piece())))
        case kind if kind == BULK:
            owner.hear_bulk(feed.piece())
        case kind if kind == CHUNK:
            owner.hear_bulk(chunk(owner, feed.number(6), feed.number(3)))
        case kind if kind == END:
            number = feed.number(6)
            owner.hear_bulk(records.end(number, own_content(owner, number)))
        case kind if kind == PIECE:
            number, index, place = feed.number(6), feed.number(3), feed.number(4)
            data = own_chunk(owner, number, index)
            step = -(-len(data) // 4)
            owner.hear_bulk(records.piece(number, index, place * step, data[place * step :][:step]))
        case kind if kind == DIGEST:
            number, index = feed.number(6), feed.number(3)
            owner.hear_bulk(records.digest(number, index, own_chunk(owner, number, index)))
        case kind if kind == WHOLE:
            number = feed.number(6)
            owner.hear_bulk(records.whole(number, own_chunk(owner, number, 0)))
        case kind if kind == TORN:  # a record that goes beyond its frame
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
    if kind == STRIPES:
        return m.Stripes(pipes=2 + feed.number(PIPES_MAX - 1))
    return m.Bye()


def chunk(owner: Owner, number: int, index: int) -> bytes:
    """A whole chunk of our own content with its hash."""
    return records.chunk(number, index, own_chunk(owner, number, index))


def own_chunk(owner: Owner, number: int, index: int) -> bytes:
    """Of what is not there, one byte."""
    size = owner.entries[number].size if number < len(owner.entries) else 1
    return content(size, index) if index < chunk_count(size) and size <= LONGEST else b"\0"


def own_content(owner: Owner, number: int) -> bytes:
    size = owner.entries[number].size if number < len(owner.entries) else 0
    if size > LONGEST:
        return b""
    return b"".join(content(size, index) for index in range(chunk_count(size)))


def seeds() -> Iterator[bytes]:
    for vector in of_kind("handover", "receiver"):
        choice = sum(1 << number for number in vector["wanted"])
        heard = [bytes((AS_IT_CAME,)) + as_piece(raw(body)) for body in vector["hears"]]
        yield bytes((choice, FRESH)) + b"".join(heard)
    offer = bytes((HELLO, 0, OFFER, 1, 0))
    for vector in of_kind("handover", "stream"):
        frames = [raw(frame) for frame in vector["frames"]]
        choice = sum(1 << number for number in vector["wanted"])
        if vector["files"] == list(SIZES) and sum(map(len, frames)) < 1 << 12:
            failed = b"".join(bytes((FAILED, number, 0)) for number in vector.get("failed", []))
            bulk = b"".join(bytes((BULK,)) + as_piece(frame) for frame in frames)
            yield bytes((choice, FRESH)) + offer + failed + bulk
    files = bytes((END, 0, PLACE, 0, CHUNK, 1, 0, END, 1, CHUNK, 2, 0, CHUNK, 2, 1, END, 2))
    yield bytes((0b01111, FRESH)) + offer + files + bytes((PLACE, 1, PLACE, 0, BYE))
    yield bytes((0b11111, FRESH)) + offer + files + bytes((FAILED, 4, 0, REFUSE, PLACE, 0, BYE))
    compared = bytes(
        (HELLO, 0, MANIFEST, 2, 0, 0, MANIFEST, 4, 0, 0, END, 0, CHUNK, 2, 1, END, 2, CHUNK, 4, 0, END, 4)
    )
    yield bytes((0, RESUMED)) + compared + bytes((PLACE, 0, PLACE, 0, PLACE, 0, BYE))
    yield bytes((0, RESUMED)) + bytes((HELLO, 1, FAILED, 2, 0, FAILED, 4, 1, TORN, 0, 0, 3, FAILED, 0, 0))
    yield bytes((DECLINE, FRESH)) + offer
    pieces = bytes((PIECE, 2, 0, 3, END, 2, PIECE, 2, 0, 1, DIGEST, 2, 0, WHOLE, 1, PIECE, 2, 0, 2))
    last = bytes((STRIPES, 14, CHUNK, 2, 1, PIECE, 2, 0, 0, PLACE, 1, PLACE, 0, BYE))
    yield bytes((0b00110, FRESH)) + offer + bytes((STRIPES, 2)) + pieces + last
    yield (
        bytes((0b00110, FRESH)) + offer + bytes((FAILED, 2, 0)) + pieces + bytes((PLACE, 0, STRIPES, 0, BYE))
    )
    yield bytes((0b00110, FRESH)) + offer + bytes((STRIPES, 2, STRIPES, 2))
    yield bytes((0b10010, FRESH)) + offer + bytes((WHOLE, 1, PIECE, 4, 0, 0, WHOLE, 4))
