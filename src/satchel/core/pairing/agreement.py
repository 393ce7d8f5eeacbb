"""The secret of a pairing, the keys made of it, and the frames they seal. Spec: docs/spec/pairing.md, 4.

Every frame has one size, and a key of its own, bound to all that was said before. Each key is given out
once and then gone; the secret they are made of is never kept (W4).
"""

from enum import Enum

from satchel.core.crypto.aead import TAG_BYTES, FrameKey, Suite
from satchel.core.crypto.kdf import derive, digest, mac, same
from satchel.core.identity.comparison import COMPARISON_BYTES, Comparison, Language
from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.core.pairing.keys import VERSION
from satchel.errors import MisuseError, PeerError

FRAME_BYTES = 1536
CONFIRMATION_BYTES = 32
SCAN_BYTES = 16

_ONLY = 0  # each key seals one frame


class Way(Enum):
    """How the two met: a picture of one can never pass for a code of the other."""

    QR = b"satchel pair by qr 1"
    CODE = b"satchel pair by code 1"


class Use(Enum):
    """What a key made of the secret is for: the value is its label."""

    CONFIRM_TAKER = b"satchel pair confirm taker 1"
    CONFIRM_HOST = b"satchel pair confirm host 1"
    CARD_TAKER = b"satchel pair card taker 1"
    CARD_HOST = b"satchel pair card host 1"
    ACCEPTED_TAKER = b"satchel pair accepted taker 1"
    STORED_HOST = b"satchel pair stored host 1"
    SCANNED_HOST = b"satchel pair scanned host 1"
    SCAN = b"satchel pair scan 1"
    WORDS = b"satchel pair words 1"
    DISCOVERY_TAKER = b"satchel pair discovery taker 1"
    DISCOVERY_HOST = b"satchel pair discovery host 1"
    LETTERS_TAKER = b"satchel pair letters taker 1"
    LETTERS_HOST = b"satchel pair letters host 1"


def host_keys_key(shared: bytes, transcript: bytes) -> bytes:
    """Seals the host's keys before there is a secret: to who did not see the screen, public keys look like
    chance (W2)."""
    return derive(shared, b"satchel pair keys host 1", salt=transcript)


def taker_keys_key(shared: bytes, transcript: bytes) -> bytes:
    """And the taker's."""
    return derive(shared, b"satchel pair keys taker 1", salt=transcript)


class Transcript:
    """A hash of all that was said, in order."""

    def __init__(self, way: Way, *first_bytes: bytes) -> None:
        self.hash = digest(way.value + VERSION + b"".join(first_bytes))

    def add(self, frame: bytes) -> None:
        self.hash = digest(b"satchel pair transcript 1" + self.hash + frame)


class Agreement:
    """What both sides have, and nobody else, if the confirmations are right."""

    def __init__(self, *, x25519: bytes, kem: bytes, shared: bytes, transcript: bytes) -> None:
        """
        Args:
            x25519: the secret of both ephemeral keys, 32 bytes.
            kem: that of ML-KEM-768, 32 bytes.
            shared: the one-time secret of a picture, or the psk of CPace.
            transcript: its hash, with the keys of both.
        """
        secret = derive(x25519 + kem + shared, b"satchel pair 1", salt=transcript)
        self._keys = {use: derive(secret, use.value) for use in Use}

    def take(self, use: Use) -> bytes:
        """A key, once."""
        try:
            return self._keys.pop(use)
        except KeyError as exc:
            raise MisuseError("a key of a pairing is used once") from exc

    def take_pair(self, *, is_taker: bool, static: bytes, their_static: bytes, epoch: int, way: Way) -> Pair:
        """What is stored. After it, nothing is left here of what is stored."""
        taker, host = self.take(Use.DISCOVERY_TAKER), self.take(Use.DISCOVERY_HOST)
        letters_taker, letters_host = self.take(Use.LETTERS_TAKER), self.take(Use.LETTERS_HOST)
        return Pair(
            static=static,
            their_static=their_static,
            epochs=begin(
                epoch=epoch,
                speaking=taker if is_taker else host,
                listening=host if is_taker else taker,
            ),
            letters_speaking=letters_taker if is_taker else letters_host,
            letters_listening=letters_host if is_taker else letters_taker,
            proof=Proof.CODE if way is Way.CODE else Proof.UNVERIFIED,
        )

    def take_comparison(self, nonce: bytes, language: Language | None) -> Comparison:
        """Depends on the host's nonce as well, which the taker did not know when it could still choose."""
        label = b"satchel pair comparison 1"
        secret = derive(self.take(Use.WORDS), label, salt=nonce, length=COMPARISON_BYTES)
        return Comparison(secret=secret, language=language)

    def take_scan(self) -> bytes:
        """What the second picture holds [8.1]."""
        return self.take(Use.SCAN)[:SCAN_BYTES]


def seal(key: bytes, transcript: Transcript, plain: bytes, *, size: int = FRAME_BYTES) -> bytes:
    """A frame of `size` bytes, filled up with zeros inside. The transcript is that before it."""
    if len(plain) > size - TAG_BYTES:
        raise MisuseError(f"no frame of {size} bytes holds {len(plain)}")
    frame = bytearray(size)
    FrameKey(Suite.CHACHA20_POLY1305, key).seal_into(
        _ONLY, plain.ljust(size - TAG_BYTES, b"\0"), transcript.hash, frame
    )
    return bytes(frame)


def unseal(key: bytes, transcript: Transcript, frame: bytes, *, size: int = FRAME_BYTES) -> bytes:
    """What is in a frame, with the zeros behind it. Raises PeerError: not the frame that belongs here."""
    if len(frame) != size:
        raise refused("4.1", f"a frame of {len(frame)} bytes")
    plain = bytearray(size - TAG_BYTES)
    try:
        FrameKey(Suite.CHACHA20_POLY1305, key).open_into(_ONLY, frame, transcript.hash, plain)
    except PeerError as exc:
        raise refused("4.2", "a frame that does not open") from exc
    return bytes(plain)


def unseal_exactly(key: bytes, transcript: Transcript, frame: bytes, length: int) -> bytes:
    """The same, where `length` bytes are meant and the rest has to be zeros."""
    plain = unseal(key, transcript, frame)
    if any(plain[length:]):
        raise refused("4.2", "padding that is not zero")
    return plain[:length]


def confirm(keys: tuple[bytes, bytes], transcript: Transcript, card: bytes) -> bytes:
    """A frame of confirmation[32] and a sealed card. `keys`: for the confirmation, and for the card."""
    sealed = seal(keys[1], transcript, card, size=FRAME_BYTES - CONFIRMATION_BYTES)
    return mac(keys[0], transcript.hash + sealed) + sealed


def check_confirmed(keys: tuple[bytes, bytes], transcript: Transcript, frame: bytes) -> bytes:
    """The card, if the other side has our secret, our keys and heard what we heard (P2)."""
    if len(frame) != FRAME_BYTES:
        raise refused("4.1", f"a frame of {len(frame)} bytes")
    confirmation, sealed = frame[:CONFIRMATION_BYTES], frame[CONFIRMATION_BYTES:]
    if not same(confirmation, mac(keys[0], transcript.hash + sealed)):
        raise refused("4.6", "a confirmation that is wrong")
    return unseal(keys[1], transcript, sealed, size=FRAME_BYTES - CONFIRMATION_BYTES)


def refused(clause: str, what: str) -> PeerError:
    return PeerError(
        f"pairing {clause}: {what}",
        safe="Nobody was added to your contacts.",
        do="Stand side by side and try again with a new picture or code. If it happens again, somebody on "
        "this network may be trying to take the other person's place.",
    )
