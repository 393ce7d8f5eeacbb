"""The one encoding of messages: a small part of CBOR (RFC 8949), in its deterministic form (4.2.1).

For every value exactly one string of bytes is accepted, so what was signed, hashed or compared cannot
be said in another way. Reads hostile bytes in one pass without recursion, and checks every length
against what is really there before it allocates anything (P3). Never reads floats, tags or anything of
indefinite length. Spec: docs/spec/encoding.md; why not a library: docs/decisions/0012.
"""

from collections.abc import Mapping, Sequence
from typing import Union

from satchel.errors import MisuseError, PeerError

Value = Union[int, bytes, str, bool, None, "list[Value]", "dict[int, Value]"]
# What may be written: wider than what is read, so that lists of ints and the like need no cast.
Writable = Union[int, bytes, str, bool, None, "Sequence[Writable]", "Mapping[int, Writable]"]

DEPTH_MAX = 16  # arrays and maps around one another [1.8]
ITEMS_MAX = 65_536  # values and keys in all [1.9]
KEY_MAX = 255  # [1.6]
UINT_MAX = 2**64 - 1
INT_MIN = -(2**63)  # so that each number fits a signed or an unsigned machine word [1.2]

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)  # RFC 8949, 3.1
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_SIMPLE_VALUES = {_FALSE: False, _TRUE: True, _NULL: None}
_INLINE_MAX = 23  # numbers that need no bytes of their own
_ONE_BYTE, _EIGHT_BYTES, _INDEFINITE = 24, 27, 31


def encode(value: Writable) -> bytes:
    """A value as its one string of bytes.

    Raises:
        MisuseError: no such value may be sent; `decode` would refuse it.
    """
    out = bytearray()
    items = _write(value, out, 0)
    if items > ITEMS_MAX:
        raise MisuseError(f"a message of {items} items")
    return bytes(out)


def decode(data: bytes) -> Value:
    """Read one value that takes up all of `data`.

    Args:
        data: any bytes, from anybody; the caller bounds their number.
    Raises:
        PeerError: any deviation from section 1 of the page. Nothing else.
    """
    data = bytes(data)  # costs nothing for bytes; a view of a buffer that is used again would change
    items: list[Value] = []  # of the innermost array or map that is still open, keys and values alike
    wanted = 1  # how many items it has; outermost: the message itself
    is_map = False
    outer: list[tuple[list[Value], int, bool]] = []  # the same of those around it
    budget = ITEMS_MAX - 1
    at = 0
    while True:
        if at >= len(data):
            raise _broken("1.5", "the end came too early")
        first = data[at]
        at += 1
        if first <= _INLINE_MAX:  # a small number, the most frequent item
            items.append(first)
        elif (major := first >> 5) >= _TAG:
            items.append(_simple(first))
        else:
            argument = first & 0x1F
            if argument > _INLINE_MAX:
                argument, at = _argument(argument, data, at)
            if major <= _NEGATIVE:
                items.append(argument if major == _UNSIGNED else _negative(argument))
            elif major <= _TEXT:
                if argument > len(data) - at:
                    raise _broken("1.5", f"{argument} bytes were announced, fewer are there")
                content = data[at : at + argument]
                at += argument
                items.append(content if major == _BYTES else _text(content))
            else:
                count = argument if major == _ARRAY else 2 * argument
                budget -= count
                _check_room(count, len(data) - at, len(outer) + 1, budget)
                outer.append((items, wanted, is_map))
                items, wanted, is_map = [], count, major == _MAP
        while len(items) == wanted:  # complete, and perhaps what is around it, too
            if not outer:
                if at != len(data):
                    raise _broken("1.1", "bytes behind the end")
                return items[0]
            whole = _map(items) if is_map else items
            items, wanted, is_map = outer.pop()
            items.append(whole)


def _argument(low: int, data: bytes, at: int) -> tuple[int, int]:
    """The number that stands behind the first byte of an item, and the place behind it."""
    if low > _EIGHT_BYTES:
        raise _broken("1.4", "an indefinite length" if low == _INDEFINITE else "a reserved length")
    width = 1 << (low - _ONE_BYTE)
    if width > len(data) - at:
        raise _broken("1.5", "the end came too early")
    number = int.from_bytes(data[at : at + width], "big")
    # The shortest form: nothing that would have fitted into the next smaller one.
    if number < (_INLINE_MAX + 1 if width == 1 else 1 << (4 * width)):
        raise _broken("1.3", "a number that is not in its shortest form")
    return number, at + width


def _check_room(items: int, bytes_left: int, depth: int, budget: int) -> None:
    """Before the items of an array or a map: may there be so many, may it be so deep?"""
    if depth > DEPTH_MAX:
        raise _broken("1.8", f"more than {DEPTH_MAX} arrays and maps in each other")
    if items > bytes_left:  # each takes at least one byte
        raise _broken("1.5", f"{items} items were announced, fewer are there")
    if budget < 0:
        raise _broken("1.9", f"more than {ITEMS_MAX} items")


def _map(items: list[Value]) -> dict[int, Value]:
    """A map from its keys and values in turn."""
    fields: dict[int, Value] = {}
    last = -1
    for key, value in zip(items[::2], items[1::2], strict=True):
        # By type, since True == 1 to Python: a key that is true must not pass for the field 1.
        # Ascending: also the proof that none comes twice, for which parsers differ in whom they believe.
        if type(key) is not int or not last < key <= KEY_MAX:
            raise _broken("1.6", f"keys are numbers from 0 to {KEY_MAX}, ascending, each once")
        last = key
        fields[key] = value
    return fields


def _negative(argument: int) -> int:
    if -1 - argument < INT_MIN:
        raise _broken("1.2", "a negative number of more than 64 bits")
    return -1 - argument


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        raise _broken("1.7", "a text that is not UTF-8") from exc


def _simple(first: int) -> bool | None:
    if first not in _SIMPLE_VALUES:
        raise _broken("1.2", "a tag, a float or another simple value")
    return _SIMPLE_VALUES[first]


def _write(value: Writable, out: bytearray, depth: int) -> int:
    """Append one item; returns how many it is with all that is inside."""
    if isinstance(value, bytes):
        _write_head(_BYTES, len(value), out)
        out += value
    elif value is None or isinstance(value, bool):
        out.append(_NULL if value is None else _TRUE if value else _FALSE)
    elif isinstance(value, int) and INT_MIN <= value <= UINT_MAX:
        _write_head(_UNSIGNED, value, out) if value >= 0 else _write_head(_NEGATIVE, -1 - value, out)
    elif isinstance(value, str):
        try:
            content = value.encode()
        except UnicodeEncodeError as exc:  # a name or an argument of the system that was not UTF-8
            raise MisuseError("a text that no UTF-8 can express") from exc
        _write_head(_TEXT, len(content), out)
        out += content
    elif isinstance(value, list | tuple) and depth < DEPTH_MAX:
        _write_head(_ARRAY, len(value), out)
        items = 1
        for item in value:
            if type(item) is int and 0 <= item <= _INLINE_MAX:  # as most are: no call for these
                out.append(item)
                items += 1
            else:
                items += _write(item, out, depth + 1)
        return items
    elif isinstance(value, dict) and depth < DEPTH_MAX:
        return _write_map(value, out, depth)
    else:
        raise MisuseError(f"a {type(value).__name__} that no message may hold, or too deep in it")
    return 1


def _write_map(value: Mapping[int, Writable], out: bytearray, depth: int) -> int:
    if any(type(key) is not int or not 0 <= key <= KEY_MAX for key in value):
        raise MisuseError(f"keys are numbers from 0 to {KEY_MAX}")
    _write_head(_MAP, len(value), out)
    items = 1
    for key in sorted(value):
        _write_head(_UNSIGNED, key, out)
        items += 1 + _write(value[key], out, depth + 1)
    return items


def _write_head(major: int, argument: int, out: bytearray) -> None:
    if argument <= _INLINE_MAX:
        out.append(major << 5 | argument)
        return
    low = 24 if argument < 1 << 8 else 25 if argument < 1 << 16 else 26 if argument < 1 << 32 else 27
    out.append(major << 5 | low)
    out += argument.to_bytes(1 << (low - _ONE_BYTE), "big")


def _broken(clause: str, what: str) -> PeerError:
    return PeerError(f"encoding {clause}: {what}")
