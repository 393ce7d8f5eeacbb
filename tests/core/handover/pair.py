"""A sender and a receiver that talk to each other in memory, through the real bytes of every message."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_length, hash_chunk
from satchel.core.blobs.stream import Piece, chunk_head, end_record
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode, encode
from satchel.core.handover.receiving import Receiver
from satchel.core.handover.sending import HashJob, OutgoingFile, Sender, SendJob


def file(name: bytes, content: bytes) -> m.Entry:
    return m.Entry(path=(name,), kind=m.EntryKind.FILE, size=len(content), mtime_ns=1, executable=False)


def folder(name: bytes) -> m.Entry:
    return m.Entry(path=(name,), kind=m.EntryKind.FOLDER, size=0, mtime_ns=2, executable=False)


@dataclass
class Disk:
    """What the receiver has: unfinished bytes, finished numbers."""

    partial: dict[int, bytearray] = field(default_factory=dict)
    whole: dict[int, bytes] = field(default_factory=dict)

    def held(self, entries: Sequence[m.Entry]) -> dict[int, dict[int, bytes]]:
        held: dict[int, dict[int, bytes]] = {}
        for number, content in self.partial.items():
            size = entries[number].size
            for index in range(-(-len(content) // CHUNK_BYTES)):
                part = content[index * CHUNK_BYTES : index * CHUNK_BYTES + chunk_length(size, index)]
                if len(part) == chunk_length(size, index):
                    held.setdefault(number, {})[index] = hash_chunk(bytes(part))
        return held


class Pair:
    """Carries out all effects at once; `bulk_budget` cuts the line after so many bulk bytes."""

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
        bulk_piece: int = 100_000,
    ) -> None:
        self.sender, self.receiver = sender, receiver
        self.entries, self.contents, self.disk = entries, contents, disk
        self.accept = accept
        self.bulk_budget = bulk_budget
        self.bulk_piece = bulk_piece
        self.to_sender: deque[bytes] = deque()
        self.to_receiver: deque[bytes | bytearray] = deque()
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
        if self.to_sender:
            self.carry_out_sender(self.sender.hear(decode(self.to_sender.popleft())))
        elif self.to_receiver:
            data = self.to_receiver.popleft()
            if isinstance(data, bytes):
                self.carry_out_receiver(self.receiver.hear(decode(data)))
            else:
                self.hear_bulk(data)
        else:
            job = self.sender.next_job()
            if job is None:
                return False
            self.work(job)
        return True

    def hear_bulk(self, data: bytearray) -> None:
        for at in range(0, len(data), self.bulk_piece):
            part = memoryview(data)[at : at + self.bulk_piece]
            if self.bulk_bytes + len(part) > self.bulk_budget:
                raise ConnectionResetError
            self.bulk_bytes += len(part)
            for event in self.receiver.hear_bulk(part):
                if isinstance(event, Piece):
                    partial = self.disk.partial.setdefault(event.number, bytearray())
                    partial.extend(bytes(max(0, event.offset - len(partial))))
                    partial[event.offset : event.offset + len(event.data)] = event.data
                else:
                    self.carry_out_receiver([event])

    def work(self, job: HashJob | SendJob) -> None:
        content = self.contents[job.number]
        chunks = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
        if isinstance(job, HashJob):
            self.carry_out_sender(self.sender.hashed(job.number, list(map(hash_chunk, chunks[: job.chunks]))))
            return
        stream = bytearray()
        outgoing = OutgoingFile(len(content), job.known)
        for first, count in job.ranges:
            for index in range(first, first + count):
                assert outgoing.chunk_sent(index, hash_chunk(chunks[index]))
                stream += chunk_head(job.number, index) + chunks[index] + hash_chunk(chunks[index])
        self.sender.sent(job.number)
        self.to_receiver.append(stream + end_record(job.number, outgoing.root()))

    def carry_out_sender(self, effects: Sequence[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self.said.append(message)
                    self.to_receiver.append(encode(message))
                case e.Accepted(numbers=numbers):
                    self.accepted = numbers
                case e.Over():
                    self.over["sender"] = True
                case _:
                    pass

    def carry_out_receiver(self, effects: Sequence[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self.said.append(message)
                    self.to_sender.append(encode(message))
                case e.AskPerson(entries=entries):
                    wanted = frozenset(range(len(entries))) if self.accept is None else self.accept
                    self.carry_out_receiver(self.receiver.accept(wanted))
                case e.Finish(number=number):
                    self.disk.whole[number] = bytes(self.disk.partial.pop(number, b""))
                    self.carry_out_receiver(self.receiver.placed([number]))
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
