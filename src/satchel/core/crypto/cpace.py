"""CPACE-X25519-SHA512 of draft-irtf-cfrg-cpace: a strong key from three words said aloud.

Whoever listens learns nothing that would let a machine try words; whoever takes part tries one code
per exchange. Knows no code, no counting of guesses and no confirmation: core/pairing does.

The map from a word to a point is computed with Python integers, whose speed depends on their values:
how long `generator` takes may tell a little about the words to somebody who measures it very often.
It runs once per code, on the device that shows or takes the code, and never on a peer's demand; a
code is used once. docs/decisions/0011 says why that is enough. All that works with a secret scalar
is X25519 of the library, in constant time.
"""

import hashlib

from satchel.core.crypto.curve import KEY_BYTES, x25519
from satchel.errors import MisuseError, PeerError

ISK_BYTES = 64

_DSI = b"CPace255"
_DSI_ISK = b"CPace255_ISK"
_HASH_BLOCK_BYTES = 128  # SHA-512
_CLAUSE = "code-and-rendezvous 5.2"

_PRIME = 2**255 - 19
_A = 486662  # curve25519: v² = u³ + Au² + u
_NON_SQUARE = 2  # Z of RFC 9380, 6.7.1


def generator(password: bytes, *, channel: bytes, session: bytes) -> bytes:
    """The point that stands for a password; worth keeping as long as the password is in use.

    Args:
        password: PRS of the draft.
        channel: CI of the draft: what both sides know and agree on, such as their roles.
        session: sid of the draft.
    """
    # The zeros fill the first block of the hash, so that no time depends on where the password ends.
    padding = bytes(max(0, _HASH_BLOCK_BYTES - 1 - len(_lv(password)) - len(_lv(_DSI))))
    text = b"".join(map(_lv, (_DSI, password, padding, channel, session)))
    field_element = int.from_bytes(hashlib.sha512(text).digest()[:KEY_BYTES], "little") % 2**255
    return _elligator2(field_element).to_bytes(KEY_BYTES, "little")


def share(generator: bytes, scalar: bytes) -> bytes:
    """What is sent: the generator times 32 fresh random bytes."""
    try:
        return x25519(scalar, generator)
    except PeerError as exc:
        raise MisuseError("no password maps to such a generator") from exc


def intermediate_key(
    *,
    session: bytes,
    scalar: bytes,
    initiator_share: bytes,
    initiator_data: bytes,
    responder_share: bytes,
    responder_data: bytes,
    initiator: bool,
) -> bytes:
    """The ISK of the initiator-responder setting. Proves nothing before both sides have confirmed it.

    Args:
        session: as given to `generator`.
        scalar: the one behind our own share.
        initiator_data, responder_data: ADa and ADb, sent beside the shares.
        initiator: which of the two we are.
    Returns:
        64 bytes, to be used with a key derivation.
    Raises:
        PeerError: their share is not 32 bytes or has low order: the result would not depend on the
            password, and a stranger would pass for the other person (P2).
    """
    own_share, their_share = initiator_share, responder_share
    if not initiator:
        own_share, their_share = their_share, own_share
    if len(own_share) != KEY_BYTES:
        raise MisuseError(f"our own share has {KEY_BYTES} bytes")
    shared = x25519(scalar, their_share, clause=_CLAUSE)
    transcript = (initiator_share, initiator_data, responder_share, responder_data)
    text = b"".join(map(_lv, (_DSI_ISK, session, shared, *transcript)))
    return hashlib.sha512(text).digest()


def _lv(part: bytes) -> bytes:
    """A part behind its length (LEB128), so that parts cannot be shifted into each other."""
    length, prefix = len(part), bytearray()
    while length > 0x7F:
        prefix.append(0x80 | length & 0x7F)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + part


def _elligator2(r: int) -> int:
    """Any field element to the u-coordinate of a point on the curve: RFC 9380, 6.7.1, with Z = 2.

    Of u1 = -A / (1 + 2r²) and u2 = -A - u1 exactly one is on the curve. The divisor is never 0, since
    -1/2 is not a square modulo this prime; nor is v² below, since A² - 4 is none.
    """
    u1 = -_A * pow(1 + _NON_SQUARE * r * r, -1, _PRIME) % _PRIME
    v_squared = u1 * (u1 * (u1 + _A) + 1) % _PRIME
    is_square = pow(v_squared, (_PRIME - 1) // 2, _PRIME) == 1
    return u1 if is_square else (-_A - u1) % _PRIME
