"""The side that scans the picture, or types the code: it commits to its keys, and learns the host's after.

One try with one host over one connection. Dead after an exception. Spec: docs/spec/pairing.md, section 4.
"""

from enum import Enum

from satchel.core.crypto.curve import KEY_BYTES, x25519, x25519_public
from satchel.core.crypto.kdf import same
from satchel.core.crypto.kem import CIPHERTEXT_BYTES, SECRET_BYTES
from satchel.core.identity.pair import Proof
from satchel.core.pairing import card as cards
from satchel.core.pairing.agreement import (
    Agreement,
    Transcript,
    Use,
    Way,
    check_confirmed,
    confirm,
    host_keys_key,
    refused,
    seal,
    taker_keys_key,
    unseal,
    unseal_exactly,
)
from satchel.core.pairing.card import Card, HostCard
from satchel.core.pairing.effects import Effect, Encapsulate, Paired, Send, Taken, Verified
from satchel.core.pairing.keys import (
    HOST_PUBLIC_BYTES,
    NONCE_BYTES,
    NONCE_COMMITMENT_BYTES,
    TakerKeys,
    host_commitment,
    nonce_commitment,
    taker_commitment,
)
from satchel.core.pairing.picture import Picture, scan_back_text
from satchel.errors import AccessDenied, MisuseError

TRIES_MAX = 16  # of one picture


class State(Enum):
    OPENED = "our commitment is out; waiting for the host's keys"
    ASKING = "their keys are right; a secret is being encapsulated to them"
    REVEALED = "our keys and our confirmation are out; waiting for the host's"
    ACCEPTED = "the host's confirmation is right; waiting until it has stored the pair"
    PAIRED = "both have the pair"
    TAKEN = "another one was faster"
    FAILED = "broken"


_HEARS = (State.OPENED, State.REVEALED, State.ACCEPTED, State.PAIRED)


class Taking:
    """Each of the host's frames has FRAME_BYTES; what comes of it is told by `hear`."""

    def __init__(
        self,
        way: Way,
        *,
        shared: bytes,
        keys: TakerKeys,
        card: Card,
        first_bytes: bytes,
        picture: bytes = b"",
    ) -> None:
        """Use PictureTaker.call or take_code."""
        self.state = State.OPENED
        self.first_bytes = first_bytes  # to be sent: the first flight, or what follows a code's confirmation
        self._way = way
        self._shared = shared
        self._keys = keys
        self._card = card
        self._picture = picture  # the commitment in it
        self._transcript = Transcript(way, picture, first_bytes)
        self._host_public = self._host_commitment = self._host_nonce = b""
        self._host_card: HostCard | None = None
        self._agreement: Agreement | None = None
        self._scan = self._scanned_key = b""
        self.may_be_stored = False  # by the host alone [4.11]: our last frame is out, and nothing right came

    def __repr__(self) -> str:
        return f"Taking({self.state.name})"

    def hear(self, frame: bytes) -> list[Effect]:
        """The host's next frame. Raises PeerError: drop the connection, nothing was stored by it."""
        if self.state not in _HEARS or (self.state is State.PAIRED and not self._scanned_key):
            raise MisuseError("nothing is heard now")
        before, self.state = self.state, State.FAILED  # until all went well
        match before:
            case State.OPENED:
                return self._hear_keys(frame)
            case State.REVEALED:
                return self._hear_confirmation(frame)
            case State.ACCEPTED:
                return self._hear_stored(frame)
            case _:
                return self._hear_scanned(frame)

    def encapsulated(self, secret: bytes, ciphertext: bytes) -> list[Effect]:
        """What `Encapsulate` yielded. Our keys leave now, together with our confirmation."""
        lengths = len(secret), len(ciphertext)
        if self.state is not State.ASKING or lengths != (SECRET_BYTES, CIPHERTEXT_BYTES):
            raise MisuseError("a secret and a ciphertext of ML-KEM-768 belong here, once")
        self.state = State.FAILED
        their_ephemeral = self._host_public[:KEY_BYTES]
        agreed = x25519(self._keys.ephemeral, their_ephemeral, clause="pairing 4.4")
        key = taker_keys_key(self._shared, self._transcript.hash)
        revealed = seal(key, self._transcript, self._keys.public + ciphertext)
        self._transcript.add(revealed)
        agreement = Agreement(
            x25519=agreed, kem=secret, shared=self._shared, transcript=self._transcript.hash
        )
        self._shared = b""
        keys = agreement.take(Use.CONFIRM_TAKER), agreement.take(Use.CARD_TAKER)
        confirmed = confirm(keys, self._transcript, cards.encode(self._card))
        self._transcript.add(confirmed)
        self._agreement = agreement
        self.state = State.REVEALED
        return [Send(data=revealed + confirmed)]

    @property
    def scan_back(self) -> str:
        """The text of the picture that we show, if the host's camera is to see us too [8.1]."""
        if not self._scan:
            raise MisuseError("there is a picture to show once we are paired by one")
        return scan_back_text(self._scan)

    def _hear_keys(self, frame: bytes) -> list[Effect]:
        key = host_keys_key(self._shared, self._transcript.hash)
        plain = unseal_exactly(key, self._transcript, frame, HOST_PUBLIC_BYTES + NONCE_COMMITMENT_BYTES)
        public, self._host_commitment = plain[:HOST_PUBLIC_BYTES], plain[HOST_PUBLIC_BYTES:]
        # Before a byte of our keys leaves: who is not the host of the picture learns none of them [4.3].
        if self._way is Way.QR and not same(host_commitment(public), self._picture):
            raise refused("4.3", "keys that are not those of the picture")
        check_theirs(public, ephemeral=self._keys.ephemeral, static=self._keys.static)
        self._host_public = public
        self._transcript.add(frame)
        self.state = State.ASKING
        return [Encapsulate(public_key=public[2 * KEY_BYTES :])]

    def _hear_confirmation(self, frame: bytes) -> list[Effect]:
        agreement = self._agreed()
        keys = agreement.take(Use.CONFIRM_HOST), agreement.take(Use.CARD_HOST)
        plain = check_confirmed(keys, self._transcript, frame)
        self._host_nonce = plain[:NONCE_BYTES]
        if not same(nonce_commitment(self._host_nonce), self._host_commitment):
            raise refused("4.3", "a nonce that is not the one that was committed to")
        self._host_card = cards.decode_host(plain[NONCE_BYTES:])
        self._transcript.add(frame)
        if self._host_card.taken:
            return self._give_up(self._host_card)
        accepted = seal(agreement.take(Use.ACCEPTED_TAKER), self._transcript, b"")
        self._transcript.add(accepted)
        self.state = State.ACCEPTED
        self.may_be_stored = True
        return [Send(data=accepted)]

    def _hear_stored(self, frame: bytes) -> list[Effect]:
        agreement, before = self._agreed(), self._host_card
        now = cards.decode_host(unseal(agreement.take(Use.STORED_HOST), self._transcript, frame))
        if before is None or now.card != before.card or now.takers < before.takers:
            raise refused("4.8", "a card that has changed")
        self._transcript.add(frame)
        self.may_be_stored = False
        if now.taken:
            return self._give_up(now)
        pair = agreement.take_pair(
            is_taker=True,
            static=self._keys.static,
            their_static=self._host_public[KEY_BYTES : 2 * KEY_BYTES],
            epoch=self._card.first_epoch(now.card),
            way=self._way,
        )
        comparison = None
        self._agreement = None
        if self._way is Way.QR:
            language = self._card.shared_language(now.card)
            comparison = agreement.take_comparison(self._host_nonce, language)
            self._scan, self._scanned_key = agreement.take_scan(), agreement.take(Use.SCANNED_HOST)
        del self._keys
        self.state = State.PAIRED
        return [Paired(pair=pair, comparison=comparison, name=now.card.name, takers=now.takers)]

    def _hear_scanned(self, frame: bytes) -> list[Effect]:
        """The host's camera saw our picture, and says so [8.3]."""
        unseal_exactly(self._scanned_key, self._transcript, frame, 0)
        self._scanned_key = b""
        self.state = State.PAIRED
        return [Verified(proof=Proof.BOTH_SCANNED)]

    def _give_up(self, card: HostCard) -> list[Effect]:
        self._agreement = None
        self.state = State.TAKEN
        return [Taken(takers=card.takers)]

    def _agreed(self) -> Agreement:
        if self._agreement is None:
            raise MisuseError("nothing is agreed on")
        return self._agreement


def check_theirs(public: bytes, *, ephemeral: bytes, static: bytes) -> None:
    """Both X25519 keys at the front of `public` are another one's, and of full order (P2) [4.4]."""
    theirs = public[:KEY_BYTES], public[KEY_BYTES : 2 * KEY_BYTES]
    if {*theirs} & {x25519_public(ephemeral), x25519_public(static)} or theirs[0] == theirs[1]:
        raise refused("4.4", "our own keys came back, or one key twice")
    for private, key in zip((ephemeral, static), theirs, strict=True):
        x25519(private, key, clause="pairing 4.4")


class PictureTaker:
    """One picture that was scanned, and what is left of its tries."""

    def __init__(self, picture: Picture, *, keys: TakerKeys, card: Card) -> None:
        self._picture = picture
        self._keys = keys
        self._card = card
        self._tries = 0

    def call(self, *, address: bytes, port: int, fill: bytes) -> Taking:
        """Begin with the host whose picture it is.

        Args:
            address, port: one of `picture.ends`, as it was dialled; ANYWHERE behind a port forwarding.
            fill: FILL_BYTES fresh random bytes.
        Raises:
            AccessDenied: it was tried too often; each try shows words to who may sit between [4.10].
        """
        if self._tries >= TRIES_MAX:
            raise AccessDenied(
                "This picture was tried too often.",
                safe="Nobody was added to your contacts.",
                do="Ask for a new picture, and come closer to the other device.",
            )
        self._tries += 1
        picture, commitment = self._picture, taker_commitment(self._keys.public)
        return Taking(
            Way.QR,
            shared=picture.secret,
            keys=self._keys,
            card=self._card,
            first_bytes=picture.flight(commitment, address=address, port=port, fill=fill),
            picture=picture.commitment,
        )


def take_code(psk: bytes, *, keys: TakerKeys, card: Card) -> Taking:
    """Begin after `typist.Confirm`: its confirmation and `first_bytes` leave together. Frames are heard only
    after the host's confirmation of the code was found right."""
    return Taking(Way.CODE, shared=psk, keys=keys, card=card, first_bytes=taker_commitment(keys.public))
