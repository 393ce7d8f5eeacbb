"""Who speaks the pairing by hand, and lies in one place: for the tests beside this file."""

from core.pairing.exchange_kit import ADDRESS, PORT, drawn
from core.pairing.pair_kit import (
    ENDS,
    HOST_CARD,
    TAKER_CARD,
    begun,
    come,
    host_keys,
    scan,
    shown,
    taker_keys,
)
from satchel.core.crypto.curve import x25519
from satchel.core.crypto.kem import decapsulate, encapsulate
from satchel.core.pairing import card as cards
from satchel.core.pairing.agreement import (
    FRAME_BYTES,
    Agreement,
    Transcript,
    Use,
    Way,
    confirm,
    host_keys_key,
    seal,
    taker_keys_key,
    unseal,
)
from satchel.core.pairing.card import HostCard
from satchel.core.pairing.hosting import Hosting
from satchel.core.pairing.keys import (
    HOST_PUBLIC_BYTES,
    host_commitment,
    nonce_commitment,
    taker_commitment,
)
from satchel.core.pairing.picture import FILL_BYTES, Picture


class LyingTaker:
    """Speaks the protocol by hand, and can say anything in any place: it has seen the screen."""

    def __init__(self, picture: Picture, name: str = "liar") -> None:
        self.picture = picture
        self.keys = taker_keys(name)
        self.public = self.keys.public
        self.commitment = taker_commitment(self.public)
        self.transcript: Transcript
        self.agreement: Agreement
        self.host_public = b""

    @property
    def flight(self) -> bytes:
        fill = bytes(FILL_BYTES)
        return self.picture.flight(self.commitment, address=ADDRESS, port=PORT, fill=fill)

    def read(self, answer: bytes) -> None:
        self.transcript = Transcript(Way.QR, self.picture.commitment, self.flight)
        key = host_keys_key(self.picture.secret, self.transcript.hash)
        self.host_public = unseal(key, self.transcript, answer)[:HOST_PUBLIC_BYTES]
        self.transcript.add(answer)

    def reveal(self, public: bytes = b"", ciphertext: bytes = b"", tail: bytes = b"") -> bytes:
        secret, right = encapsulate(self.host_public[64:])
        key = taker_keys_key(self.picture.secret, self.transcript.hash)
        frame = seal(key, self.transcript, (public or self.public) + (ciphertext or right) + tail)
        self.transcript.add(frame)
        self.agreement = Agreement(
            x25519=x25519(self.keys.ephemeral, self.host_public[:32]),
            kem=secret,
            shared=self.picture.secret,
            transcript=self.transcript.hash,
        )
        return frame

    def confirm(self, card: bytes | None = None) -> bytes:
        keys = self.agreement.take(Use.CONFIRM_TAKER), self.agreement.take(Use.CARD_TAKER)
        return confirm(keys, self.transcript, cards.encode(TAKER_CARD) if card is None else card)


def meet_liar(name: str = "liar") -> tuple[LyingTaker, Hosting]:
    there = shown()
    liar = LyingTaker(there.picture, name)
    exchange = begun(come(there, liar.flight))
    liar.read(exchange.answer)
    return liar, exchange


class LyingHost:
    """The other way round: shows a picture of its own, and says what it likes."""

    def __init__(self, public: bytes | None = None) -> None:
        self.keys = host_keys("lying host")
        self.public = self.keys.public if public is None else public
        self.nonce = drawn("nonce of the liar", 32)
        self.picture = Picture(host_commitment(self.public), drawn("secret", 16), ENDS)
        self.taking = scan(self.picture)
        self.transcript = Transcript(Way.QR, self.picture.commitment, self.taking.first_bytes)
        self.agreement: Agreement

    def answer(self, public: bytes | None = None) -> bytes:
        key = host_keys_key(self.picture.secret, self.transcript.hash)
        said = (self.public if public is None else public) + nonce_commitment(self.nonce)
        frame = seal(key, self.transcript, said)
        self.transcript.add(frame)
        return frame

    def agree(self, said: bytes) -> None:
        """The taker's two frames; the secret is asked of an honest machine's parts."""
        revealed, confirmed = said[:FRAME_BYTES], said[FRAME_BYTES:]
        key = taker_keys_key(self.picture.secret, self.transcript.hash)
        plain = unseal(key, self.transcript, revealed)
        self.transcript.add(revealed)
        self.agreement = Agreement(
            x25519=x25519(self.keys.ephemeral, plain[:32]),
            kem=decapsulate(self.keys.kem_seed, plain[96:1184]),
            shared=self.picture.secret,
            transcript=self.transcript.hash,
        )
        self.transcript.add(confirmed)

    def confirm(self, *, nonce: bytes | None = None, card: bytes | None = None) -> bytes:
        keys = self.agreement.take(Use.CONFIRM_HOST), self.agreement.take(Use.CARD_HOST)
        right = cards.encode(HostCard(card=HOST_CARD, takers=1, taken=False))
        plain = (self.nonce if nonce is None else nonce) + (right if card is None else card)
        frame = confirm(keys, self.transcript, plain)
        self.transcript.add(frame)
        return frame
