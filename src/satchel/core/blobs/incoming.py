"""Files that arrive: their chunks in any order, checked one by one, and their roots at the end.

Knows nothing of disks: where a piece belongs is told to the caller, who writes it where nothing believes
it until the file is whole. Spec: handover.md, section 4.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from satchel.core.blobs.assembly import ChunkAssembly
from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_count, chunk_length, hash_chunk, root
from satchel.core.blobs.stream import Digest, End, Piece, Whole, read_records
from satchel.errors import PeerError

OPEN_CHUNKS_MAX = 1024  # begun, not checked yet: far more than honest stripes leave behind (M3)


@dataclass(slots=True, kw_only=True)
class Write:
    """A piece of a file, not verified: write it to the unfinished file, believe nothing."""

    number: int
    offset: int  # in the file, bytes
    data: memoryview  # valid until the next frame


@dataclass(slots=True, kw_only=True)
class ReadBack:
    """Read this part of the unfinished file and give it to read_back()."""

    number: int
    offset: int
    length: int


@dataclass(slots=True, kw_only=True)
class PutWhole:
    """A whole small file, verified."""

    number: int
    data: memoryview  # valid until the next frame


@dataclass(slots=True, kw_only=True)
class Finish:
    """Every byte of the file was written and is verified."""

    number: int


Arrival = Write | ReadBack | PutWhole | Finish


class Incoming:
    """All files of one connection; used by one thread. Dead after a PeerError."""

    def __init__(self, size_of: Callable[[int], int]) -> None:
        """`size_of(number)`: the size of a file that was asked for and is not whole; raises PeerError for
        any other number."""
        self._size_of = size_of
        self._files: dict[int, IncomingFile] = {}
        self._open_chunks = 0
        self._dropped: set[int] = set()

    def keep(self, number: int, kept: Mapping[int, bytes]) -> None:
        """These chunks of a file are on disk and right: their hashes, by index."""
        self._files[number] = IncomingFile(self._size_of(number), kept)

    def drop(self, number: int) -> None:
        """The sender gives this file up. What is on the way of it still comes, and is passed over."""
        file = self._files.pop(number, None)
        self._open_chunks -= file.open_chunks if file is not None else 0
        self._dropped.add(number)

    def hear(self, body: memoryview) -> Iterator[Arrival]:
        """The records of one bulk frame, of any pipe: what to do for them. Carry each out before the next
        is asked for. Raises PeerError if it breaks section 4."""
        for record in read_records(body):
            number = record.number
            if number in self._dropped:
                continue
            size = self._size_of(number)
            if isinstance(record, Whole):
                if number in self._files:
                    raise PeerError("handover 4.3: a whole file of which parts came before")
                check_whole(size, record)
                yield PutWhole(number=number, data=record.data)
                continue
            file = self._files.get(number)
            if file is None:
                file = self._files[number] = IncomingFile(size)
            yield from self._take(file, record)
            if file.whole:
                del self._files[number]
                yield Finish(number=number)

    def read_back(self, back: ReadBack, data: memoryview) -> None:
        """What a ReadBack asked for, in order; may be given in parts."""
        self._files[back.number].read_back(back.offset // CHUNK_BYTES, data)

    def _take(self, file: "IncomingFile", record: Piece | Digest | End) -> Iterator[Arrival]:
        open_before = file.open_chunks
        match record:
            case Piece(number=number, index=index, data=data):
                yield Write(number=number, offset=file.take(record), data=data)
                while due := file.due(index):
                    yield ReadBack(number=number, offset=due[0], length=due[1])
                file.settle(index)
            case Digest(index=index):
                file.tell(record)
                file.settle(index)
            case End(root=theirs):
                file.end(theirs)
            case _:
                assert_never(record)
        self._open_chunks += file.open_chunks - open_before
        if self._open_chunks > OPEN_CHUNKS_MAX:
            raise PeerError("handover 4.3: too many chunks that are not whole")


class IncomingFile:
    """One file; used by one thread. Every method raises PeerError for a deviation from section 4."""

    __slots__ = ("_hashes", "_open", "_root", "_size")

    def __init__(self, size: int, kept: Mapping[int, bytes] | None = None) -> None:
        """`kept`: hashes of the chunks that are on disk and right, by index."""
        self._size = size
        self._hashes: dict[int, bytes] = dict(kept or {})
        self._open: dict[int, ChunkAssembly] = {}
        self._root: bytes | None = None

    @property
    def open_chunks(self) -> int:
        """Chunks that have begun and are not checked yet; each costs memory."""
        return len(self._open)

    def take(self, piece: Piece) -> int:
        """A piece came; returns where in the file it belongs, in bytes."""
        self._assembly(piece.index).take(piece.at, piece.data)
        return piece.index * CHUNK_BYTES + piece.at

    def due(self, index: int) -> tuple[int, int] | None:
        """(offset in the file, length) of what came before its turn and can be hashed now: read it back
        from the disk and give it to `read_back`, in order."""
        assembly = self._open.get(index)
        due = assembly.due() if assembly is not None else None
        return None if due is None else (index * CHUNK_BYTES + due[0], due[1])

    def read_back(self, index: int, data: memoryview) -> None:
        self._open[index].hash(data)

    def tell(self, digest: Digest) -> None:
        """The hash that the sender has for a chunk."""
        assembly = self._assembly(digest.index)
        if assembly.told is not None:
            raise PeerError("handover 4.3: the hash of a chunk, twice")
        assembly.told = digest.digest

    def settle(self, index: int) -> None:
        """Check the chunk, if all of it is there."""
        assembly = self._open.get(index)
        if assembly is None or assembly.told is None or not assembly.whole:
            return
        if assembly.digest() != assembly.told:
            raise PeerError("handover 4.2: a chunk does not match its hash")
        self._hashes[index] = assembly.told
        del self._open[index]

    def end(self, theirs: bytes) -> None:
        """The root that the sender has."""
        if self._root is not None:
            raise PeerError("handover 4.4: the root of a file, twice")
        self._root = theirs

    @property
    def whole(self) -> bool:
        """Whether every chunk is checked, and the root, too."""
        count = chunk_count(self._size)
        if self._root is None or len(self._hashes) != count:
            return False
        if root(self._size, [self._hashes[index] for index in range(count)]) != self._root:
            raise PeerError("handover 4.4: a file does not match its root")
        return True

    def _assembly(self, index: int) -> ChunkAssembly:
        assembly = self._open.get(index)
        if assembly is None:
            if index >= chunk_count(self._size) or index in self._hashes:
                raise PeerError("handover 4.3: a chunk that was not asked for")
            assembly = self._open[index] = ChunkAssembly(chunk_length(self._size, index))
        return assembly


def check_whole(size: int, record: Whole) -> None:
    """A file of `size` bytes that came in one record. Raises PeerError if that is not what it is [4.2]."""
    if chunk_count(size) != 1 or len(record.data) != size:
        raise PeerError("handover 4.3: a whole file of another length")
    if hash_chunk(record.data) != record.digest:
        raise PeerError("handover 4.2: a chunk does not match its hash")
