"""Messages of a hand-over as bytes: canonical CBOR maps. Spec: docs/spec/handover.md, section 2."""

from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from satchel.core.blobs.chunks import HASH_BYTES
from satchel.core.handover import messages as m
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields
from satchel.core.wire.paths import PATH_COMPONENTS_MAX, refusal
from satchel.errors import PeerError

MESSAGE_BYTES_MAX = 65_000  # fits the largest control frame
NUMBER_MAX = 199_999  # so an offer has at most 200,000 entries
SIZE_MAX = 1 << 52  # 2**32 chunks: their numbers have four bytes in the stream [4.1]
MTIME_NS_MAX = (1 << 63) - 1
NOTE_BYTES_MAX = 48_000
ENTRIES_PER_OFFER_MAX = 1000
RANGES_MAX = 4000
CHECKS_MAX = 4000
HASHES_PER_MANIFEST_MAX = 1024
OFFER_COST_MAX = 96 << 20  # all names of one offer together, in bytes (M3)
COMPONENT_COST_BYTES = 64  # what a name costs in memory beyond its bytes
RECEIVERS_FAILURES = (m.Failure.REFUSED_BY_DISK, m.Failure.FAILED_BEFORE)
CHUNKS_MAX = SIZE_MAX >> 20
PIPES_MAX = 16  # of one session
_KIND_OF = tuple(m.EntryKind)

_KINDS: tuple[type[m.Message], ...] = (
    m.Hello,
    m.Offer,
    m.Accept,
    m.Decline,
    m.Receipt,
    m.Check,
    m.Manifest,
    m.WantFiles,
    m.WantChunks,
    m.Ready,
    m.Failed,
    m.Bye,
    m.Stop,
    m.Stripes,
)  # the number on the wire is the place in this list, from 1, as is the clause in section 2


def offer_cost(paths: Iterable[m.Path]) -> int:
    """What these names cost whoever keeps them [2.2]."""
    return sum(len(name) + COMPONENT_COST_BYTES for path in paths for name in path)


def encode(message: m.Message) -> bytes:
    """One message as bytes; at most MESSAGE_BYTES_MAX for messages made by sending.py and receiving.py."""
    kind: dict[int, cbor.Value] = {0: _KINDS.index(type(message)) + 1}
    return cbor.encode(kind | _fields(message))


def _fields(message: m.Message) -> dict[int, cbor.Value]:
    match message:
        case m.Hello(aes=aes):
            return {1: aes}
        case m.Offer():
            entries: list[cbor.Value] = [_entry(entry) for entry in message.entries]
            page: dict[int, cbor.Value] = {1: message.first, 2: entries, 3: message.last}
            return page if message.note is None else page | {4: message.note}
        case m.Accept(ranges=ranges, last=last):
            return {1: _pairs(ranges), 2: last}
        case m.Receipt(ranges=pairs) | m.Check(files=pairs) | m.WantFiles(ranges=pairs):
            return {1: _pairs(pairs)}
        case m.Manifest(number=number, first=first, hashes=hashes):
            return {1: number, 2: first, 3: b"".join(hashes)}
        case m.WantChunks(number=number, ranges=ranges):
            return {1: number, 2: _pairs(ranges)}
        case m.Failed(number=number, failure=failure):
            return {1: number, 2: failure.value}
        case m.Stop(reason=reason):
            return {1: reason.value}
        case m.Stripes(pipes=pipes):
            return {1: pipes}
        case m.Decline() | m.Ready() | m.Bye():
            return {}
        case _:
            assert_never(message)


def _entry(entry: m.Entry) -> list[cbor.Value]:
    return [list(entry.path), entry.kind.value, entry.size, entry.mtime_ns, entry.executable]


def _pairs(pairs: Sequence[tuple[int, int]]) -> list[cbor.Value]:
    return [list(pair) for pair in pairs]


def decode(body: bytes) -> m.Message:
    """Read one message, after its frame was opened.

    Args:
        body: at most MESSAGE_BYTES_MAX bytes.
    Raises:
        PeerError: any deviation from section 2. Nothing else.
    """
    if len(body) > MESSAGE_BYTES_MAX:
        raise PeerError(f"handover 1.2: a message of {len(body)} bytes")
    value = cbor.decode(body)
    if not isinstance(value, dict):
        raise PeerError("handover 1.2: a message is a map")
    kind = value.get(0)
    if not isinstance(kind, int) or isinstance(kind, bool) or not 1 <= kind <= len(_KINDS):
        raise PeerError("handover 1.2: no such message")
    fields = Fields(value, page=f"handover 2.{kind}")
    fields.uint(0, len(_KINDS))
    message = _READERS[kind - 1](fields)
    fields.done()
    return message


def _read_hello(fields: Fields) -> m.Message:
    return m.Hello(aes=fields.boolean(1))


def _read_offer(fields: Fields) -> m.Message:
    entries = tuple(_read_entry(item) for item in fields.array(2, ENTRIES_PER_OFFER_MAX))
    first = fields.uint(1, NUMBER_MAX)
    if first + len(entries) > NUMBER_MAX + 1:
        raise PeerError("handover 2.2: too many entries")
    note = fields.text(4, NOTE_BYTES_MAX) if fields.has(4) else None
    last = fields.boolean(3)
    if not entries and not last:
        raise PeerError("handover 2.2: only the last page may be empty")
    if note is not None and not last:
        raise PeerError("handover 2.2: a note comes with the last page")
    return m.Offer(first=first, entries=entries, last=last, note=note)


def _read_entry(item: cbor.Value) -> m.Entry:
    if not isinstance(item, list) or len(item) != 5:
        raise PeerError("handover 2.2: an entry has five parts")
    components, kind, size, mtime_ns, executable = item
    if not isinstance(components, list) or not 1 <= len(components) <= PATH_COMPONENTS_MAX:
        raise PeerError("handover 3.1: a path is a list of 1 to 100 names")
    path = tuple([name for name in components if type(name) is bytes])
    why_not = refusal(path) if len(path) == len(components) else "a name is a string of bytes"
    if why_not is not None:
        raise PeerError(f"handover 3.1: {why_not}")
    if type(kind) is not int or kind not in (0, 1):  # by type, since True == 1 to Python
        raise PeerError("handover 2.2: an entry is a file (0) or a folder (1)")
    if type(size) is not int or not 0 <= size <= (0 if kind else SIZE_MAX):
        raise PeerError("handover 2.2: a size out of bounds")
    if type(mtime_ns) is not int or abs(mtime_ns) > MTIME_NS_MAX:
        raise PeerError("handover 2.2: a time out of bounds")
    if type(executable) is not bool or (executable and kind):
        raise PeerError("handover 2.2: only files are executable")
    return m.Entry(path=path, kind=_KIND_OF[kind], size=size, mtime_ns=mtime_ns, executable=executable)


def _read_pairs(fields: Fields, key: int, count_max: int, *, clause: str) -> tuple[tuple[int, int], ...]:
    pairs: list[tuple[int, int]] = []
    for item in fields.array(key, count_max):
        if not isinstance(item, list) or len(item) != 2:
            raise PeerError(f"handover {clause}: a pair has two numbers")
        pairs.append((_number(item[0], clause), _number(item[1], clause)))
    return tuple(pairs)


def _number(part: cbor.Value, clause: str) -> int:
    if not isinstance(part, int) or isinstance(part, bool) or not 0 <= part <= CHUNKS_MAX:
        raise PeerError(f"handover {clause}: a number out of bounds")
    return part


def _read_ranges(fields: Fields, key: int, *, clause: str, end: int = NUMBER_MAX + 1) -> tuple[m.Range, ...]:
    """Ascending, not touching, inside 0..end: so that only one encoding of a set is ever accepted."""
    ranges = _read_pairs(fields, key, RANGES_MAX, clause=clause)
    free = 0
    for first, count in ranges:
        if count < 1 or first < free or first + count > end:
            raise PeerError(f"handover {clause}: ranges overlap, touch, are empty or out of bounds")
        free = first + count + 1
    return ranges


def _read_accept(fields: Fields) -> m.Message:
    return m.Accept(ranges=_read_ranges(fields, 1, clause="2.3"), last=fields.boolean(2))


def _read_decline(_fields: Fields) -> m.Message:
    return m.Decline()


def _read_receipt(fields: Fields) -> m.Message:
    return m.Receipt(ranges=_read_ranges(fields, 1, clause="2.5"))


def _read_check(fields: Fields) -> m.Message:
    files = _read_pairs(fields, 1, CHECKS_MAX, clause="2.6")
    if not files or any(number > NUMBER_MAX or count < 1 for number, count in files):
        raise PeerError("handover 2.6: a number out of bounds")
    return m.Check(files=files)


def _read_manifest(fields: Fields) -> m.Message:
    joined = fields.bytes(3, HASH_BYTES, HASHES_PER_MANIFEST_MAX * HASH_BYTES)
    if len(joined) % HASH_BYTES:
        raise PeerError("handover 2.7: hashes are 32 bytes each")
    hashes = tuple(joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES))
    return m.Manifest(number=fields.uint(1, NUMBER_MAX), first=fields.uint(2, CHUNKS_MAX), hashes=hashes)


def _read_want_files(fields: Fields) -> m.Message:
    return m.WantFiles(ranges=_read_ranges(fields, 1, clause="2.8"))


def _read_want_chunks(fields: Fields) -> m.Message:
    ranges = _read_ranges(fields, 2, clause="2.9", end=CHUNKS_MAX)
    return m.WantChunks(number=fields.uint(1, NUMBER_MAX), ranges=ranges)


def _read_ready(_fields: Fields) -> m.Message:
    return m.Ready()


def _read_failed(fields: Fields) -> m.Message:
    value = fields.uint(2, len(m.Failure))
    if value < 1:
        raise PeerError("handover 2.11: no such failure")
    return m.Failed(number=fields.uint(1, NUMBER_MAX), failure=m.Failure(value))


def _read_bye(_fields: Fields) -> m.Message:
    return m.Bye()


def _read_stop(fields: Fields) -> m.Message:
    value = fields.uint(1, len(m.StopReason))
    if value < 1:
        raise PeerError("handover 2.13: no such reason")
    return m.Stop(reason=m.StopReason(value))


def _read_stripes(fields: Fields) -> m.Message:
    pipes = fields.uint(1, PIPES_MAX)
    if pipes < 2:
        raise PeerError("handover 2.14: a stripe takes two pipes")
    return m.Stripes(pipes=pipes)


_READERS: tuple[Callable[[Fields], m.Message], ...] = (
    _read_hello,
    _read_offer,
    _read_accept,
    _read_decline,
    _read_receipt,
    _read_check,
    _read_manifest,
    _read_want_files,
    _read_want_chunks,
    _read_ready,
    _read_failed,
    _read_bye,
    _read_stop,
    _read_stripes,
)
