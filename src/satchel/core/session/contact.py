"""Sessions between contacts: which day's keys a flight is made with, and which ones a listener tries.

Who dials is known by the proof to who listens, and to nobody else (P1); that it is that person, and now, is
proved by the first frame behind the handshake and by nothing before it (P2). Stores nothing: which ephemeral
keys were used is asked of the store. Spec: docs/spec/session.md, sections 2 and 3.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCH_HOURS, Chain, Epochs, Use
from satchel.core.identity.near import Near
from satchel.core.session.flight import FlightKey, Recognised
from satchel.core.session.handshake import Purpose, SessionKeys, Statics
from satchel.errors import PeerError

APART_HOURS = 23  # two clocks that far apart, or as far from the offset that was learned, work as if right
EPOCHS_HEARD_MAX = 7
USED_FLIGHTS_MAX = 1000  # of one contact and epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingKeys:
    """What one side keeps of a contact in order to meet it."""

    statics: Statics
    epochs: Epochs


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactKey(FlightKey):
    """What recognises the flights of one contact in one epoch."""

    contact: ContactId
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """Before anything is answered: keep `ephemeral` under contact and epoch, durably, until the epoch is
    erased; unless it is there, or `places` others are [3.3]."""

    contact: ContactId
    epoch: int
    ephemeral: bytes
    places: int = USED_FLIGHTS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Send `flight`. Nothing is believed before the first frame under `keys` has opened [3.5]."""

    flight: bytes
    keys: SessionKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Answer nothing."""


def dialled_epochs(epochs: Epochs, *, day: int | None) -> tuple[int, ...]:
    """With which epochs to dial who was not heard, one after the other; at most three [2.3].

    Args:
        day: of a plausible clock; None: there is none.
    """
    used = [agreed if day is None else max(agreed, day) for agreed in epochs.tried]
    return _reached(epochs.speaking, (used[0], *epochs.tried, *used))


def heard_epochs(epochs: Epochs, *, hour: int | None, ahead_hours: int = 0) -> tuple[int, ...]:
    """The epochs a flight of this contact may be of, the likeliest first; EPOCHS_HEARD_MAX at most [2.4].

    Args:
        hour: hours since 1970 of a plausible clock; None: there is none.
        ahead_hours: by how much their clock was ahead of ours when they last told.
    """
    if hour is None:
        return _reached(epochs.listening, epochs.tried)
    theirs = hour + ahead_hours
    # Who heard a beacon of ours dials with the epoch of that, and it may be one of before midnight.
    hours = (theirs, hour, hour - 1, theirs - APART_HOURS, theirs + APART_HOURS)
    days = [one // EPOCH_HOURS for one in hours]
    return _reached(epochs.listening, (max(epochs.agreed, days[0]), *epochs.tried, *days))


def dialling_key(pair: MeetingKeys, epoch: int) -> FlightKey:
    """Of `dialled_epochs`, or of the beacon that was heard. Raises MisuseError: there is no such epoch."""
    chain = pair.epochs.speaking.at(epoch)
    return FlightKey(
        purpose=Purpose.CONTACT, open=chain.key(Use.OPEN), psk=chain.key(Use.PSK), statics=pair.statics
    )


def listening_keys(
    contact: ContactId, pair: MeetingKeys, epochs: Collection[int], near: Near | None = None
) -> tuple[ContactKey, ...]:
    """Those of `heard_epochs`, in their order. `near`: of this chain, where it was used before."""
    near = near or Near(pair.epochs.listening)
    keys: dict[int, ContactKey] = {}
    for chain in map(near.at, sorted(epochs)):  # so that each step of the chain is made once
        keys[chain.epoch] = ContactKey(
            purpose=Purpose.CONTACT,
            open=chain.key(Use.OPEN),
            psk=chain.key(Use.PSK),
            statics=pair.statics,
            contact=contact,
            epoch=chain.epoch,
        )
    return tuple(keys[epoch] for epoch in epochs)


@dataclass(slots=True, kw_only=True)
class _Known:
    pair: MeetingKeys
    ahead_hours: int
    near: Near
    keys: tuple[ContactKey, ...] = field(default=(), repr=False)


class ContactKeys:
    """The keys of all contacts at this hour, made when the day turns and not for each stranger (P3)."""

    def __init__(self) -> None:
        self._known: dict[ContactId, _Known] = {}
        self._hour: int | None = None
        self._by_rank: tuple[ContactKey, ...] | None = None

    def put(self, contact: ContactId, pair: MeetingKeys, *, ahead_hours: int = 0) -> None:
        """A contact is new, or what is kept of it has changed: nothing stays of what it was (W4)."""
        before = self._known.get(contact)
        near = Near(pair.epochs.listening, None if before is None else before.near)
        self._known[contact] = _Known(pair=pair, ahead_hours=ahead_hours, near=near)
        self._by_rank = None

    def forget(self, contact: ContactId) -> None:
        self._known.pop(contact, None)
        self._by_rank = None

    def at(self, hour: int | None, *, first: Collection[ContactId] = ()) -> Iterator[ContactKey]:
        """What `check_flight` tries.

        Args:
            hour: as for `heard_epochs`.
            first: who may well be calling: their beacon was recognised at this source.
        """
        if self._by_rank is None or hour != self._hour:
            self._hour = hour
            self._by_rank = self._make(hour)
        for contact in first:
            if contact in self._known:
                yield from self._known[contact].keys
        for key in self._by_rank:
            if key.contact not in first:
                yield key

    def _make(self, hour: int | None) -> tuple[ContactKey, ...]:
        """All, the likeliest epoch of each contact first."""
        for contact, known in self._known.items():
            epochs = heard_epochs(known.pair.epochs, hour=hour, ahead_hours=known.ahead_hours)
            if epochs != tuple(key.epoch for key in known.keys):
                known.keys = listening_keys(contact, known.pair, epochs, known.near)
        ranks = (
            known.keys[rank : rank + 1] for rank in range(EPOCHS_HEARD_MAX) for known in self._known.values()
        )
        return tuple(key for keys in ranks for key in keys)


def remember(recognised: Recognised[ContactKey]) -> Remember:
    """What the store is asked first about a flight."""
    key = recognised.key
    return Remember(contact=key.contact, epoch=key.epoch, ephemeral=recognised.ephemeral)


def answer(
    recognised: Recognised[ContactKey], *, is_remembered: bool, ephemeral: bytes, fill: bytes
) -> Answer | Drain:
    """What becomes of a contact's flight.

    Args:
        is_remembered: whether the store has it now and had it not before.
        ephemeral: 32 fresh random bytes.
        fill: 208 fresh random bytes.
    """
    if not is_remembered:
        return Drain()
    try:
        flight, keys = recognised.accept(ephemeral=ephemeral, fill=fill)
    except PeerError:  # a good proof and a bad Noise message [3.4]
        return Drain()
    return Answer(flight=flight, keys=keys)


def _reached(chain: Chain, epochs: Collection[int]) -> tuple[int, ...]:
    return tuple(epoch for epoch in dict.fromkeys(epochs) if chain.reaches(epoch))
