"""Messages about what waits as bytes: canonical CBOR maps. Spec: docs/spec/delivery.md, section 2."""

from typing import assert_never

from satchel.core.delivery.messages import Beside, Bye, Come, Leave, LeaveReason, Message, Take, Waits
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields, begin_message

MESSAGE_BYTES_MAX = 232  # fits the smallest control frame
ID_BYTES = 16
SECRET_BYTES = 32
PORT_MAX = 0xFFFF
_BYE, _WAITS, _TAKE, _LEAVE, _COME, _BESIDE = 3, 4, 5, 6, 7, 8
_PAGES = {
    _BYE: "session 4.8",
    _WAITS: "delivery 2.2",
    _TAKE: "delivery 2.3",
    _LEAVE: "delivery 2.4",
    _COME: "delivery 2.5",
    _BESIDE: "custody 6.7",
}


def encode(message: Message) -> bytes:
    match message:
        case Waits():
            return cbor.encode(
                {0: _WAITS, 1: message.id, 2: message.secret, 3: message.accepted, 4: message.port}
            )
        case Take(id=id, port=port):
            return cbor.encode({0: _TAKE, 1: id, 2: port})
        case Leave(id=id, reason=reason):
            return cbor.encode({0: _LEAVE, 1: id, 2: reason.value})
        case Come():
            return cbor.encode({0: _COME})
        case Bye():
            return cbor.encode({0: _BYE})
        case Beside(secret=secret, port=port):
            return cbor.encode({0: _BESIDE, 1: secret, 2: port})
        case _:
            assert_never(message)


def decode(body: bytes) -> Message:
    """Read one message, after its frame was opened.

    Raises:
        PeerError: any deviation from section 2. Nothing else.
    """
    kind, fields = begin_message(body, _PAGES, clause="delivery 2.1", bytes_max=MESSAGE_BYTES_MAX)
    message = _read(kind, fields)
    fields.done()
    return message


def _read(kind: int, fields: Fields) -> Message:
    if kind == _WAITS:
        return Waits(
            id=fields.bytes(1, ID_BYTES, ID_BYTES),
            secret=fields.bytes(2, SECRET_BYTES, SECRET_BYTES),
            accepted=fields.boolean(3),
            port=fields.uint(4, PORT_MAX),
        )
    if kind == _TAKE:
        return Take(id=fields.bytes(1, ID_BYTES, ID_BYTES), port=fields.uint(2, PORT_MAX))
    if kind == _LEAVE:
        reasons = [reason.value for reason in LeaveReason]
        reason = fields.integer(2, min(reasons), max(reasons))
        return Leave(id=fields.bytes(1, ID_BYTES, ID_BYTES), reason=LeaveReason(reason))
    if kind == _BESIDE:
        return Beside(secret=fields.bytes(1, SECRET_BYTES, SECRET_BYTES), port=fields.uint(2, PORT_MAX))
    return Come() if kind == _COME else Bye()
