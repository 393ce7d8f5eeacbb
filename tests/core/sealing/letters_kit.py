"""Two contacts who write to each other, each with a store that does what a Change says; nothing else."""

import random
from dataclasses import dataclass, field

from satchel.core.bundles.header import decode_header
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry, Speaking
from satchel.core.sealing.listening import Change, Listening
from satchel.core.sealing.seal import Opened, seal, unseal
from satchel.core.sealing.table import TagTable

NOW = Reading(time_s=1_800_000_000, plausible=True)
EXPIRY_HOUR = 62_000
WRITER = ContactId(b"w" * 16)


def later(seconds: int, *, plausible: bool = True) -> Reading:
    return Reading(time_s=NOW.time_s + seconds, plausible=plausible)


@dataclass
class Writer:
    """What stands on the disk of who writes."""

    speaking: Speaking
    chance: random.Random
    numbers: dict[bytes, int] = field(default_factory=dict)  # by the preimage of the receipt

    def write(self, content: bytes) -> bytes:
        entry, self.speaking = self.speaking.take()
        preimage = self.chance.randbytes(20)
        self.numbers[preimage] = entry.number
        return seal(
            entry,
            content,
            preimage=preimage,
            nonce=self.chance.randbytes(12),
            expiry_hour=EXPIRY_HOUR,
            copies=24,
        )

    def receipt(self, preimage: bytes) -> None:
        self.speaking = self.speaking.opened(self.numbers.pop(preimage))

    def copy(self) -> "Writer":
        return Writer(speaking=self.speaking, chance=self.chance, numbers=dict(self.numbers))


@dataclass
class Disk:
    """Of who opens."""

    listening: Listening
    entries: dict[int, Entry] = field(default_factory=dict)

    def carry_out(self, change: Change) -> list[bytes]:
        """As one transaction. Returns the tags of what was erased."""
        self.listening = change.listening
        self.entries |= {entry.number: entry for entry in change.added}
        gone = [number for numbers in change.erased for number in numbers if number in self.entries]
        return [self.entries.pop(number).tag for number in gone]

    def copy(self) -> "Disk":
        return Disk(listening=self.listening, entries=dict(self.entries))


class Reader:
    """Who opens: a disk, and the table in memory."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.table = TagTable()
        stored = [(entry.number, entry.tag) for entry in disk.entries.values()]
        self.table.put(WRITER, disk.listening, stored)

    def entry(self, bundle: bytes) -> Entry | None:
        found = self.table.find(decode_header(bundle).tag)
        if found is None:
            return None
        stored = self.disk.entries.get(found.number)
        return stored if stored is not None else self.disk.listening.entry(found.number)

    def take(self, bundle: bytes, now: Reading = NOW) -> Opened | None:
        """What a bundle holds, the first time it is here."""
        entry = self.entry(bundle)
        opened = None if entry is None else unseal(entry, bundle)
        if entry is None or opened is None:
            return None
        self.do(self.disk.listening.opened(entry.number, now))
        self.table.drop(entry.tag)
        return opened

    def do(self, change: Change | None) -> None:
        if change is None:
            return
        for tag in self.disk.carry_out(change):
            self.table.drop(tag)
        self.table.move(WRITER, change)


def acquainted(seed: int) -> tuple[Writer, Reader]:
    chance = random.Random(seed)
    root = chance.randbytes(32)
    return Writer(Speaking.begin(root), chance), Reader(Disk(Listening.begin(root)))


def changed(bundle: bytes, at: int) -> bytes:
    return bundle[:at] + bytes((bundle[at] ^ 1,)) + bundle[at + 1 :]


def told(writer: Writer, reader: Reader) -> None:
    """What both say in a session [chain 3.3, 4.6]."""
    following = writer.speaking.place.number
    writer.speaking = writer.speaking.told(reader.disk.listening.highest)
    reader.do(reader.disk.listening.reach(following, NOW))
