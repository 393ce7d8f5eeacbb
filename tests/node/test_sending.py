"""The sender's side of one session, over a pipe in memory: how it ends, and what it says of lost files."""

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from core.session.session_kit import open_frame
from node.memory import KEYS, PEERS_KEYS, WITHIN_S, MemorySource
from node.memory import MemoryPipe as Pipe
from satchel.core.blobs.stream import End, Whole, read_records
from satchel.core.crypto.aead import Suite
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode, encode
from satchel.core.handover.sending import Sender
from satchel.core.session.frames import Kind, Opener, Sealer
from satchel.errors import FileChanged, PeerError
from satchel.node.carousel import Carousel
from satchel.node.channel import Channel
from satchel.node.outcome import Outcome
from satchel.node.seat import Pace
from satchel.node.sending import SendingConversation
from satchel.ports import SourceEntry

CONTENTS = [b"short", bytes(3_000_000)]


class ChangedSource(MemorySource):
    """As the real one: what is another file now is refused when it is opened."""

    def open(self, entry: SourceEntry):  # type: ignore[no-untyped-def]
        if int(entry.location) in self.changed:
            raise FileChanged("It was changed.")
        return super().open(entry)


class Talk:
    """A resumed hand-over, and its receiver, who says what the test says."""

    def __init__(self, source: MemorySource) -> None:
        entries = source.entries
        self.pipe = Pipe()
        self._sealer, self._opener = Sealer(PEERS_KEYS.send), Opener(KEYS.send)
        self._opened = 0
        self.outcome: list[Outcome | BaseException] = []
        numbers = range(len(entries))
        self.conversation = SendingConversation(
            channel=Channel(self.pipe, KEYS),
            sender=Sender.resumed(entries, wanted=numbers, aes=False),
            entries=entries,
            pace=Pace(),
            source=source,
            carousel=Carousel(entries, source),
            keys_confirmed=lambda: None,
            remember=lambda _: None,
            report=lambda _: None,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.say(m.Hello(aes=False))
        assert self.hear() == m.Hello(aes=False)
        for end in (self._sealer, self._opener):
            end.agree(Suite.CHACHA20_POLY1305)

    def _run(self) -> None:
        try:
            self.outcome.append(self.conversation.run(accepted=frozenset((0, 1))))
        except BaseException as problem:  # noqa: BLE001 - the test looks at it
            self.outcome.append(problem)

    def say(self, *messages: m.Message) -> None:
        for message in messages:
            self.pipe.bring(self._sealer.control(encode(message)))

    def next_frame(self) -> tuple[Kind, bytes]:
        until = time.monotonic() + WITHIN_S
        while len(self.pipe.sent) <= self._opened:
            assert time.monotonic() < until, "nothing was said"
            threading.Event().wait(0.005)
        self._opened += 1
        return open_frame(self._opener, self.pipe.sent[self._opened - 1])

    def hear(self) -> m.Message:
        """The next message; what comes of files and padding is passed over."""
        while True:
            kind, body = self.next_frame()
            if kind is Kind.CONTROL:
                return decode(body)

    def take(self, files: int) -> None:
        """Until the end of so many files has come."""
        ended = 0
        while ended < files:
            kind, body = self.next_frame()
            if kind is Kind.BULK:
                ended += sum(isinstance(record, End | Whole) for record in read_records(memoryview(body)))

    def end(self) -> Outcome | BaseException:
        self._thread.join(WITHIN_S)
        return self.outcome[0]


@pytest.fixture
def source() -> ChangedSource:
    return ChangedSource(CONTENTS)


@pytest.fixture
def talk(source: ChangedSource) -> Iterator[Talk]:
    talk = Talk(source)
    yield talk
    talk.pipe.close()
    talk.end()


def files(*ranges: m.Range) -> Sequence[m.Message]:
    return [m.WantFiles(ranges=ranges), m.Ready()]


def test_all_is_sent_and_both_part(talk: Talk) -> None:
    talk.say(*files((0, 2)))
    talk.take(2)
    talk.say(m.Receipt(ranges=((0, 2),)))
    assert talk.hear() == m.Bye()
    assert talk.end() is Outcome.COMPLETE


@pytest.mark.parametrize("why", [m.Failure.CHANGED, m.Failure.UNREADABLE])
def test_a_candidate_that_is_not_what_it_was_says_why(
    talk: Talk, source: ChangedSource, why: m.Failure
) -> None:
    """One that was changed came out as unreadable."""
    (source.changed if why is m.Failure.CHANGED else source.unreadable).add(1)
    talk.say(m.Check(files=((1, 2),)))
    assert talk.hear() == m.Failed(number=1, failure=why)


def test_hashes_are_told_when_they_were_asked_for(talk: Talk) -> None:
    talk.say(m.Check(files=((1, 3),)))
    told = talk.hear()
    assert isinstance(told, m.Manifest)
    assert len(told.hashes) == 3


def test_a_receiver_that_is_gone_before_the_last_word_keeps_no_thread(talk: Talk) -> None:
    """It has everything and its receipt has left: the sending thread waited for ever."""
    talk.say(*files((0, 2)))
    talk.take(2)
    talk.say(m.Receipt(ranges=((0, 2),)))
    talk.pipe.close()
    assert talk.end() in (Outcome.COMPLETE, Outcome.LOST)


def test_a_peer_that_breaks_the_rules_is_told_to_the_owner(talk: Talk) -> None:
    talk.say(m.WantChunks(number=1, ranges=()))
    assert isinstance(talk.end(), PeerError)
    assert talk.pipe.is_closed
