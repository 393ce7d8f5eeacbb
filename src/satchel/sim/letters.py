"""Many people with a post office each, who meet for a while and part: all of letters as it is.

Frames take their time through the air; what is in it when a meeting ends is lost. After each event `Ledger`
looks whether a promise is broken. For tests and measurements.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from satchel.core.bundles.header import SIZES_BYTES, BundleId
from satchel.core.bundles.lifetime import LIFETIME_H_MAX
from satchel.core.crypto.kem import encapsulate
from satchel.core.custody.codec import Unpacking
from satchel.core.custody.kept import Source
from satchel.core.custody.limits import PARTIALS_MAX
from satchel.core.custody.messages import Message
from satchel.core.identity.clocks import BUILT_S, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.core.sealing.letter import Attachment, LetterId
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node import events
from satchel.node.letters.exchanging import Exchanging
from satchel.node.letters.office import PostOffice
from satchel.node.letters.stores import Stores, World
from satchel.ports.contacts import Contact
from satchel.sim.letter_ledger import Ledger
from satchel.sim.letter_profile import Profile
from satchel.sim.letter_rows import Data
from satchel.sim.world import World as Turns

SPACE_BYTES = 64 << 20
WAKES_S = 300.0
MEETING_BYTES_MAX = 1 << 30
RATE_BYTES_S = 2_000_000.0  # of a poor Wi-Fi
AIR_S = 0.02
Listener = Callable[[float, str, str, Sequence[Message]], None]  # when, who said it to whom


class _Chance:
    """Entropy with a seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def draw(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def encapsulate(self, public_key: bytes) -> tuple[bytes, bytes]:
        return encapsulate(public_key)


@dataclass(frozen=True, slots=True)
class _Clock:
    """The same for all, and right."""

    turns: Turns

    def read(self) -> Reading:
        return Reading(time_s=BUILT_S + int(self.turns.now_s), plausible=True)

    def best_s(self) -> int | None:
        return self.read().time_s


@dataclass(eq=False)
class Person:
    """Somebody with a profile and a program. `disk_full`: how often a write fails."""

    town: "Town"
    name: str
    profile: Profile
    space_bytes: int = SPACE_BYTES
    disk_full: float = 0.0
    contacts: dict[str, ContactId] = field(default_factory=dict)  # as this one knows them, by name
    came: list[str] = field(default_factory=list)  # texts, in order

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.town.seed} {self.name}")
        self.profile.disk.is_full = lambda: self.disk_full > 0 and self.chance.random() < self.disk_full
        self._starts = 0
        self.begin()

    def begin(self) -> None:
        """The program starts, perhaps once more; a disk that is full keeps it from that for a while."""
        self.town.part(self)
        self._starts += 1
        turns = self.town.turns
        world = World(
            stores=self.stores(),
            entropy=_Chance(f"{self.town.seed} {self.name} {self._starts}"),
            clock=_Clock(turns),
            now_s=lambda: turns.now_s,
            report=self._report,
            space_bytes=self.space_bytes,
            others_bytes=lambda _now_bytes: self.space_bytes // 2,
            has_room=lambda _held_bytes: True,
        )
        full, self.disk_full = self.disk_full, 0.0
        self.office = PostOffice(world)
        self.prepare()
        self.disk_full = full

    def prepare(self) -> None:
        """As a node does when it has nothing else to do."""
        while self.office.prepare():
            pass

    def stores(self) -> Stores:
        """Others have them on a disk."""
        profile = self.profile
        return Stores(
            contacts=profile.contacts,
            chains=profile.chains,
            letters=profile.letters,
            sending=profile.letters,
            arrivals=profile.letters,
            bundles=profile.bundles,
            inventories=profile.inventories,
        )

    def add_contact(self, contact: Contact) -> None:
        self.profile.contacts.add(contact)
        self.office.contacts_changed()
        self.prepare()

    def restore(self, backup: Data) -> None:
        """The device is gone; its backup is put back."""
        self.profile = self.profile.restored(backup)
        self.came = [
            row.letter.text for row in self.profile.data.letters.values() if row.state.name == "RECEIVED"
        ]
        self.begin()

    def write(
        self, whom: "Person", text: str, *, size_bytes: int = 0, lifetime_h: int = LIFETIME_H_MAX
    ) -> LetterId:
        """`text` is one of a kind. size_bytes: of a file that goes with it."""
        files = [Attachment(name=b"file", content=bytes(size_bytes))] if size_bytes else []
        id = self.office.write(self.contacts[whom.name], text, attachments=files, lifetime_h=lifetime_h)
        self.town.ledger.wrote(id, text, self.name, whom.name)
        return id

    def say(self, side: "Side") -> list[bytes]:
        """Bodies of frames. A liar says others."""
        body, _ = self.office.next_frame(side.session)
        return [body] if body else []

    def hear(self, side: "Side", body: bytes) -> None:
        self.office.hear(side.session, body)

    def wake(self) -> None:
        """Raises nothing: a full disk is tried again."""
        try:
            self.office.wake()
            self.prepare()
        except EnvironmentProblem:
            self.town.troubles["disk"] += 1

    def _report(self, event: events.Event) -> None:
        match event:
            case events.LetterCame(contact=contact, text=text):
                writer = next(name for name, known in self.contacts.items() if known == contact)
                self.town.ledger.opened(text, writer, self.name, self.came)
                self.came.append(text)
            case events.LetterEnded(id=id, delivered=True):
                self.town.ledger.delivered(LetterId(id))

    def check_space(self) -> None:
        """M3: all within the space, and what others brought within half of it. What is unfinished is counted
        only with the next bundle; it has a limit of its own."""
        bundles = self.stores().bundles
        shares = bundles.shares()
        unfinished = max(0, len(self.contacts)) * PARTIALS_MAX * SIZES_BYTES[-1]
        own = shares[Source.OWN].size_bytes if Source.OWN in shares else 0
        others = sum(share.size_bytes for who, share in shares.items() if who is not Source.OWN)
        partly = sum(sum(bundles.partials(contact).values()) for contact in self.contacts.values())
        assert partly <= unfinished
        assert others - partly <= self.space_bytes // 2
        assert own + others - partly <= self.space_bytes


class Side:
    """One person's end of a meeting."""

    session: Exchanging

    def __init__(self, meeting: "Meeting", person: Person, other: Person) -> None:
        self.meeting, self.person, self.other = meeting, person, other
        self._is_called = self._is_busy = False
        self._said = Unpacking()  # what this side says, as it is heard

    def begin(self, *, we_dialled: bool) -> None:
        contact = self.person.contacts[self.other.name]
        self.session = self.person.office.begin(contact, we_dialled=we_dialled, has_something=self.call)
        self.call()

    def call(self) -> None:
        if not self._is_called:
            self._is_called = True
            turns = self.meeting.town.turns
            turns.at(turns.now_s, self._speak)

    def _speak(self) -> None:
        self._is_called = False
        if self._is_busy or self.meeting.is_over:
            return
        with self.meeting.town.trouble(self.meeting):
            bodies = self.person.say(self)
            for body in bodies:
                self.meeting.send(self, body)
            self._is_busy = bool(bodies)

    def arrived(self, hearer: "Side", body: bytes, *, is_last: bool) -> None:
        if self.meeting.is_over:
            return
        if is_last:
            self._is_busy = False
            self.call()
        with self.meeting.town.trouble(self.meeting):
            messages = list(self._said.messages(body))
            self.meeting.town.heard(self.person, hearer.person, body, messages)
            hearer.person.hear(hearer, body)


class Meeting:
    """`one` has dialled."""

    def __init__(self, town: "Town", one: Person, other: Person, *, bytes_max: int) -> None:
        self.town, self.bytes_left = town, bytes_max
        self.is_over = False
        self.sides = Side(self, one, other), Side(self, other, one)
        with town.trouble(self):
            for side in self.sides:
                side.begin(we_dialled=side is self.sides[0])

    def send(self, speaker: Side, body: bytes) -> None:
        self.bytes_left -= len(body)
        if self.bytes_left < 0:
            self.end()
            return
        hearer = self.sides[speaker is self.sides[0]]
        turns = self.town.turns
        arrives_s = turns.now_s + AIR_S + len(body) / RATE_BYTES_S
        turns.at(arrives_s, lambda: speaker.arrived(hearer, body, is_last=True))

    def end(self) -> None:
        if not self.is_over:
            self.is_over = True
            self.town.meetings.pop(frozenset(side.person.name for side in self.sides), None)
            for side in self.sides:
                if hasattr(side, "session"):
                    side.person.office.end(side.session)


class _Trouble:
    """Around what a node does in a session: what breaks it ends the meeting, as it does in a node."""

    def __init__(self, town: "Town", meeting: Meeting) -> None:
        self._town, self._meeting = town, meeting

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: object) -> bool:
        if not isinstance(exc, PeerError | EnvironmentProblem):
            return False
        names = "-".join(sorted(side.person.name for side in self._meeting.sides))
        self._town.troubles["disk" if isinstance(exc, EnvironmentProblem) else f"refused {names}"] += 1
        self._meeting.end()
        return True


class Town:
    """Everybody, and the time."""

    def __init__(self, seed: int, *, is_checked: bool = True) -> None:
        self.seed, self.is_checked = seed, is_checked
        self.turns = Turns(seed)
        self.chance = self.turns.chance
        self.people: dict[str, Person] = {}
        self.meetings: dict[frozenset[str], Meeting] = {}
        self.ledger = Ledger()
        self.troubles = Counter[str]()
        self.listeners: list[Listener] = []
        self._pool: dict[BundleId, bytes] = {}
        self._frames = hashlib.sha256()
        self._moved: dict[str, None] = {}

    def add(self, name: str, kind: type[Person] = Person, *, space_bytes: int = SPACE_BYTES) -> Person:
        person = kind(self, name, Profile(self._pool), space_bytes=space_bytes)
        self.people[name] = person
        self.turns.at(self.turns.now_s + self.chance.uniform(0, WAKES_S), lambda: self._wake(person))
        return person

    def _wake(self, person: Person) -> None:
        person.wake()
        self._moved[person.name] = None
        self.turns.at(self.turns.now_s + WAKES_S, lambda: self._wake(person))

    def pair_up(self, one: Person, other: Person, *, proof: Proof = Proof.CODE) -> None:
        draw = self.chance.randbytes
        static, theirs, meet, answer, out, back = (draw(32) for _ in range(6))
        for me, you, speaks, listens in ((one, other, out, back), (other, one, back, out)):
            id = me.contacts[you.name] = ContactId(draw(16))
            pair = Pair(
                static=static,
                their_static=theirs,
                epochs=begin(epoch=20_800, speaking=meet, listening=answer),
                letters_speaking=speaks,
                letters_listening=listens,
                proof=proof,
            )
            me.add_contact(Contact(id=id, name=you.name, pair=pair))

    def meet(self, one: Person, other: Person, *, lasts_s: float, bytes_max: int = MEETING_BYTES_MAX) -> None:
        """From now on, if they have not met already. `one` dials."""
        pair = frozenset((one.name, other.name))
        if pair in self.meetings:
            return
        meeting = Meeting(self, one, other, bytes_max=bytes_max)
        if meeting.is_over:  # a disk was full as it began
            return
        self.meetings[pair] = meeting
        self.turns.at(self.turns.now_s + lasts_s, meeting.end)

    def part(self, person: Person) -> None:
        for pair, meeting in list(self.meetings.items()):
            if person.name in pair:
                meeting.end()

    def trouble(self, meeting: Meeting) -> _Trouble:
        return _Trouble(self, meeting)

    def heard(self, speaker: Person, hearer: Person, body: bytes, messages: Sequence[Message]) -> None:
        now_s = self.turns.now_s
        self._frames.update(b"%f %s %s %d " % (now_s, speaker.name.encode(), hearer.name.encode(), len(body)))
        self._frames.update(body)
        for listener in self.listeners:
            listener(now_s, speaker.name, hearer.name, messages)
        if self.is_checked:
            self.ledger.on_wire(messages)
            self._moved.update({speaker.name: None, hearer.name: None})

    def digest(self) -> str:
        """Of all frames that were heard: the same seed has the same."""
        return self._frames.hexdigest()

    def run(self, lasts_s: float) -> None:
        self.turns.run(self.turns.now_s + lasts_s, self._check if self.is_checked else lambda: None)

    def _check(self) -> None:
        moved, self._moved = self._moved, {}
        for name in moved:
            self.people[name].check_space()

    def calm(
        self, pairs: Sequence[tuple[Person, Person]], *, rounds: int, is_done: Callable[[], bool]
    ) -> int:
        """All of these meet in turn, long enough, until it is done. Returns the rounds that it took."""
        for number in range(rounds):
            if is_done():
                return number
            for one, other in pairs:
                self.meet(one, other, lasts_s=60)
                self.run(61)
            self.run(3 * 3600)
        return rounds


def all_pairs(people: Iterable[Person]) -> list[tuple[Person, Person]]:
    """Of those who know each other."""
    some = list(people)
    return [
        (one, other)
        for place, one in enumerate(some)
        for other in some[place + 1 :]
        if other.name in one.contacts
    ]
