"""core/handover/sending: messages of a receiver who breaks the rules (M2, M3)."""

from collections import deque
from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.talk import SIZES, can_be_said, content, offered, ranges
from fuzz.vectors import of_kind, raw
from satchel.core.blobs.chunks import chunk_count, hash_chunk
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode
from satchel.core.handover.sending import Sender, State
from satchel.errors import PeerError

AS_IT_CAME, HELLO, ACCEPT, RECEIPT, CHECK, WANT_FILES, WANT_CHUNKS, READY, FAILED, DO, GIVE_UP, DECLINE = (
    range(12)
)
STRIPE = 12
FRESH, RESUMED, WITH_A_NOTE = range(3)


class Owner:
    """Does what the sender gives it to do, as the node would."""

    def __init__(self, feed: Feed) -> None:
        entries = offered()
        self.accepted: frozenset[int] = frozenset()
        self.sent: set[int] = set()
        self.jobs: deque[e.HashChunks | e.SendChunks] = deque()
        kind = feed.number(3)
        if kind == RESUMED:
            self.accepted = frozenset({1, 2, 3, 4})
            self.sender = Sender.resumed(entries, wanted=self.accepted, aes=True)
        else:
            self.sender = Sender(entries, aes=True, note="note" if kind == WITH_A_NOTE else None)

    def carry_out(self, effects: list[e.Effect]) -> None:
        can_be_said(effects)
        for effect in effects:
            match effect:
                case e.Accepted(numbers=numbers):
                    assert not self.accepted
                    assert numbers <= set(range(len(SIZES)))
                    self.accepted = numbers
                case e.Confirmed(ranges=confirmed):
                    assert all({*range(first, first + count)} <= self.accepted for first, count in confirmed)
                case e.HashChunks() | e.SendChunks():
                    self.jobs.append(effect)
                case e.SendFiles(ranges=ranges):
                    self.jobs += [self.all_of(number) for number in numbers_in(ranges)]
                case e.WontCome(number=number):
                    assert number in self.accepted
                case _:
                    pass

    def all_of(self, number: int) -> e.SendChunks:
        assert number in self.accepted
        count = chunk_count(SIZES[number] or 0)
        return e.SendChunks(number=number, ranges=((0, count),) if count else (), told=())

    def work(self, *, give_up: bool) -> None:
        if not self.jobs:
            return
        job = self.jobs.popleft()
        # Nothing is read but files that were offered and accepted, and of them what is there (M2).
        assert job.number in self.accepted
        size = SIZES[job.number]
        assert size is not None
        count = chunk_count(size)
        hashes = [hash_chunk(content(size, index)) for index in range(count)]
        if give_up:
            self.carry_out(self.sender.failed(job.number, m.Failure.CHANGED))
        elif isinstance(job, e.HashChunks):
            assert 1 <= job.chunks <= count
            self.carry_out(self.sender.hashed(job.number, hashes[: job.chunks]))
        else:
            self.send(job, hashes)

    def send(self, job: e.SendChunks, hashes: list[bytes]) -> None:
        assert job.number not in self.sent  # nobody gets a file twice over one connection
        self.sent.add(job.number)
        chosen = {index for first, length in job.ranges for index in range(first, first + length)}
        assert chosen <= set(range(len(hashes)))
        assert list(job.told) == hashes[: len(job.told)]
        assert chosen | set(range(len(job.told))) == set(range(len(hashes)))  # so there will be a root
        self.sender.sent([job.number])


def check(data: bytes) -> bool:
    feed = Feed(data)
    owner = Owner(feed)
    try:
        while feed:
            step(owner, feed)
    except PeerError:
        return False
    return owner.sender.state is State.OVER


def step(owner: Owner, feed: Feed) -> None:
    match feed.number(13):
        case kind if kind == AS_IT_CAME:
            owner.carry_out(owner.sender.hear(decode(feed.piece())))
        case kind if kind in (DO, GIVE_UP):
            owner.work(give_up=kind == GIVE_UP)
        case kind if kind == STRIPE:
            owner.carry_out(owner.sender.stripe(2 + feed.number(15)))
        case kind:
            owner.carry_out(owner.sender.hear(message(kind, feed)))


def message(kind: int, feed: Feed) -> m.Message:
    """One that the codec lets in or nearly so: the machine is to bear the rest, too."""
    if kind == HELLO:
        return m.Hello(aes=bool(feed.number(2)))
    if kind == ACCEPT:
        return m.Accept(last=bool(feed.number(2)), ranges=in_order(ranges(feed)))
    if kind == RECEIPT:
        return m.Receipt(ranges=in_order(ranges(feed)))
    if kind == CHECK:
        return m.Check(files=tuple((number, 1 + count) for number, count in ranges(feed)))
    if kind == WANT_FILES:
        return m.WantFiles(ranges=in_order(ranges(feed)))
    if kind == WANT_CHUNKS:
        return m.WantChunks(number=feed.number(6), ranges=in_order(ranges(feed)))
    if kind == READY:
        return m.Ready()
    if kind == FAILED:
        return m.Failed(number=feed.number(6), failure=m.Failure(1 + feed.number(4)))
    return m.Decline()


def numbers_in(ranges: tuple[m.Range, ...]) -> list[int]:
    return [number for first, count in ranges for number in range(first, first + count)]


def in_order(found: tuple[m.Range, ...]) -> tuple[m.Range, ...]:
    """As the codec lets them in [1.6]."""
    kept: list[m.Range] = []
    free = 0
    for first, count in sorted(found):
        if count and first >= free:
            kept.append((first, count))
            free = first + count + 1
    return tuple(kept)


def seeds() -> Iterator[bytes]:
    for vector in of_kind("handover", "sender"):
        heard = [bytes((AS_IT_CAME,)) + as_piece(raw(body)) for body in vector["hears"]]
        yield bytes((RESUMED if vector["resumed"] else FRESH,)) + (bytes((DO,))).join(heard)
    accept = bytes((HELLO, 1, ACCEPT, 1, 1, 0, 5))
    whole = bytes((WANT_FILES, 2, 0, 3, 4, 1, READY, DO, DO, DO, DO))
    yield bytes((FRESH,)) + accept + whole + bytes((RECEIPT, 1, 0, 5))
    yield bytes((WITH_A_NOTE,)) + accept + whole + bytes((FAILED, 2, 2, RECEIPT, 2, 0, 2, 3, 2))
    yield (
        bytes((FRESH,))
        + accept
        + bytes((CHECK, 2, 2, 0, 4, 0, DO, GIVE_UP, WANT_CHUNKS, 2, 1, 1, 1, DO, READY))
    )
    yield bytes(
        (
            RESUMED,
            HELLO,
            0,
            RECEIPT,
            2,
            1,
            1,
            3,
            2,
            CHECK,
            1,
            2,
            1,
            DO,
            WANT_CHUNKS,
            2,
            0,
            READY,
            DO,
            RECEIPT,
            1,
            2,
            1,
        )
    )
    yield bytes((FRESH, HELLO, 0, DECLINE))
    yield (
        bytes((FRESH, STRIPE, 0))
        + accept
        + bytes((STRIPE, 2))
        + whole
        + bytes((STRIPE, 14, RECEIPT, 1, 0, 5))
    )
