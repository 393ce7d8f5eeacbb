"""The side that shows a picture, over all connections that come for it, as long as it is shown.

The first who gets through to the end has it. Every other device that scanned it is counted, and shown to
both people (P2). Spec: docs/spec/pairing.md, sections 3 and 4.
"""

from dataclasses import dataclass

from satchel.core.pairing.agreement import Way
from satchel.core.pairing.card import Card
from satchel.core.pairing.effects import TakenAgain
from satchel.core.pairing.hosting import Hosting, State, Takers
from satchel.core.pairing.keys import (
    HOST_RANDOM_BYTES,
    TAKER_COMMITMENT_BYTES,
    HostKeys,
    host_commitment,
)
from satchel.core.pairing.picture import SECRET_BYTES, End, Picture
from satchel.errors import MisuseError

SHOWN_S_MAX = 15 * 60.0
EXCHANGES_MAX = 8  # at once
EXCHANGES_PER_TAKER_MAX = 2  # a broken one, and the next
PICTURE_RANDOM_BYTES = HOST_RANDOM_BYTES + SECRET_BYTES

_RUNNING = (State.ANSWERED, State.CONFIRMED, State.STORING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Not one byte for this connection: drain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Send `exchange.answer` on this connection, and give what comes over it to `exchange.hear`."""

    exchange: Hosting


Effect = Refuse | Begun | TakenAgain


class PictureHost:
    """One picture, and who came for it."""

    def __init__(self, draw: bytes, *, ends: tuple[End, ...], card: Card, now_s: float) -> None:
        """
        Args:
            draw: PICTURE_RANDOM_BYTES fresh random bytes.
            ends: addresses and ports where we listen, the likeliest first; some may find no room.
            card: what we tell about ourselves.
        """
        if len(draw) != PICTURE_RANDOM_BYTES:
            raise MisuseError(f"a picture is drawn from {PICTURE_RANDOM_BYTES} bytes")
        self._keys = HostKeys.from_random(draw[:HOST_RANDOM_BYTES])
        secret = draw[HOST_RANDOM_BYTES:]
        self.picture = Picture.holding(host_commitment(self._keys.public), secret, ends)
        self._card = card
        self._until_s = now_s + SHOWN_S_MAX
        self._takers = Takers()
        self._exchanges: list[Hosting] = []

    def close(self) -> None:
        """It is shown no more: let go of the keys, which until then tell others that they are late."""
        self._exchanges.clear()
        self._until_s = float("-inf")
        del self._keys

    def hear_flight(
        self, flight: bytes, *, address: bytes, port: int, nonce: bytes, now_s: float
    ) -> list[Effect]:
        """Somebody connected and sent 256 bytes.

        Args:
            address, port: our own end of this connection.
            nonce: 32 fresh random bytes.
        """
        self._exchanges = [one for one in self._exchanges if one.state in _RUNNING and now_s < one.until_s]
        if now_s >= self._until_s or not self.picture.is_for(flight, address=address, port=port):
            return [Refuse()]
        commitment = flight[:TAKER_COMMITMENT_BYTES]
        same_taker = sum(one.commitment == commitment for one in self._exchanges)
        # Until a taker's keys have come, all this may be a flight that was recorded and sent again (P3).
        if len(self._exchanges) >= EXCHANGES_MAX or same_taker >= EXCHANGES_PER_TAKER_MAX:
            return [Refuse()]
        before = self._takers.count
        if not self._takers.admit(commitment):
            return [Refuse()]
        exchange = Hosting(
            Way.QR,
            shared=self.picture.secret,
            keys=self._keys,
            card=self._card,
            takers=self._takers,
            commitment=commitment,
            first_bytes=(self.picture.commitment, flight),
            nonce=nonce,
            now_s=now_s,
        )
        self._exchanges.append(exchange)
        takers = self._takers.count
        shown: list[Effect] = [TakenAgain(takers=takers)] if takers > max(before, 1) else []
        return [*shown, Begun(exchange=exchange)]
