"""Devices whose contacts open sessions as the product does, over pipes and power that fail at any step: first
flight and answer, handshake, frames, opening, and which of two sessions stays.

A seed makes the run, to the last byte. Texts stand for all that follows an opening. `Talk` is what a liar
changes; `sim/contacts.py` makes contacts of devices, and lets them dial.
"""

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import assert_never

from satchel.core.crypto.aead import Suite
from satchel.core.identity.clocks import HOUR_S, Clocks, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.opening.codec import decode, encode
from satchel.core.opening.effects import (
    Effect,
    Kept,
    Learned,
    Ready,
    Say,
    Store,
    UseSuite,
    WentBack,
    WeWentBack,
)
from satchel.core.opening.messages import Bye, Hello, Message
from satchel.core.opening.rivals import Rivals
from satchel.core.opening.session import Opening, Role, State
from satchel.core.session.contact import Answer, MeetingKeys, Remember, dialling_key
from satchel.core.session.flight import ANYWHERE, EPHEMERAL_BYTES, FLIGHT_BYTES, FLIGHT_FILL_BYTES, Dialler
from satchel.core.session.frames import CONTROL_SIZES, LENGTH_BYTES, Kind, Opener, Sealer
from satchel.core.session.handshake import SessionKeys, Statics
from satchel.errors import PeerError
from satchel.sim.device import BUILD_S, START_S
from satchel.sim.front_door import FrontDoor
from satchel.sim.wire import Pipe, Place, Wire

OPENED_WITHIN_S = 11.0
BYE = encode(Bye())


@dataclass(slots=True, kw_only=True)
class Entry:
    """What is stored of one contact."""

    statics: Statics
    kept: Kept
    used: dict[int, frozenset[bytes]] = field(default_factory=dict)  # ephemeral keys of its flights, by epoch


@dataclass(slots=True, kw_only=True)
class Disk:
    """What a device keeps when the power fails, and what is in a copy of it."""

    entries: dict[ContactId, Entry] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=lambda: Clocks(build_s=BUILD_S))

    def copy(self) -> "Disk":
        entries = {contact: replace(entry, used=dict(entry.used)) for contact, entry in self.entries.items()}
        return Disk(entries=entries, clocks=self.clocks)


class Node:
    """One device. `wrong_s`: how far its clock is ahead of the right one."""

    def __init__(self, wire: Wire, *, wrong_s: int = 0, at: Place | None = None) -> None:
        self.wire = wire
        self.world = wire.world
        self.wrong_s = wrong_s
        self.place = at or wire.new_place()
        self.disk = Disk()
        self.sides: dict[ContactId, Side] = {}
        self.start()

    def start(self) -> None:
        """With what is on the disk, and no memory."""
        self.door = FrontDoor(self.world, hour=lambda: self.hour, store=self._remember, let_in=self._let_in)
        self.wire.doors[self.place] = self.door
        for side in self.sides.values():
            side.reset()
            self.make_keys(side)

    def add(self, contact: ContactId, entry: Entry) -> "Side":
        self.disk.entries[contact] = entry
        side = self.sides[contact] = Side(self, contact)
        self.make_keys(side)
        return side

    def make_keys(self, side: "Side") -> None:
        offset_s = self.disk.clocks.offset_s(side.contact)
        self.door.keys.put(side.contact, side.pair, ahead_hours=offset_s // HOUR_S)

    def reading(self) -> Reading:
        clock_s = max(0, START_S + int(self.world.now_s) + self.wrong_s)
        return self.disk.clocks.read(clock_s=clock_s, since_saved_s=self.world.now_s)

    @property
    def hour(self) -> int | None:
        reading = self.reading()
        return reading.hour if reading.plausible else None

    def lose_power(self) -> None:
        """All memory is lost, and the other sides hear nothing of it. It is on again at once."""
        self.door.close()
        for side in self.sides.values():
            for talk in side.talks:
                talk.is_up = False
                talk.pipe.break_off()
        self.start()

    def move(self, to: Place) -> None:
        """To another network: all connections are reset."""
        self.wire.doors.pop(self.place, None)
        self.place = to
        self.lose_power()

    def restore(self, old: Disk) -> None:
        """The profile of an earlier day is put back."""
        self.disk = old.copy()
        self.lose_power()

    def write(self, *, fails: bool, change: partial[None]) -> bool:
        """To the disk. False: the power failed in the middle."""
        if not fails or self.world.chance.random() < 0.5:
            change()
        if fails:
            self.lose_power()
        return not fails

    def fails(self) -> bool:
        return self.world.chance.random() < self.wire.breaks.power

    def _remember(self, asked: Remember) -> bool:
        used = self.disk.entries[asked.contact].used
        here = used.get(asked.epoch, frozenset())
        if asked.ephemeral in here or len(here) >= asked.places:
            return False
        change = partial(used.__setitem__, asked.epoch, here | {asked.ephemeral})
        return self.write(fails=self.fails(), change=change)

    def _let_in(self, pipe: Pipe, contact: ContactId, answered: Answer, behind: bytes) -> None:
        side = self.sides[contact]
        side.talk(side, Role.LISTENER).answer(pipe, answered, behind)


class Side:
    """A device, as far as one contact of it is concerned."""

    def __init__(self, node: Node, contact: ContactId) -> None:
        self.node = node
        self.world = node.world
        self.contact = contact
        self.talk: type[Talk] = Talk
        self.shown: list[WentBack | WeWentBack] = []
        self.problems: list[PeerError] = []  # for which the contact is to blame
        self.written: defaultdict[bytes, list[bytes]] = defaultdict(list)  # texts of ours, by session
        self.heard: defaultdict[bytes, list[bytes]] = defaultdict(list)  # and of theirs
        self.reset()

    def reset(self) -> None:
        self.rivals = Rivals()
        self.talks: list[Talk] = []

    @property
    def entry(self) -> Entry:
        return self.node.disk.entries[self.contact]

    @property
    def kept(self) -> Kept:
        return self.entry.kept

    @property
    def pair(self) -> MeetingKeys:
        return MeetingKeys(statics=self.entry.statics, epochs=self.kept.epochs)

    @property
    def ready(self) -> set[bytes]:
        """Hashes of the open sessions."""
        return {talk.session_hash for talk in self.talks if talk.is_ready}

    def keep(self, kept: Kept) -> bool:
        """False: the power failed."""
        return self.node.write(fails=self.node.fails(), change=partial(self._keep, kept))

    def _keep(self, kept: Kept) -> None:
        entry, reaches = self.entry, kept.epochs.listening.reaches
        entry.kept = kept
        entry.used = {epoch: used for epoch, used in entry.used.items() if reaches(epoch)}
        self.node.make_keys(self)

    def close(self, session_hash: bytes | None) -> None:
        for talk in copy(self.talks):
            if session_hash is not None and talk.session_hash == session_hash:
                talk.close()

    def write(self, text: bytes) -> None:
        """In the session that there is, if there is one."""
        for talk in self.talks:
            if talk.is_ready:
                self.written[talk.session_hash].append(text)
                talk.send(text)


class Talk:
    """One side of one session, from the flight on."""

    pipe: Pipe
    _dialler: Dialler
    _sealer: Sealer
    _opener: Opener

    def __init__(self, side: Side, role: Role) -> None:
        self.side = side
        self.role = role
        self.is_up = True
        self.session_hash = b""  # none yet
        self.opening: Opening | None = None
        self._waits = b""
        side.talks.append(self)
        side.world.at(side.world.now_s + OPENED_WITHIN_S, self._give_up)

    @property
    def is_ready(self) -> bool:
        return self.is_up and self.opening is not None and self.opening.state is State.OPEN

    # --- flight and answer ---------------------------------------------------------------------------

    def call(self, to: Place, epoch: int, *, typed: bool) -> None:
        chance = self.side.world.chance.randbytes
        address, port = ANYWHERE if typed else (bytes(to.address), to.port)
        self._dialler = Dialler(
            dialling_key(self.side.pair, epoch),
            address=address,
            port=port,
            ephemeral=chance(EPHEMERAL_BYTES),
            fill=chance(FLIGHT_FILL_BYTES),
        )
        node = self.side.node
        self.pipe = node.wire.connect(self, to, node.place.address)
        self.pipe.carry(self, self._dialler.flight)

    def answer(self, pipe: Pipe, answered: Answer, behind: bytes) -> None:
        self.pipe = pipe
        pipe.listener = self
        self.use(answered.keys)
        self.pipe.carry(self, answered.flight)
        self.arrive(behind)

    def use(self, keys: SessionKeys) -> None:
        self.session_hash = keys.session_hash
        self._sealer, self._opener = Sealer(keys.send), Opener(keys.receive)

    def _proven(self) -> None:
        """The answer to our flight was right."""
        verdict = self.side.rivals.dialled(self.session_hash)
        self.side.close(verdict.close)
        if self.is_up:
            self.opening = self.new_opening(verdict.beside)
            self._carry_out(self.opening.start())

    # --- frames --------------------------------------------------------------------------------------

    def arrive(self, data: bytes) -> None:
        self._waits += data
        while self.is_up:
            try:
                if not self.session_hash:
                    if not (flight := self._take(FLIGHT_BYTES)):
                        return
                    self.use(self._dialler.finish(flight))
                    self._proven()
                    continue
                frame = self._next_frame()
            except PeerError:  # anybody on the way can do that
                self.close()
                return
            if frame is None:
                return
            try:
                self._hear(*frame)
            except PeerError as problem:
                self.side.problems.append(problem)
                self.close()

    def _take(self, count: int) -> bytes:
        """So many bytes, or none: they are not here yet."""
        if len(self._waits) < count:
            return b""
        taken, self._waits = self._waits[:count], self._waits[count:]
        return taken

    def _next_frame(self) -> tuple[Kind, bytes] | None:
        if len(self._waits) < LENGTH_BYTES:
            return None
        length = self._opener.sealed_length(self._waits[:LENGTH_BYTES])
        if length > CONTROL_SIZES[0]:
            raise PeerError("transport 4.2: a frame larger than any that may come here")
        frame = self._take(LENGTH_BYTES + length)
        if not frame:
            return None
        kind, body = self._opener.open(memoryview(frame)[LENGTH_BYTES:], bytearray(length))
        return kind, bytes(body)

    def _hear(self, kind: Kind, body: bytes) -> None:
        if self.is_ready:
            if kind is Kind.CONTROL and body != BYE:
                self.side.heard[self.session_hash].append(body)
            elif kind is not Kind.PADDING:
                self.close()
            return
        if kind is not Kind.CONTROL:
            raise PeerError("session 4.4: a frame that is not due")
        message = decode(body)
        if self.opening is None:  # the first frame has opened: from now on it is believed
            if not isinstance(message, Hello):
                raise PeerError("session 4.4: a message that is not due")
            verdict = self.side.rivals.was_dialled(self.session_hash, message.beside)
            self.side.close(verdict.close)
            if not self.is_up:
                return
            self.opening = self.new_opening(verdict.beside)
        elif isinstance(message, Hello):
            self.side.rivals.answered(self.session_hash, message.beside)
        self._carry_out(self.opening.hear(message))

    def send(self, body: bytes) -> None:
        self.pipe.carry(self, self._sealer.control(body))

    # --- opening -------------------------------------------------------------------------------------

    def new_opening(self, beside: bytes | None) -> Opening:
        reading = self.side.node.reading()
        return Opening(
            self.role,
            self.side.kept,
            day=reading.day,
            clock_s=reading.time_s,
            plausible=reading.plausible,
            aes=True,
            beside=beside,
        )

    def say(self, message: Message) -> None:
        self.send(encode(message))

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        assert self.opening is not None
        for effect in effects:
            match effect:
                case Store(kept=kept):
                    if not self.side.keep(kept):
                        return
                    self._carry_out(self.opening.stored())
                case Say(message=message):
                    self.say(message)
                case UseSuite(aes=aes):
                    suite = Suite.AES_256_GCM if aes else Suite.CHACHA20_POLY1305
                    self._sealer.agree(suite)
                    self._opener.agree(suite)
                case Learned(ahead_s=ahead_s, plausible=plausible):
                    self._learn(ahead_s if plausible else None)
                case WentBack() | WeWentBack():
                    self.side.shown.append(effect)
                case Ready():
                    pass
                case _:
                    assert_never(effect)
            if not self.is_up:
                return

    def _learn(self, ahead_s: int | None) -> None:
        node, reading = self.side.node, self.side.node.reading()
        their_s = None if ahead_s is None else reading.time_s + ahead_s
        node.disk.clocks = node.disk.clocks.learn(self.side.contact, their_s, reading)

    # --- ends ----------------------------------------------------------------------------------------

    def close(self) -> None:
        if self.is_up:
            self.is_up = False
            self.side.rivals.ended(self.session_hash)
            self.side.talks.remove(self)
            self.pipe.break_off()

    def broke(self) -> None:
        self.close()

    def _give_up(self) -> None:
        if not self.is_ready:
            self.close()
