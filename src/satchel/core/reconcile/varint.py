"""Numbers to the base 128, most significant digit first. Spec: docs/spec/reconciliation.md, 1.3."""

from satchel.errors import PeerError

VARINT_BYTES_MAX = 10  # 2^64 - 1 has ten digits
VARINT_MAX = 2**64 - 1


def encode_varint(number: int) -> bytes:
    """0 to 2^64 - 1."""
    if number < 0x80:
        return bytes((number,))
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(reversed(digits))


def varint_bytes(number: int) -> int:
    """How many bytes it takes."""
    return ((number | 1).bit_length() + 6) // 7


def decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where the next thing is. Raises PeerError."""
    if at < len(data) and data[at] < 0x80:
        return data[at], at + 1
    number = 0
    for offset in range(at, min(at + VARINT_BYTES_MAX, len(data))):
        digit = data[offset]
        number = number << 7 | digit & 0x7F
        if not digit & 0x80:
            if number > VARINT_MAX:
                break
            return number, offset + 1
        if digit == 0x80 and offset == at:
            raise PeerError("reconciliation 1.3: a number begins with a zero")
    raise PeerError("reconciliation 1.3: a number has no end, or is too large")
