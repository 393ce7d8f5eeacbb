"""The side that shows the picture or the code: one exchange with one taker over one connection.

It tells its keys only to who has committed to theirs, and believes nothing before the taker's
confirmation is right. Dead after an exception. Spec: docs/spec/pairing.md, section 4.
"""

from enum import Enum

from satchel.core.crypto.curve import KEY_BYTES, x25519
from satchel.core.crypto.kdf import same
from satchel.core.crypto.kem import CIPHERTEXT_BYTES, decapsulate
from satchel.core.identity.pair import Proof
from satchel.core.pairing import card as cards
from satchel.core.pairing.agreement import (
    FRAME_BYTES,
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
    unseal_exactly,
)
from satchel.core.pairing.card import Card, HostCard
from satchel.core.pairing.effects import Effect, Paired, Send, Verified
from satchel.core.pairing.keys import (
    NONCE_BYTES,
    TAKER_PUBLIC_BYTES,
    HostKeys,
    nonce_commitment,
    taker_commitment,
)
from satchel.core.pairing.picture import parse_scan_back
from satchel.core.pairing.taking import check_theirs
from satchel.errors import MisuseError, PeerError

CONFIRMATIONS_MAX = 16  # of one picture: each shows one set of words to who may sit between
EXCHANGE_S_MAX = 15.0  # from the first flight to the last frame before the pair is stored


class State(Enum):
    ANSWERED = "our keys are out; waiting for the taker's keys and confirmation"
    CONFIRMED = "our confirmation is out; waiting until it was found right"
    STORING = "the pair is there, and to be stored before we say so"
    PAIRED = "both have the pair"
    TAKEN = "another one was faster, and this one was told so"
    FAILED = "broken"


class Takers:
    """Who scanned one picture, by what they committed to, and which of them it was taken by."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._taken_by: bytes | None = None
        self._confirmations = 0

    @property
    def count(self) -> int:
        return len(self._seen)

    def admit(self, commitment: bytes) -> bool:
        """False: there are too many already. The same commitment is the same taker, after a broken radio:
        nobody else knows the keys behind it."""
        if self.count >= cards.TAKERS_MAX and commitment not in self._seen:
            return False
        self._seen.add(commitment)
        return True

    def count_confirmation(self) -> None:
        """A host is about to confirm: who sits between sees words, and could try again until they please."""
        if self._confirmations >= CONFIRMATIONS_MAX:
            raise refused("4.10", "this picture was tried too often")
        self._confirmations += 1

    def is_taken_from(self, commitment: bytes) -> bool:
        """Whether another one was faster."""
        return self._taken_by is not None and self._taken_by != commitment

    def take(self, commitment: bytes) -> bool:
        """The first one that comes has it. Returns whether this one had it already."""
        again = self._taken_by == commitment
        self._taken_by = commitment
        return again


class Hosting:
    """One exchange: what the taker sends goes in by `hear`, `expected_bytes` at a time."""

    def __init__(
        self,
        way: Way,
        *,
        shared: bytes,
        keys: HostKeys,
        card: Card,
        takers: Takers,
        commitment: bytes,
        first_bytes: tuple[bytes, bytes],
        nonce: bytes,
        now_s: float,
    ) -> None:
        """Use PictureHost.hear_flight or host_code.

        Args:
            commitment: the taker's.
            first_bytes: of the transcript: the commitment in the picture, and what the taker sent first.
            nonce: 32 fresh random bytes.
        """
        if len(nonce) != NONCE_BYTES:
            raise MisuseError(f"an answer takes {NONCE_BYTES} random bytes")
        self.state = State.ANSWERED
        self.until_s = now_s + EXCHANGE_S_MAX  # same clock as now_s: drop the connection then
        self.commitment = commitment
        self._way = way
        self._shared = shared
        self._keys = keys
        self._nonce = nonce
        self._card = card
        self._takers = takers
        self._transcript = Transcript(way, *first_bytes)
        key = host_keys_key(shared, self._transcript.hash)
        self.answer = seal(key, self._transcript, keys.public + nonce_commitment(nonce))  # send it at once
        self._transcript.add(self.answer)
        self._agreement: Agreement | None = None
        self._theirs: tuple[bytes, Card] | None = None  # their static key, and what they told
        self._scan = self._scanned_key = b""

    def __repr__(self) -> str:
        return f"Hosting({self.state.name})"

    @property
    def expected_bytes(self) -> int:
        """How much the taker says next, in one go; 0: nothing more."""
        match self.state:
            case State.ANSWERED:
                return 2 * FRAME_BYTES
            case State.CONFIRMED:
                return FRAME_BYTES
            case _:
                return 0

    def hear(self, data: bytes, now_s: float) -> list[Effect]:
        """What the taker says next. Raises PeerError: drop the connection, nothing was stored by it."""
        if not self.expected_bytes:
            raise MisuseError("nothing is heard now")
        before, self.state = self.state, State.FAILED  # until all went well
        if now_s >= self.until_s:
            raise refused("4.9", "an answer that came too late")
        if len(data) != (2 if before is State.ANSWERED else 1) * FRAME_BYTES:
            raise refused("4.1", f"{len(data)} bytes")
        if before is State.CONFIRMED:
            return self._hear_accepted(data)
        return self._hear_keys(data[:FRAME_BYTES], data[FRAME_BYTES:])

    def stored(self) -> list[Effect]:
        """The pair is on disk, or in the memory of a profile that has none: now it may be said."""
        if self.state is not State.STORING:
            raise MisuseError("there was nothing to store")
        said = self._say_stored(taken=False)
        self._agreement = None
        self.state = State.PAIRED
        return said

    def hear_scan(self, text: str) -> list[Effect]:
        """Our camera saw the taker's screen: with both pictures scanned no words are needed [8.2].

        Raises:
            MisuseError: it is not such a picture.
            PeerError: it is, and of another device than the one that is paired with (P2).
        """
        if self.state is not State.PAIRED or not self._scan:
            raise MisuseError("scan the other screen after both are paired by a picture, and once")
        if not same(parse_scan_back(text), self._scan):
            raise PeerError(
                "pairing 8.2: the device whose screen was scanned is not the one that took your picture.",
                safe="Nothing was sent to it.",
                do="Forget the contact that was just added, and pair again side by side.",
            )
        said = seal(self._scanned_key, self._transcript, b"")
        self._scan = self._scanned_key = b""
        return [Verified(proof=Proof.BOTH_SCANNED), Send(data=said)]

    def _hear_keys(self, revealed: bytes, confirmed: bytes) -> list[Effect]:
        key = taker_keys_key(self._shared, self._transcript.hash)
        plain = unseal_exactly(key, self._transcript, revealed, TAKER_PUBLIC_BYTES + CIPHERTEXT_BYTES)
        public, ciphertext = plain[:TAKER_PUBLIC_BYTES], plain[TAKER_PUBLIC_BYTES:]
        # They chose their keys before they saw ours: without this, words can be ground [4.3].
        if not same(taker_commitment(public), self.commitment):
            raise refused("4.3", "keys that are not those of the first flight")
        check_theirs(public, ephemeral=self._keys.ephemeral, static=self._keys.static)
        self._transcript.add(revealed)
        agreement = Agreement(
            x25519=x25519(self._keys.ephemeral, public[:KEY_BYTES], clause="pairing 4.4"),
            kem=decapsulate(self._keys.kem_seed, ciphertext),
            shared=self._shared,
            transcript=self._transcript.hash,
        )
        self._shared = b""
        keys = agreement.take(Use.CONFIRM_TAKER), agreement.take(Use.CARD_TAKER)
        card = cards.decode_taker(check_confirmed(keys, self._transcript, confirmed))
        self._transcript.add(confirmed)
        self._theirs = public[KEY_BYTES : 2 * KEY_BYTES], card
        keys = agreement.take(Use.CONFIRM_HOST), agreement.take(Use.CARD_HOST)
        taken = self._takers.is_taken_from(self.commitment)
        self._takers.count_confirmation()
        said = confirm(keys, self._transcript, self._nonce + self._host_card(taken=taken))
        self._transcript.add(said)
        self._agreement = None if taken else agreement
        self.state = State.TAKEN if taken else State.CONFIRMED
        return [Send(data=said)]

    def _hear_accepted(self, frame: bytes) -> list[Effect]:
        agreement, (their_static, card) = self._agreed()
        unseal_exactly(agreement.take(Use.ACCEPTED_TAKER), self._transcript, frame, 0)
        self._transcript.add(frame)
        if self._takers.is_taken_from(self.commitment):
            said = self._say_stored(taken=True)
            self._agreement = None
            self.state = State.TAKEN
            return said
        replaces = self._takers.take(self.commitment)
        pair = agreement.take_pair(
            is_taker=False,
            static=self._keys.static,
            their_static=their_static,
            epoch=self._card.first_epoch(card),
            way=self._way,
        )
        comparison = None
        if self._way is Way.QR:
            language = self._card.shared_language(card)
            comparison = agreement.take_comparison(self._nonce, language)
            self._scan, self._scanned_key = agreement.take_scan(), agreement.take(Use.SCANNED_HOST)
        del self._keys
        self.state = State.STORING
        takers = self._takers.count
        return [Paired(pair=pair, comparison=comparison, name=card.name, takers=takers, replaces=replaces)]

    def _say_stored(self, *, taken: bool) -> list[Effect]:
        agreement, _ = self._agreed()
        said = seal(agreement.take(Use.STORED_HOST), self._transcript, self._host_card(taken=taken))
        self._transcript.add(said)
        return [Send(data=said)]

    def _host_card(self, *, taken: bool) -> bytes:
        return cards.encode(HostCard(card=self._card, takers=self._takers.count, taken=taken))

    def _agreed(self) -> tuple[Agreement, tuple[bytes, Card]]:
        if self._agreement is None or self._theirs is None:
            raise MisuseError("nothing is agreed on")
        return self._agreement, self._theirs


def host_code(
    psk: bytes, *, keys: HostKeys, card: Card, commitment: bytes, nonce: bytes, now_s: float
) -> Hosting:
    """Begin after `host.Matched`: its confirmation and `answer` leave together.

    Args:
        commitment: the 32 bytes that came behind the typist's confirmation.
    """
    takers = Takers()
    takers.admit(commitment)
    return Hosting(
        Way.CODE,
        shared=psk,
        keys=keys,
        card=card,
        takers=takers,
        commitment=commitment,
        first_bytes=(b"", commitment),
        nonce=nonce,
        now_s=now_s,
    )
