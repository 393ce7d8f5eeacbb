"""When to shout, and whom to dial, on one link while something is open.

Decides only: it sends nothing and opens no socket. What it hears is unauthenticated and may be forged
without end (P3), so every answer, dial, table and computation below is bounded.
Spec: docs/spec/code-and-rendezvous.md, section 4.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from satchel.core.discovery.datagram import (
    CHANCE_BYTES,
    DATAGRAM_BYTES,
    DO_NOT_DIAL,
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    PORT_MIN,
    SLOTS_MAX,
    SlotKey,
    SlotKind,
    advertised_port,
    draw_datagram,
    fraction,
    recognise,
)
from satchel.errors import MisuseError

RENDEZVOUS_OPEN_S = 15 * 60.0
REPEAT_S = 1.0  # give or take a tenth, so that two devices started together drift apart
NONCE_LIFE_MIN_S, NONCE_LIFE_MAX_S = 60.0, 180.0
SHOUTS_PER_S_MAX = 4  # in any second, whatever is heard
DIAL_GAP_S = 0.25  # between any two dials for codes (and for resumptions), whoever asks for them
REDIAL_GAP_S = 3.0  # between two dials of one address and port for one key; doubles with each of them
REDIAL_GAP_MAX_S = 30.0  # and no more: who is honest is never locked out by what was forged in its name
ADDRESS_GAP_S = 1.0  # between two dials of one address: its ports can be forged, too
DIALS_FORGOTTEN_AFTER_S = 600.0
SOURCES_MAX = 256
HEARD_PER_S_MAX = 512  # x 64 keys = some 50 ms of HMAC a second
HEARD_PER_SOURCE_PER_S_MAX = 8

RANDOM_BYTES = NONCE_BYTES + FILL_BYTES + PLACES_BYTES + 2 * CHANCE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Shout:
    datagram: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Somebody there may be the one for `key`: it proves nothing yet."""

    address: bytes
    port: int
    key: SlotKey


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt:
    at_s: float  # same clock as now_s; replaces any earlier WakeAt


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The time is up: nothing more is sent or dialled."""


Effect = Shout | Dial | WakeAt | Over


class State(Enum):
    NEW = "not started"
    OPEN = "shouting and listening"
    OVER = "the time is up"


class Rendezvous:
    """State machine for one link; drop it and make a new one when the link changes its address.

    The side with a port (the host: it sends files) is dialled and never dials; the side without one
    (the typist: it receives) dials and is never dialled. Both shout.
    """

    def __init__(
        self,
        *,
        source: bytes,
        port: int,
        shown: Sequence[SlotKey],
        sought: Sequence[SlotKey],
        open_s: float = RENDEZVOUS_OPEN_S,
        dials: "Dials | None" = None,
    ) -> None:
        """
        Args:
            source: our 16-byte address on this link.
            port: where we listen on this link, or DO_NOT_DIAL for the side that dials.
            shown: keys of the slots we send, the most important first; 64 count.
            sought: keys of the slots we look for; 64 count. For a code the same key stands in both.
            open_s: what is left of the 15 minutes, where the link came up later.
            dials: what was dialled before, on other links or earlier, that counts here, too.
        """
        if not 0 < open_s <= RENDEZVOUS_OPEN_S:
            raise MisuseError("a rendezvous is open for 15 minutes at most")
        self.state = State.NEW
        self._source = source
        self._port = port
        self._shown = tuple(shown[:SLOTS_MAX])
        self._sought = tuple(sought[:SLOTS_MAX])
        self._open_s = open_s
        self._datagram = b""
        self._closes_at_s = self._redraw_at_s = self._shout_at_s = 0.0
        self._shouted_s: deque[float] = deque(maxlen=SHOUTS_PER_S_MAX)  # the latest
        self._gate = _Gate()
        self._dials = Dials() if dials is None else dials

    def start(self, now_s: float, chance: bytes) -> list[Effect]:
        """Open, and shout at once.

        Args:
            chance: RANDOM_BYTES fresh random bytes.
        """
        if self.state is not State.NEW:
            raise MisuseError("a rendezvous starts once")
        self.state = State.OPEN
        self._closes_at_s = now_s + self._open_s
        self._redraw_at_s = self._shout_at_s = now_s
        return self.wake(now_s, chance)

    def wake(self, now_s: float, chance: bytes) -> list[Effect]:
        """WakeAt's moment has come, or an earlier one. Takes RANDOM_BYTES fresh bytes, too."""
        if len(chance) != RANDOM_BYTES:
            raise MisuseError(f"a rendezvous takes {RANDOM_BYTES} random bytes")
        if self.state is not State.OPEN:
            return []
        if now_s >= self._closes_at_s:
            self.state = State.OVER
            return [Over()]
        effects: list[Effect] = []
        if now_s >= self._shout_at_s:
            if now_s >= self._redraw_at_s:
                self._redraw(now_s, chance)
            jitter = 0.9 + 0.2 * fraction(chance[-CHANCE_BYTES:])
            effects.append(self._shout(now_s, repeat_s=REPEAT_S * jitter))
        effects.append(WakeAt(at_s=min(self._shout_at_s, self._closes_at_s)))
        return effects

    def hear(self, datagram: bytes, source: bytes, now_s: float) -> list[Effect]:
        """Take in what somebody shouted on this link. Nothing in it is believed but its slots.

        Args:
            datagram: as it came; anything that is not 530 bytes is ignored.
            source: its 16-byte source address, on this link.
        """
        if self.state is not State.OPEN or now_s >= self._closes_at_s or len(datagram) != DATAGRAM_BYTES:
            return []
        listens = advertised_port(datagram)
        dialled_by_them = listens == DO_NOT_DIAL
        # Two hosts, or two typists, have nothing to say to each other: no echo between them [4.3].
        if dialled_by_them is (self._port == DO_NOT_DIAL):
            return []
        if 0 < listens < PORT_MIN or not self._gate.admits(source, now_s):
            return []
        matched = recognise(datagram, source, self._sought)
        if not matched:
            return []
        if self._port == DO_NOT_DIAL:
            return [
                Dial(address=source, port=listens, key=key)
                for key in matched
                if self._dials.allow(source, listens, key, now_s)
            ]
        if now_s >= self._may_shout_at_s():
            return [self._shout(now_s, repeat_s=REPEAT_S)]
        self._shout_at_s = min(self._shout_at_s, self._may_shout_at_s())  # owed, as soon as it may be
        return [WakeAt(at_s=self._shout_at_s)]

    def _redraw(self, now_s: float, chance: bytes) -> None:
        places_at = NONCE_BYTES + FILL_BYTES
        life = fraction(chance[-2 * CHANCE_BYTES : -CHANCE_BYTES])
        self._datagram = draw_datagram(
            self._shown,
            nonce=chance[:NONCE_BYTES],
            port=self._port,
            source=self._source,
            fill=chance[NONCE_BYTES:places_at],
            places=chance[places_at : places_at + PLACES_BYTES],
        )
        self._redraw_at_s = now_s + NONCE_LIFE_MIN_S + life * (NONCE_LIFE_MAX_S - NONCE_LIFE_MIN_S)

    def _shout(self, now_s: float, *, repeat_s: float) -> Shout:
        self._shouted_s.append(now_s)
        self._shout_at_s = max(now_s + repeat_s, self._may_shout_at_s())
        return Shout(datagram=self._datagram)

    def _may_shout_at_s(self) -> float:
        return self._shouted_s[0] + 1.0 if len(self._shouted_s) == SHOUTS_PER_S_MAX else 0.0


class _Gate:
    """How many datagrams of whom are looked at in one second: no flood takes the processor (P3), and
    one loud source takes no turn of another."""

    def __init__(self) -> None:
        self._second_ends_s = float("-inf")
        self._total = 0
        self._heard: dict[bytes, int] = {}

    def admits(self, source: bytes, now_s: float) -> bool:
        if now_s >= self._second_ends_s:
            self._second_ends_s = now_s + 1.0
            self._total = 0
            self._heard.clear()
        count = self._heard.get(source, 0)
        if count >= HEARD_PER_SOURCE_PER_S_MAX or self._total >= HEARD_PER_S_MAX:
            return False
        self._heard[source] = count + 1
        self._total += 1
        return True


class Dials:
    """Whom we dialled lately. Code slots can be forged for any address by who is on the network."""

    def __init__(self) -> None:
        # Apart, so that forged code slots never cost a hand-over that is to go on its turn.
        self._of_kind = {kind: _DialsOfKind() for kind in SlotKind}

    def allow(self, address: bytes, port: int, key: SlotKey, now_s: float) -> bool:
        """Whether to dial now; if so, it counts."""
        return self._of_kind[key.kind].allow(address, port, key, now_s)

    def met(self, address: bytes, port: int, key: SlotKey) -> None:
        """The handshake with that side went through: after a break it may be dialled at once again."""
        self._of_kind[key.kind].forget(address, port, key)


class _DialsOfKind:
    def __init__(self) -> None:
        self._last_s = float("-inf")
        self._by_address: dict[bytes, float] = {}  # when last; the longest ago first, as below
        self._by_end: dict[tuple[bytes, int, SlotKey], tuple[float, float]] = {}  # when last, and the gap

    def allow(self, address: bytes, port: int, key: SlotKey, now_s: float) -> bool:
        if now_s - self._last_s < DIAL_GAP_S:
            return False
        if now_s - self._by_address.get(address, float("-inf")) < ADDRESS_GAP_S:
            return False
        last_s, gap_s = self._by_end.get((address, port, key), (float("-inf"), 0.0))
        if now_s - last_s < gap_s:
            return False
        longer_s = min(2 * gap_s, REDIAL_GAP_MAX_S)
        if not gap_s or now_s - last_s >= DIALS_FORGOTTEN_AFTER_S:
            longer_s = REDIAL_GAP_S
        self._last_s = now_s
        _put_last(self._by_address, address, now_s)
        _put_last(self._by_end, (address, port, key), (now_s, longer_s))
        return True

    def forget(self, address: bytes, port: int, key: SlotKey) -> None:
        self._by_end.pop((address, port, key), None)
        self._by_address.pop(address, None)


K = TypeVar("K")
V = TypeVar("V")


def _put_last(table: dict[K, V], key: K, value: V) -> None:
    """Forged addresses push the oldest out of the table; what they buy is no faster dialling."""
    table.pop(key, None)
    while len(table) >= SOURCES_MAX:
        del table[next(iter(table))]
    table[key] = value
