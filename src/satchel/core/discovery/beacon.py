"""When to shout on one link, in which words, and whom to dial: for contacts.

One machine for each address of each interface, and a new one whenever the link changes: what it sends is
drawn for it alone (W1). It sends nothing and opens no socket. What it hears may be forged or replayed; it
leads to a dial, where somebody has to prove who they are. Spec: docs/spec/discovery.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from satchel.core.discovery.crowd import Crowd
from satchel.core.discovery.datagram import (
    ADDRESS_BYTES,
    CHANCE_BYTES,
    DATAGRAM_BYTES,
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    PORT_MIN,
    advertised_port,
    draw_datagram,
    fraction,
    nonce_of,
)
from satchel.core.discovery.hearing import Budget, Found, Recognition
from satchel.core.discovery.people import People
from satchel.core.discovery.rendezvous import Shout, WakeAt
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.errors import MisuseError

NONCE_LIFE_MIN_S, NONCE_LIFE_MAX_S = 60.0, 180.0
PORT_LIFE_MIN_S, PORT_LIFE_MAX_S = 600.0, 1200.0
OLD_PORT_OPEN_S = 240.0
PORT_PATIENCE_S = 1.0  # how long a nonce waits for the new port
INTERVAL_JITTER = 0.3
FRESH_S = 300.0  # a nonce starts dials no longer than this after it was first heard
HERE_S = 600.0  # who was heard so lately is here
MEET_S = 300.0
STORED_ADDRESSES_MAX = 3
SEED_BYTES = 32
_PIECES_BYTES = (NONCE_BYTES, FILL_BYTES, PLACES_BYTES, CHANCE_BYTES, CHANCE_BYTES, CHANCE_BYTES, SEED_BYTES)
RANDOM_BYTES = sum(_PIECES_BYTES)

_IPV4 = bytes(10) + b"\xff\xff"


class Mode(Enum):
    OPEN = "shout, listen and dial"
    QUIET = "listen and dial"
    OFF = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisper:
    """Send it to this one address: a contact was there the last time."""

    address: bytes
    datagram: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """The contact may be there: it proves nothing yet."""

    contact: ContactId
    address: bytes
    port: int
    epochs: tuple[int, ...]  # to try, in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """Store it until the keys of that epoch are erased, and before anything that follows: give it to
    `Spent` at the next start, so that nobody can use it once more."""

    contact: ContactId
    epoch: int
    nonce: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPort:
    """Listen on another port too, and call `opened`. Without an answer the old one goes on for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePort:
    """Nobody has heard of it for some minutes."""

    port: int


Effect = Shout | Whisper | Dial | Recognised | OpenPort | ClosePort | WakeAt


@dataclass(slots=True, kw_only=True)
class _Presence:
    """A contact on this link, by its latest nonce."""

    nonce: bytes
    first_s: float
    last_s: float
    dial: Dial


class Beacon:
    """State machine for one address of one link; drop it and make a new one when the link changes."""

    def __init__(
        self, *, people: People, budget: Budget, source: bytes, network: bytes | None = None
    ) -> None:
        """
        Args:
            source: our 16-byte address on this link.
            network: which network this is, by `network_id`; None where nobody can tell (yet).
        """
        if len(source) != ADDRESS_BYTES:
            raise MisuseError("an address has 16 bytes")
        self._people = people
        self._source = source
        self.network = network
        self._recognition = Recognition(people.tags, budget)
        self._crowd = Crowd()
        self._here: dict[ContactId, _Presence] = {}
        self._mode = Mode.OFF
        self._meets_until_s = float("-inf")
        self._hourless_next = False
        self._stored: tuple[StoredAddress, ...] = ()
        self._datagram = b""
        self._shout_at_s = self._redraw_at_s = self._new_port_at_s = 0.0
        self._port = 0
        self._waits_for_port = False
        self._old_ports: list[tuple[int, float]] = []  # and when to close them

    def start(self, mode: Mode, *, port: int, reading: Reading, now_s: float, chance: bytes) -> list[Effect]:
        """The link is up: the first packet goes at once.

        Args:
            port: where we listen on this link.
            chance: RANDOM_BYTES fresh random bytes, here and below.
        """
        self._take_port(port, now_s, chance)
        return self.set_mode(mode, reading=reading, now_s=now_s, chance=chance)

    def set_mode(self, mode: Mode, *, reading: Reading, now_s: float, chance: bytes) -> list[Effect]:
        """From now on so. After a silence everything is drawn anew."""
        spoke = self._speaks(now_s)
        if mode is Mode.OFF and self._mode is not Mode.OFF:
            self._here.clear()
            self._recognition.clear()
            self._meets_until_s = float("-inf")
            self._new_port_at_s = now_s
        self._mode = mode
        if self._speaks(now_s) and not spoke:
            self._redraw_at_s = self._shout_at_s = now_s
        return self.wake(reading=reading, now_s=now_s, chance=chance)

    def meet(
        self, stored: Sequence[StoredAddress], *, reading: Reading, now_s: float, chance: bytes
    ) -> list[Effect]:
        """Somebody wants to meet now: five minutes open although quiet, and for wrong clocks [4.6].

        Args:
            stored: where contacts were met, the likeliest first; those of other networks are left out.
        """
        if self._mode is Mode.OFF:
            return []
        self._meets_until_s = now_s + MEET_S
        self._hourless_next = True
        self._stored = tuple(place for place in stored if self._may_whisper(place))[:STORED_ADDRESSES_MAX]
        return self.renew(reading=reading, now_s=now_s, chance=chance)

    def opened(self, port: int, *, reading: Reading, now_s: float, chance: bytes) -> list[Effect]:
        """We listen on this port too: the next nonce says so, at once."""
        self._old_ports.append((self._port, now_s + OLD_PORT_OPEN_S))
        self._take_port(port, now_s, chance)
        return self.renew(reading=reading, now_s=now_s, chance=chance)

    def renew(self, *, reading: Reading, now_s: float, chance: bytes) -> list[Effect]:
        """Somebody is a contact now, or is none any more: a nonce that was drawn before is over [4.10]."""
        self._redraw_at_s = self._shout_at_s = now_s
        return self.wake(reading=reading, now_s=now_s, chance=chance)

    def wake(self, *, reading: Reading, now_s: float, chance: bytes) -> list[Effect]:
        """WakeAt's moment has come, or an earlier one."""
        if len(chance) != RANDOM_BYTES:
            raise MisuseError(f"a beacon takes {RANDOM_BYTES} random bytes")
        effects: list[Effect] = [ClosePort(port=port) for port, at_s in self._old_ports if at_s <= now_s]
        self._old_ports = [(port, at_s) for port, at_s in self._old_ports if at_s > now_s]
        effects += self._work(reading, now_s)
        if self._speaks(now_s) and now_s >= self._shout_at_s:
            effects += self._speak(reading, now_s, chance)
        return effects + self._wake_at(now_s)

    def hear(self, datagram: bytes, source: bytes, *, reading: Reading, now_s: float) -> list[Effect]:
        """Take in what was shouted on this link, or sent to us alone. Nothing in it is believed but slots.

        Args:
            datagram: as it came; anything that is not 530 bytes is ignored.
            source: its 16-byte address, on-link on this interface: the carrier has looked. It may be ours.
        """
        if self._mode is Mode.OFF or len(datagram) != DATAGRAM_BYTES:
            return []
        self._crowd.hear(source, now_s)
        if advertised_port(datagram) < PORT_MIN:
            return []  # nobody whom we could dial: not worth a MAC
        known = self._recognition.hear(datagram, source, reading)
        effects = [] if known is None else self._meets(known, now_s)
        return effects + self._work(reading, now_s) + self._wake_at(now_s)

    def mail_came(self, contact: ContactId, now_s: float) -> list[Effect]:
        """Something new waits for this contact (`People.set_mail` was called): if it is here, dial."""
        presence = self._here.get(contact)
        if presence is None or now_s - presence.last_s >= HERE_S or not self._people.dial(contact, now_s):
            return []  # else by the next nonce
        return [presence.dial]

    def here(self, address: bytes, now_s: float) -> list[ContactId]:
        """Whose beacon was recognised at this address lately: who connects from there may be them."""
        heard = self._here.items()
        return [one for one, at in heard if at.dial.address == address and now_s - at.last_s < HERE_S]

    def _speaks(self, now_s: float) -> bool:
        match self._mode:
            case Mode.OPEN:
                return True
            case Mode.QUIET:
                return now_s < self._meets_until_s
            case Mode.OFF:
                return False
            case _:
                assert_never(self._mode)

    def _speak(self, reading: Reading, now_s: float, chance: bytes) -> list[Effect]:
        if now_s >= self._redraw_at_s:
            if now_s >= self._new_port_at_s and not self._waits_for_port:
                self._waits_for_port = True
                self._shout_at_s = now_s + PORT_PATIENCE_S
                return [OpenPort()]
            self._waits_for_port = False
            self._redraw(reading, now_s, chance)
        jitter = 1.0 + INTERVAL_JITTER * (2.0 * fraction(_split(chance)[5]) - 1.0)
        self._shout_at_s = now_s + jitter * self._crowd.interval_s(now_s)
        effects: list[Effect] = [Shout(datagram=self._datagram)]
        if now_s < self._meets_until_s:
            effects += [Whisper(address=p.address, datagram=self._datagram) for p in self._stored]
        return effects

    def _redraw(self, reading: Reading, now_s: float, chance: bytes) -> None:
        """All of the next packet at once: it is repeated unchanged until its nonce is over (W1, W2)."""
        nonce, fill, places, life, _, _, seed = _split(chance)
        meets = now_s < self._meets_until_s
        hourless = meets and self._hourless_next
        self._hourless_next = not self._hourless_next
        first = {place.contact for place in self._stored} if meets else set()
        marks = [
            self._people.tags.spoken(contact, reading, hourless=hourless)
            for contact in self._people.choose(seed, now_s, first=first)
        ]
        self._datagram = draw_datagram(
            [mark for mark in marks if mark is not None],
            nonce=nonce,
            port=self._port,
            source=self._source,
            fill=fill,
            places=places,
        )
        self._redraw_at_s = now_s + _between(NONCE_LIFE_MIN_S, NONCE_LIFE_MAX_S, life)

    def _take_port(self, port: int, now_s: float, chance: bytes) -> None:
        if not PORT_MIN <= port <= 0xFFFF:
            raise MisuseError("a beacon names a port from 1024 on")
        self._port = port
        self._new_port_at_s = now_s + _between(PORT_LIFE_MIN_S, PORT_LIFE_MAX_S, _split(chance)[4])

    def _may_whisper(self, place: StoredAddress) -> bool:
        """Only where it was learned: elsewhere it is somebody else's address, and who sees it asked for
        would know where we were (W1)."""
        same_family = (place.address[:12] == _IPV4) is (self._source[:12] == _IPV4)
        here = self.network is not None and place.network == self.network
        return here and same_family and place.address != self._source

    def _work(self, reading: Reading, now_s: float) -> list[Effect]:
        found = self._recognition.work(reading, now_s)
        return [effect for each in found for effect in self._meets(each, now_s)]

    def _meets(self, found: Found, now_s: float) -> list[Effect]:
        contact, epoch, nonce = found.mark.contact, found.mark.epoch, nonce_of(found.datagram)
        if contact not in self._people.tags:
            return []  # forgotten since
        effects: list[Effect] = []
        presence = self._here.get(contact)
        if presence is None or presence.nonce != nonce:
            if not self._people.spent.spend(contact, epoch, nonce):
                return []  # heard before, here or elsewhere: a replay (W1, P3)
            effects.append(Recognised(contact=contact, epoch=epoch, nonce=nonce))
            port = advertised_port(found.datagram)
            dial = Dial(contact=contact, address=found.source, port=port, epochs=(epoch,))
            presence = _Presence(nonce=nonce, first_s=now_s, last_s=now_s, dial=dial)
            self._here[contact] = presence
        if now_s - presence.first_s >= FRESH_S:
            return effects  # no honest nonce lives that long (W1, P3)
        presence.last_s = now_s
        self._people.heard(contact, now_s)
        if self._people.dial(contact, now_s):
            effects.append(presence.dial)
        return effects

    def _wake_at(self, now_s: float) -> list[Effect]:
        wakes_s = [self._recognition.goes_on_at_s(now_s), *(at_s for _, at_s in self._old_ports)]
        if self._speaks(now_s):
            wakes_s.append(self._shout_at_s)
        at_s = min(wakes_s)
        return [WakeAt(at_s=at_s)] if at_s < float("inf") else []


def _split(chance: bytes) -> list[bytes]:
    """Nonce, filling, places, lives of nonce and port, the jitter of the interval, and a seed."""
    pieces, at = [], 0
    for length in _PIECES_BYTES:
        pieces.append(chance[at : at + length])
        at += length
    return pieces


def _between(least_s: float, most_s: float, chance: bytes) -> float:
    return least_s + (most_s - least_s) * fraction(chance)
