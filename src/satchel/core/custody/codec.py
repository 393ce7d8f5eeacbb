"""Messages about bundles as bytes: records, one behind the other. Spec: docs/spec/custody.md, section 7."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from satchel.core.bundles.header import COMMITMENT_BYTES, HOUR_BYTES, SIZES_BYTES, BundleId
from satchel.core.bundles.receipt import RECEIPT_BYTES, decode_receipt, encode_receipt
from satchel.core.custody.messages import (
    Answer,
    Ask,
    Await,
    Begin,
    Block,
    Gone,
    Got,
    Message,
    Offer,
    Offered,
    Receipts,
    Skip,
    Want,
    Wanted,
)
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields, begin_message
from satchel.errors import MisuseError, PeerError

BLOCK_BYTES = 1 << 16
BLOCKS_MAX = SIZES_BYTES[-1] // BLOCK_BYTES
MESSAGE_BYTES_MAX = (1 << 16) - 1
FRAME_BYTES_MAX = (1 << 18) - 24  # of the body of a frame
LIST_MAX = 1_024  # bundles, receipts or numbers in one message
CHAIN_NUMBER_MAX = (1 << 32) - 1
NUMBER_MAX = (1 << 32) - 1
COMPARISON_BYTES_MAX = 65_500
_SAID, _BLOCK = 1, 2  # types of records
_BLOCK_SIZES = [size for size in SIZES_BYTES if size <= BLOCK_BYTES]
_HEAD_BYTES, _NUMBER_BYTES, _ID_BYTES = 4, 4, 32
_OFFERED_BYTES, _WANTED_BYTES = _ID_BYTES + 1 + HOUR_BYTES, _ID_BYTES + 1
_BEGIN, _ASK, _ANSWER, _RECEIPTS, _OFFER, _WANT, _SKIP, _GONE, _GOT, _AWAIT = range(1, 11)
_PAGES = {kind: f"custody 7.{kind + 3}" for kind in range(_BEGIN, _GOT + 1)} | {_AWAIT: "custody 7.14"}
_NUMBERED: dict[int, Callable[[tuple[int, ...]], Skip | Gone | Got]] = {
    _SKIP: lambda numbers: Skip(numbers=numbers),
    _GONE: lambda numbers: Gone(numbers=numbers),
    _GOT: lambda numbers: Got(numbers=numbers),
}
_KINDS: dict[type[Skip | Gone | Got], int] = {Skip: _SKIP, Gone: _GONE, Got: _GOT}
Item = TypeVar("Item")


def encode(message: Message) -> bytes:
    """One record. Frames cut a row of them anywhere."""
    if isinstance(message, Block):
        where = message.number.to_bytes(_NUMBER_BYTES, "big") + bytes((message.place,))
        return _record(_BLOCK, where + message.data)
    said = cbor.encode(_fields(message))
    if len(said) > MESSAGE_BYTES_MAX:
        raise MisuseError(f"a message of {len(said)} bytes")
    return _record(_SAID, said)


def _record(type: int, content: bytes) -> bytes:
    return bytes((type,)) + len(content).to_bytes(_HEAD_BYTES - 1, "big") + content


def _fields(message: Message) -> dict[int, cbor.Writable]:
    match message:
        case Begin():
            return {0: _BEGIN, 1: message.highest, 2: message.next}
        case Ask():
            return {0: _ASK, 1: message.message, 2: message.anew}
        case Answer():
            return {0: _ANSWER, 1: message.message}
        case Receipts():
            return {0: _RECEIPTS, 1: b"".join(map(encode_receipt, message.receipts))}
        case Offer():
            packed = (
                one.id + bytes((one.size_class,)) + one.expiry_hour.to_bytes(HOUR_BYTES, "big")
                for one in message.bundles
            )
            return {0: _OFFER, 1: b"".join(packed), 2: message.direct}
        case Want():
            return {0: _WANT, 1: b"".join(one.id + bytes((one.blocks,)) for one in message.bundles)}
        case Await():
            return {0: _AWAIT, 1: b"".join(message.commitments)}
        case Skip() | Gone() | Got():
            return {0: _KINDS[type(message)], 1: message.numbers}
        case _:
            raise MisuseError("a block is no map")


class Unpacking:
    """What the frames of one direction say. A record that one frame cuts off goes on in the next [7.1]."""

    def __init__(self) -> None:
        self.rest = b""  # the beginning of a record, less than the longest one

    def messages(self, frame: bytes) -> Iterator[Message]:
        """Those that end in this frame, one by one. To be drawn to the end before the next frame.

        Raises:
            PeerError: any deviation from section 7, once it is met. Nothing else.
        """
        if len(frame) > FRAME_BYTES_MAX:
            raise PeerError(f"custody 7.1: a frame of {len(frame)} bytes")
        packed, at = self.rest + frame, 0
        while len(packed) - at >= _HEAD_BYTES:
            type, begins = packed[at], at + _HEAD_BYTES
            ends = begins + _length(type, packed[at + 1 : begins])
            if ends > len(packed):
                break
            content, at = packed[begins:ends], ends
            yield _decode(content) if type == _SAID else _block(content)
        self.rest = packed[at:]


def _length(type: int, length: bytes) -> int:
    """Of a record, before it is here (M3)."""
    count = int.from_bytes(length, "big")
    if type not in (_SAID, _BLOCK):
        raise PeerError(f"custody 7.1: a record of type {type}")
    if type == _SAID and count > MESSAGE_BYTES_MAX:
        raise PeerError(f"custody 7.3: a message of {count} bytes")
    if type == _BLOCK and count > _NUMBER_BYTES + 1 + BLOCK_BYTES:
        raise PeerError(f"custody 7.13: a block of {count} bytes")
    return count


def _block(content: bytes) -> Block:
    data = content[_NUMBER_BYTES + 1 :]
    if len(data) not in _BLOCK_SIZES or content[_NUMBER_BYTES] >= BLOCKS_MAX:
        raise PeerError(f"custody 7.13: a block of {len(data)} bytes")
    number = int.from_bytes(content[:_NUMBER_BYTES], "big")
    return Block(number=number, place=content[_NUMBER_BYTES], data=data)


def _decode(body: bytes) -> Message:
    kind, fields = begin_message(body, _PAGES, clause="custody 7.3", bytes_max=MESSAGE_BYTES_MAX)
    message = _read(kind, fields)
    fields.done()
    return message


def _read(kind: int, fields: Fields) -> Message:
    page = _PAGES[kind]
    if kind == _BEGIN:
        following = fields.integer(2, 1, CHAIN_NUMBER_MAX + 1)
        return Begin(highest=fields.uint(1, CHAIN_NUMBER_MAX), next=following)
    if kind == _ASK:
        return Ask(message=fields.bytes(1, 1, COMPARISON_BYTES_MAX), anew=fields.boolean(2))
    if kind == _ANSWER:
        return Answer(message=fields.bytes(1, 1, COMPARISON_BYTES_MAX))
    if kind == _RECEIPTS:
        return Receipts(receipts=_items(fields, page, RECEIPT_BYTES, decode_receipt))
    if kind == _OFFER:
        offered = _items(fields, page, _OFFERED_BYTES, lambda item: _offered(item, page))
        return Offer(bundles=offered, direct=fields.boolean(2))
    if kind == _WANT:
        return Want(bundles=_items(fields, page, _WANTED_BYTES, lambda item: _wanted(item, page)))
    if kind == _AWAIT:
        return Await(commitments=_items(fields, page, COMMITMENT_BYTES, bytes))
    return _NUMBERED[kind](_numbers(fields, page))


def _items(fields: Fields, page: str, size: int, read: Callable[[bytes], Item]) -> tuple[Item, ...]:
    """1 to LIST_MAX items of one size, one behind the other."""
    packed = fields.bytes(1, size, size * LIST_MAX)
    if len(packed) % size:
        raise PeerError(f"{page}: {len(packed)} bytes are no list")
    return tuple(read(packed[at : at + size]) for at in range(0, len(packed), size))


def _offered(item: bytes, page: str) -> Offered:
    size_class = item[_ID_BYTES]
    if size_class >= len(SIZES_BYTES):
        raise PeerError(f"{page}: size class {size_class}")
    expiry_hour = int.from_bytes(item[_ID_BYTES + 1 :], "big")
    return Offered(id=BundleId(item[:_ID_BYTES]), size_class=size_class, expiry_hour=expiry_hour)


def _wanted(item: bytes, page: str) -> Wanted:
    if item[_ID_BYTES] >= BLOCKS_MAX:
        raise PeerError(f"{page}: {item[_ID_BYTES]} blocks of a bundle are there")
    return Wanted(id=BundleId(item[:_ID_BYTES]), blocks=item[_ID_BYTES])


def _numbers(fields: Fields, page: str) -> tuple[int, ...]:
    numbers = fields.array(1, LIST_MAX, minimum=1)
    for number in numbers:
        if type(number) is not int or not 0 <= number <= NUMBER_MAX:
            raise PeerError(f"{page}: what is no number")
    return tuple(number for number in numbers if type(number) is int)


def pieces(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """As many as one message holds at a time."""
    gathered: list[Item] = []
    for item in items:
        gathered.append(item)
        if len(gathered) == LIST_MAX:
            yield tuple(gathered)
            gathered = []
    if gathered:
        yield tuple(gathered)
