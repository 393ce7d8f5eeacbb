"""A hand-over that was accepted and is not over: its record, and what of it is on disk."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_count, chunk_length, hash_chunk
from satchel.core.handover.messages import Entry, EntryKind, as_entry
from satchel.core.handover.receiving import Receiver
from satchel.node import greeting
from satchel.node.entries import contents_of
from satchel.node.events import Contents, Delivered, Report
from satchel.ports import FileState, Landing, RecordEntry, RecordHead, Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How far a hand-over has come, by what is on disk."""

    wanted: Mapping[int, Entry]  # what is lacking, by number
    done: Sequence[int]  # what is in place, ascending
    held: Mapping[int, Mapping[int, bytes]]  # hashes of the whole chunks of what is lacking
    failed: Sequence[RecordEntry]  # what will not come

    @property
    def held_bytes(self) -> int:
        return sum(
            chunk_length(self.wanted[number].size, index)
            for number, chunks in self.held.items()
            for index in chunks
        )

    def receiver(self, *, aes: bool) -> Receiver:
        """Who goes on from there."""
        return Receiver.resumed(
            aes=aes,
            wanted=self.wanted,
            done=self.done,
            held=self.held,
            failed=[entry.number for entry in self.failed],
        )


class Unfinished:
    """The receiver's side of one unfinished hand-over."""

    def __init__(self, head: RecordHead, landing: Landing, *, told: bool, number: int = 0) -> None:
        """
        Args:
            told: the person knows by now which of its files failed earlier.
            number: from 1, where there are several.
        """
        self.head = head
        self.landing = landing
        self.told = told
        self.number = number
        self.contents: Contents | None = None  # known when it is agreed on, or looked up
        self.whole = head.finished  # all is in place; the sender may not know it yet
        self._stopped = threading.Event()

    def secrets(self) -> list[bytes]:
        return greeting.secrets_of([(self.head.secret, self.head.older_secret)])

    def becomes_whole(self, report: Report) -> None:
        """All is in place: that is told once."""
        if not self.whole:
            self.whole = True
            report(Delivered(contents=self.contents or Contents()))

    def stop_looking(self) -> None:
        """From another thread: `look_at_disk` ends soon, and what it returns is worth nothing."""
        self._stopped.set()

    def look_at_disk(self, records: Records) -> "Found":
        """Reads all that is unfinished: nothing recorded is believed of it."""
        entries = records.entries(self.head.id)
        if self.contents is None:
            self.contents = contents_of(one for one in entries if one.state is not FileState.REFUSED)
        partials = self.landing.partials()
        placed = [
            entry.number
            for entry in entries
            if entry.state is FileState.PLACING
            and entry.number not in partials
            and self.landing.find_placed(entry.path, entry.inode) is not None
        ]
        if placed:  # the program died between the name and the record
            self.landing.sync([])
            records.mark(self.head.id, placed, FileState.DONE)
        in_place = {entry.number for entry in entries if entry.state is FileState.DONE}.union(placed)
        lacking = {
            entry.number: entry
            for entry in entries
            if entry.state in (FileState.WANTED, FileState.PLACING) and entry.number not in in_place
        }
        held = {
            number: hash_partial(self.landing, entry, self._stopped)
            for number, entry in lacking.items()
            if entry.kind is EntryKind.FILE and partials.get(number, 0) > 0
        }
        return Found(
            wanted={n: as_entry(entry) for n, entry in lacking.items()},
            done=sorted(in_place),
            held=held,
            failed=[entry for entry in entries if entry.state is FileState.FAILED],
        )


def hash_partial(landing: Landing, entry: RecordEntry, stopped: threading.Event) -> dict[int, bytes]:
    """Hashes of the whole chunks of an unfinished file as they are on disk now; fewer when `stopped`."""
    hashes: dict[int, bytes] = {}
    buffer = memoryview(bytearray(CHUNK_BYTES))
    for index in range(chunk_count(entry.size)):
        if stopped.is_set():
            break
        part = buffer[: chunk_length(entry.size, index)]
        at = 0
        while at < len(part):
            count = landing.read(entry.number, index * CHUNK_BYTES + at, part[at:])
            if not count:
                return hashes
            at += count
        hashes[index] = hash_chunk(part)
    return hashes
