"""What the picture (a QR code) holds, as a text that every camera keeps, and the first flight under it.

A screen is seen by everybody in the room: the commitment in it says whose keys are right, and the
one-time secret keeps out only who is not in the room. Spec: docs/spec/pairing.md, sections 3 and 8.
"""

import base64
from dataclasses import dataclass

from satchel.core.crypto.kdf import derive, mac, same
from satchel.core.pairing.agreement import SCAN_BYTES
from satchel.core.pairing.exchange import ADDRESS_BYTES, ANYWHERE, FLIGHT_BYTES, PROOF_BYTES
from satchel.core.pairing.keys import HOST_COMMITMENT_BYTES, TAKER_COMMITMENT_BYTES, VERSION
from satchel.errors import MisuseError

SECRET_BYTES = 16
CONTENT_BYTES_MAX = 106
ENDS_MAX = 8
PORT_MIN = 1024
FILL_BYTES = FLIGHT_BYTES - TAKER_COMMITMENT_BYTES - PROOF_BYTES
TEXT_PREFIX = "SATCHEL:"
TEXT_CHARACTERS_MAX = 178  # of CONTENT_BYTES_MAX

_PAIR, _SCAN_BACK = b"\x01", b"\x02"  # what a picture is for, and its version; others are of later ones
_HEAD_BYTES = 1 + HOST_COMMITMENT_BYTES + SECRET_BYTES
_IPV4, _IPV6 = 4, 6
_MAPPED = bytes(10) + b"\xff\xff"
_PORT_BYTES = 2

End = tuple[bytes, int]  # address[16] and port


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """What the host shows, good for one pairing."""

    commitment: bytes  # to the host's keys, 16 bytes
    secret: bytes  # 16 bytes
    ends: tuple[End, ...]  # where the host listens, the likeliest first

    def __post_init__(self) -> None:
        if len(self.commitment) != HOST_COMMITMENT_BYTES or len(self.secret) != SECRET_BYTES:
            raise MisuseError("a picture holds a commitment and a secret of 16 bytes each")
        if not 1 <= len(self.ends) <= ENDS_MAX or len(set(self.ends)) != len(self.ends):
            raise MisuseError(f"a picture holds 1 to {ENDS_MAX} ends, each once")
        for address, port in self.ends:
            if len(address) != ADDRESS_BYTES or not PORT_MIN <= port < 1 << 16:
                raise MisuseError(f"an end is an address of 16 bytes and a port from {PORT_MIN} on")
        if len(self._content()) > CONTENT_BYTES_MAX:
            raise MisuseError(f"a picture holds {CONTENT_BYTES_MAX} bytes")

    @classmethod
    def holding(cls, commitment: bytes, secret: bytes, ends: tuple[End, ...]) -> "Picture":
        """With as many of the ends as there is room for; the first of them at least."""
        chosen: tuple[End, ...] = ()
        room = CONTENT_BYTES_MAX - _HEAD_BYTES
        for end in dict.fromkeys(ends):
            taken = len(_write_end(end))
            if taken <= room and len(chosen) < ENDS_MAX:
                chosen += (end,)
                room -= taken
        return cls(commitment, secret, chosen)

    @classmethod
    def parse(cls, text: str) -> "Picture":
        """Read what a camera saw, or a person pasted.

        Raises:
            MisuseError: not a picture to pair by; says what it is instead, if that is known.
        """
        content = _read_text(text)
        if content[:1] == _SCAN_BACK:
            raise _not_one("This is the picture that is scanned last.", "Scan the other one first.")
        if content[:1] != _PAIR or len(content) < _HEAD_BYTES:
            raise _unknown()
        commitment, secret = content[1:17], content[17:_HEAD_BYTES]
        return cls(commitment, secret, _read_ends(content[_HEAD_BYTES:]))

    def text(self) -> str:
        """SATCHEL: and base32 in capitals: a QR code holds these at 5.5 bits each, and every camera keeps
        them. The scheme in front keeps a telephone from asking a search engine for it."""
        return _write_text(self._content())

    def flight(self, commitment: bytes, *, address: bytes, port: int, fill: bytes) -> bytes:
        """The first 256 bytes of who scanned it [3.4]."""
        if len(fill) != FILL_BYTES or len(commitment) != TAKER_COMMITMENT_BYTES:
            raise MisuseError(f"a first flight takes a commitment and {FILL_BYTES} random bytes")
        return commitment + self._proof(commitment, (address, port)) + fill

    def is_for(self, flight: bytes, *, address: bytes, port: int) -> bool:
        """Whether a first flight was made by who scanned it, for this end of the connection. Costs two
        HMACs; any bytes may be given."""
        if len(flight) != FLIGHT_BYTES:
            return False
        commitment, proof = flight[:TAKER_COMMITMENT_BYTES], flight[TAKER_COMMITMENT_BYTES:][:PROOF_BYTES]
        return any(same(proof, self._proof(commitment, end)) for end in ((address, port), ANYWHERE))

    def _proof(self, commitment: bytes, end: End) -> bytes:
        address, port = end
        key = derive(self.secret, b"satchel pair flight 1")
        return mac(key, VERSION + commitment + address + port.to_bytes(_PORT_BYTES, "big"))[:PROOF_BYTES]

    def _content(self) -> bytes:
        return _PAIR + self.commitment + self.secret + b"".join(map(_write_end, self.ends))


def scan_back_text(token: bytes) -> str:
    """What the taker shows to the host's camera [8.1]."""
    return _write_text(_SCAN_BACK + token)


def parse_scan_back(text: str) -> bytes:
    """The 16 bytes in it. Raises MisuseError: it is no such picture."""
    content = _read_text(text)
    if content[:1] == _PAIR:
        raise _not_one("This picture is to begin with.", "Scan the one that the other screen shows now.")
    if content[:1] != _SCAN_BACK or len(content) != 1 + SCAN_BYTES:
        raise _unknown()
    return content[1:]


def _write_text(content: bytes) -> str:
    return TEXT_PREFIX + base64.b32encode(content).decode("ascii").rstrip("=")


def _read_text(text: str) -> bytes:
    """The content of a text, if it has exactly this text."""
    text = text[: 4 * TEXT_CHARACTERS_MAX].strip().upper()
    if not text.startswith(TEXT_PREFIX) or len(text) > TEXT_CHARACTERS_MAX or not text.isascii():
        raise _unknown()
    coded = text.removeprefix(TEXT_PREFIX)
    try:
        content = base64.b32decode(coded + "=" * (-len(coded) % 8))
    except ValueError as exc:
        raise _unknown() from exc
    if _write_text(content) != text:
        raise _unknown()
    return content


def _write_end(end: End) -> bytes:
    address, port = end
    is_ipv4 = address.startswith(_MAPPED)
    packed = bytes((_IPV4,)) + address[len(_MAPPED) :] if is_ipv4 else bytes((_IPV6,)) + address
    return packed + port.to_bytes(_PORT_BYTES, "big")


def _read_ends(packed: bytes) -> tuple[End, ...]:
    ends: list[End] = []
    while packed:
        length = {_IPV4: 4, _IPV6: ADDRESS_BYTES}.get(packed[0], 0)
        after = 1 + length + _PORT_BYTES
        address = packed[1 : 1 + length] if length != 4 else _MAPPED + packed[1:5]
        port = int.from_bytes(packed[1 + length : after], "big")
        is_twice = (address, port) in ends or (packed[0] == _IPV6 and address.startswith(_MAPPED))
        if not length or len(packed) < after or is_twice or port < PORT_MIN or len(ends) == ENDS_MAX:
            raise _unknown()
        ends.append((address, port))
        packed = packed[after:]
    if not ends:
        raise _unknown()
    return tuple(ends)


def _unknown() -> MisuseError:
    return _not_one(
        "This is not a picture to pair by, or it is of a newer version of Satchel.",
        "Scan the picture that the other device shows after `satchel pair`.",
    )


def _not_one(what: str, do: str) -> MisuseError:
    return MisuseError(what, safe="Nothing was sent.", do=do)
