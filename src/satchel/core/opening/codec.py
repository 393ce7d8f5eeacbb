"""Messages of an opening as bytes: canonical CBOR maps. Spec: docs/spec/session.md, section 4."""

from typing import assert_never

from satchel.core.opening.messages import Bye, Hello, Message, Stored
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields, begin_message
from satchel.errors import PeerError

MESSAGE_BYTES_MAX = 232  # fits the smallest control frame
EPOCH_MAX = 1 << 20  # days since 1970: the year 4840
COUNTER_MAX = 1 << 53
CLOCK_S_MAX = 1 << 40
SPEAKS_MAX = 255
HASH_BYTES = 32
_HELLO, _STORED, _BYE = 1, 2, 3
_PAGES = {_HELLO: "session 4.2", _STORED: "session 4.3", _BYE: "session 4.8"}


def encode(message: Message) -> bytes:
    match message:
        case Hello():
            fields: dict[int, cbor.Value] = {
                0: _HELLO,
                1: message.agreed,
                2: message.used,
                3: message.counter,
                4: message.heard,
                5: message.clock_s,
                6: message.plausible,
                7: message.aes,
                8: message.speaks,
            }
            return cbor.encode(fields if message.beside is None else fields | {9: message.beside})
        case Stored(agreed=agreed):
            return cbor.encode({0: _STORED, 1: agreed})
        case Bye():
            return cbor.encode({0: _BYE})
        case _:
            assert_never(message)


def decode(body: bytes) -> Message:
    """Read one message, after its frame was opened.

    Raises:
        PeerError: any deviation from 4.1 to 4.3 and 4.8. Nothing else.
    """
    kind, fields = begin_message(body, _PAGES, clause="session 4.1", bytes_max=MESSAGE_BYTES_MAX)
    message: Message = Bye()
    if kind == _HELLO:
        message = _read_hello(fields)
    elif kind == _STORED:
        message = Stored(agreed=fields.uint(1, EPOCH_MAX))
    fields.done()
    return message


def _read_hello(fields: Fields) -> Hello:
    hello = Hello(
        agreed=fields.uint(1, EPOCH_MAX),
        used=fields.uint(2, EPOCH_MAX),
        counter=fields.integer(3, 1, COUNTER_MAX),
        heard=fields.uint(4, COUNTER_MAX),
        clock_s=fields.uint(5, CLOCK_S_MAX),
        plausible=fields.boolean(6),
        aes=fields.boolean(7),
        speaks=fields.integer(8, 1, SPEAKS_MAX),
        beside=fields.bytes(9, HASH_BYTES, HASH_BYTES) if fields.has(9) else None,
    )
    if hello.used < hello.agreed:
        raise PeerError("session 4.2: an epoch in use before the agreed one")
    return hello
