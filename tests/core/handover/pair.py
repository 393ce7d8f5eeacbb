"""A sender and a receiver that talk to each other in memory, through the real bytes of all they say.

Chance decides how content is cut into frames, when a message leaves between them, on which of the pipes
a frame travels and from which pipe the next one is heard; each pipe keeps its order.
"""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from core.handover.packing import Packer
from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_count, chunk_length, hash_chunk, root
from satchel.core.blobs.incoming import Arrival, Finish, PutWhole, ReadBack, Write
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode, encode
from satchel.core.handover.receiving import Receiver
from satchel.core.handover.sending import Sender, State

IN_FLIGHT_MAX = 8  # frames on all pipes
ROOMS = (24_000, 65_512, 262_120)


def file(name: bytes, content: bytes) -> m.Entry:
    return m.Entry(path=(name,), kind=m.EntryKind.FILE, size=len(content), mtime_ns=1, executable=False)


def folder(name: bytes) -> m.Entry:
    return m.Entry(path=(name,), kind=m.EntryKind.FOLDER, size=0, mtime_ns=2, executable=False)


def cut(content: bytes) -> list[bytes]:
    return [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]


@dataclass
class Disk:
    """What the receiver has: unfinished bytes, finished numbers."""

    partial: dict[int, bytearray] = field(default_factory=dict)
    whole: dict[int, bytes] = field(default_factory=dict)

    def write(self, number: int, offset: int, data: memoryview) -> None:
        partial = self.partial.setdefault(number, bytearray())
        partial.extend(bytes(max(0, offset - len(partial))))
        partial[offset : offset + len(data)] = data

    def held(self, entries: Sequence[m.Entry]) -> dict[int, dict[int, bytes]]:
        held: dict[int, dict[int, bytes]] = {}
        for number, content in self.partial.items():
            size = entries[number].size
            for index, part in enumerate(cut(bytes(content))):
                if len(part) == chunk_length(size, index):
                    held.setdefault(number, {})[index] = hash_chunk(part)
        return held


@dataclass(frozen=True)
class Frame:
    """A bulk frame on its way, unlike a message, which is bytes."""

    body: bytes


class Pair:
    """Carries out all effects; `bulk_budget` cuts the line after so many bulk bytes."""

    def __init__(
        self,
        sender: Sender,
        receiver: Receiver,
        entries: Sequence[m.Entry],
        contents: Mapping[int, bytes],
        disk: Disk,
        *,
        accept: frozenset[int] | None = None,
        bulk_budget: int = 1 << 60,
        seed: int = 0,
        pipes_max: int = 1,
        fails: Mapping[int, int] | None = None,
    ) -> None:
        """`pipes_max`: at some time the sender asks for so many. `fails`: after so many chunks, by file."""
        self.sender, self.receiver = sender, receiver
        self.entries, self.contents, self.disk = entries, contents, disk
        self.accept = accept
        self.bulk_budget = bulk_budget
        self.chance = random.Random(seed)
        self.pipes_max = pipes_max
        self.fails = fails or {}
        self.packer = Packer(lambda: self.chance.choice(ROOMS))
        self.jobs: deque[e.HashChunks | e.SendFiles | e.SendChunks] = deque()
        self.to_sender: deque[bytes] = deque()
        self.to_receiver: list[deque[bytes | Frame]] = [deque()]
        self.said: list[m.Message] = []
        self.bulk_bytes = 0
        self.over = {"sender": False, "receiver": False}
        self.wont_come: list[tuple[int, m.Failure]] = []
        self.accepted: frozenset[int] | None = None

    def run(self) -> None:
        self.carry_out_receiver(self.receiver.start())
        while self.step():
            pass

    def step(self) -> bool:
        """One thing that can happen now; False when nothing can."""
        in_flight = sum(isinstance(item, Frame) for pipe in self.to_receiver for item in pipe)
        can = [self.hear_in_receiver] * sum(map(bool, self.to_receiver))
        can += [self.hear_in_sender] * bool(self.to_sender)
        can += [self.send_frame] * (bool(self.packer.ready) and in_flight < IN_FLIGHT_MAX)
        can += [self.work] * (bool(self.jobs) and not self.packer.ready)
        if self.pipes_max > len(self.to_receiver) and self.sender.state is State.SENDING:
            can.append(self.ask_for_pipes)
        if can:
            self.chance.choice(can)()
        return bool(can)

    # --- the sender's side -----------------------------------------------------------------------

    def hear_in_sender(self) -> None:
        self.carry_out_sender(self.sender.hear(decode(self.to_sender.popleft())))

    def ask_for_pipes(self) -> None:
        pipes, self.pipes_max = self.pipes_max, 0
        self.carry_out_sender(self.sender.stripe(pipes))

    def send_frame(self) -> None:
        ended, body = self.packer.ready.popleft()
        self.sender.sent(ended)
        self.chance.choice(self.to_receiver).append(Frame(body))

    def work(self) -> None:
        match self.jobs.popleft():
            case e.HashChunks(number=number, chunks=chunks):
                hashes = list(map(hash_chunk, cut(self.contents[number])[:chunks]))
                self.carry_out_sender(self.sender.hashed(number, hashes))
            case e.SendFiles(ranges=ranges):
                for first, count in ranges:
                    for number in range(first, first + count):
                        self.send_file(number)
            case e.SendChunks(number=number, ranges=ranges):
                self.send_chunks(number, ranges)
        if not self.jobs:
            self.packer.flush()

    def send_file(self, number: int) -> None:
        content = self.contents[number]
        as_a_whole = (
            chunk_count(len(content)) == 1 and number not in self.fails and self.chance.random() < 0.5
        )
        if as_a_whole and self.packer.whole(number, content):
            return
        self.send_chunks(number, [(0, chunk_count(len(content)))])

    def send_chunks(self, number: int, ranges: Sequence[m.Range]) -> None:
        chunks = cut(self.contents[number])
        indexes = [index for first, count in ranges for index in range(first, first + count)]
        if number in self.fails:
            for index in indexes[: self.fails[number]]:
                self.packer.chunk(number, index, chunks[index])
            self.carry_out_sender(self.sender.failed(number, m.Failure.CHANGED))
            return
        for index in indexes:
            self.packer.chunk(number, index, chunks[index])
        self.packer.end(number, root(len(self.contents[number]), list(map(hash_chunk, chunks))))

    def carry_out_sender(self, effects: Sequence[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self.said.append(message)
                    self.to_receiver[0].append(encode(message))
                case e.HashChunks() | e.SendFiles() | e.SendChunks():
                    self.jobs.append(effect)
                case e.Accepted(numbers=numbers):
                    self.accepted = numbers
                case e.Over():
                    self.over["sender"] = True
                case _:
                    pass

    # --- the receiver's side ---------------------------------------------------------------------

    def hear_in_receiver(self) -> None:
        item = self.chance.choice([pipe for pipe in self.to_receiver if pipe]).popleft()
        if isinstance(item, bytes):
            self.carry_out_receiver(self.receiver.hear(decode(item)))
            return
        if self.bulk_bytes + len(item.body) > self.bulk_budget:
            raise ConnectionResetError
        self.bulk_bytes += len(item.body)
        for arrival in self.receiver.hear_bulk(memoryview(item.body)):
            self.land(arrival)

    def land(self, arrival: Arrival) -> None:
        match arrival:
            case Write(number=number, offset=offset, data=data):
                self.disk.write(number, offset, data)
            case ReadBack(number=number, offset=offset, length=length):
                self.receiver.read_back(
                    arrival, memoryview(self.disk.partial[number])[offset : offset + length]
                )
            case PutWhole(number=number, data=data):
                self.disk.partial.pop(number, None)
                self.place(number, bytes(data))
            case Finish(number=number):
                self.place(number, bytes(self.disk.partial.pop(number, b"")))
            case _:
                assert_never(arrival)

    def place(self, number: int, content: bytes) -> None:
        assert number not in self.disk.whole
        self.disk.whole[number] = content
        self.carry_out_receiver(self.receiver.placed([number]))

    def carry_out_receiver(self, effects: Sequence[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self.said.append(message)
                    self.to_sender.append(encode(message))
                case e.AskPerson(entries=entries):
                    wanted = frozenset(range(len(entries))) if self.accept is None else self.accept
                    self.carry_out_receiver(self.receiver.accept(wanted))
                case e.OpenPipes(pipes=pipes):
                    self.to_receiver += [deque() for _ in range(pipes - len(self.to_receiver))]
                case e.FilesOver():
                    wanted = frozenset(range(len(self.entries))) if self.accept is None else self.accept
                    folders = [n for n in sorted(wanted) if self.entries[n].kind is m.EntryKind.FOLDER]
                    if folders:
                        self.carry_out_receiver(self.receiver.placed(folders))
                case e.WontCome(number=number, failure=failure):
                    self.wont_come.append((number, failure))
                    self.disk.partial.pop(number, None)
                case e.Over():
                    self.over["receiver"] = True
                case _:
                    pass
