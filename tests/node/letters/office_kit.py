"""People with post offices over real stores in memory, a clock that the test turns, and meetings of two."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from satchel.core.bundles.lifetime import SINCE_S
from satchel.core.identity.clocks import BUILT_S, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.node import events
from satchel.node.letters.exchanging import Exchanging
from satchel.node.letters.office import PostOffice
from satchel.node.letters.stores import Stores, World
from satchel.ports.contacts import Contact
from satchel.ports.letters import StoredLetter
from satchel.store.custody import custody_in_memory
from satchel.store.database import Database
from store.letter_samples import Desk

SPACE_BYTES = 64 << 20
FRAMES_MAX = 10_000
assert BUILT_S > SINCE_S


@dataclass
class Time:
    """The same for all."""

    now_s: float = 1_000.0
    plausible: bool = True

    def read(self) -> Reading:
        return Reading(time_s=BUILT_S + int(self.now_s), plausible=self.plausible)

    def best_s(self) -> int | None:
        return self.read().time_s if self.plausible else None


class Chance:
    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def draw(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def encapsulate(self, public_key: bytes) -> tuple[bytes, bytes]:
        raise NotImplementedError  # nobody pairs here


@dataclass(eq=False)
class Person:
    name: str
    time: Time
    desk: Desk
    space_bytes: int = SPACE_BYTES
    others: Callable[[int], int] | None = None  # World.others_bytes; None: half of the space
    told: list[events.Event] = field(default_factory=list)
    room_bytes: int | None = None  # for letters of one contact; None: for all

    def __post_init__(self) -> None:
        self.chance = Chance(self.name)
        self.begin()

    def begin(self) -> None:
        """The program starts, perhaps once more."""
        desk = self.desk
        self.office = PostOffice(
            World(
                stores=stores_of(desk),
                entropy=self.chance,
                clock=self.time,
                now_s=lambda: self.time.now_s,
                report=self.told.append,
                space_bytes=self.space_bytes,
                others_bytes=lambda now: self.space_bytes // 2 if self.others is None else self.others(now),
                has_room=lambda held: self.room_bytes is None or held < self.room_bytes,
            )
        )

        self.prepare()

    def prepare(self) -> None:
        while self.office.prepare():
            pass

    def wake(self) -> None:
        """And open all that was found then, as a node does in its own time."""
        self.office.wake()
        self.prepare()

    def letters(self, other: "Person") -> list[StoredLetter]:
        return self.desk.letters.conversation(id_of(other.name))

    def texts(self, other: "Person") -> list[str | None]:
        return [one.text for one in self.letters(other)]


def stores_of(desk: Desk) -> Stores:
    return Stores(
        contacts=desk.contacts,
        chains=desk.chains,
        letters=desk.letters,
        sending=desk.sending,
        arrivals=desk.arrivals,
        bundles=desk.bundles,
        inventories=desk.inventories,
    )


def id_of(name: str) -> ContactId:
    return ContactId(name.encode().ljust(16, b".")[:16])


@contextmanager
def people(home: Path, *names: str, time: Time | None = None) -> Iterator[list[Person]]:
    time = time or Time()
    with ExitStack() as stack:
        made = []
        for name in names:
            (home / name).mkdir()
            database, custody = Database.in_memory(), custody_in_memory()
            stack.callback(database.close)
            stack.callback(custody.close)
            made.append(Person(name, time, Desk(home / name, database, custody)))
        yield made


def pair_up(one: Person, other: Person, *, proof: Proof = Proof.CODE) -> None:
    chance = random.Random(one.name + other.name)
    static, theirs, meet, answer, out, back = (chance.randbytes(32) for _ in range(6))
    for me, you, speaks, listens in ((one, other, out, back), (other, one, back, out)):
        me.desk.contacts.add(
            Contact(
                id=id_of(you.name),
                name=you.name,
                pair=Pair(
                    static=static,
                    their_static=theirs,
                    epochs=begin(epoch=20_800, speaking=meet, listening=answer),
                    letters_speaking=speaks,
                    letters_listening=listens,
                    proof=proof,
                ),
            )
        )
        me.office.contacts_changed()
        me.prepare()


@contextmanager
def four_people(home: Path, *, small_bytes: int = SPACE_BYTES) -> Iterator[list[Person]]:
    """All know Bilal; Amina and Carla know each other. small_bytes: the room of Carla and Dalia."""
    with people(home, "amina", "bilal", "carla", "dalia") as made:
        amina, bilal, carla, dalia = made
        for other in (amina, carla, dalia):
            pair_up(bilal, other)
        pair_up(amina, carla)
        for one in (carla, dalia):
            one.space_bytes = small_bytes
            one.begin()
        yield made


class Meeting:
    """`one` has dialled."""

    def __init__(self, one: Person, other: Person) -> None:
        self.sides: list[tuple[Person, Exchanging]] = [
            (me, me.office.begin(id_of(you.name), we_dialled=me is one, has_something=lambda: None))
            for me, you in ((one, other), (other, one))
        ]
        self.frames: list[tuple[Person, bytes]] = []

    def run(self, *, frames_max: int = FRAMES_MAX) -> "Meeting":
        """Until nobody has anything to say, or so many frames have passed: then it is cut off."""
        quiet = False
        while not quiet and len(self.frames) < frames_max:
            quiet = True
            for at, (person, side) in enumerate(self.sides):
                body, _ = person.office.next_frame(side)
                if body:
                    quiet = False
                    self.frames.append((person, body))
                    hearer, heard = self.sides[1 - at]
                    hearer.office.hear(heard, body)
        return self

    def end(self) -> None:
        for person, side in self.sides:
            person.office.end(side)
            person.wake()


def meet(one: Person, other: Person, *, frames_max: int = FRAMES_MAX) -> Meeting:
    meeting = Meeting(one, other).run(frames_max=frames_max)
    meeting.end()
    return meeting


def pass_time(hours: float, *persons: Person) -> None:
    persons[0].time.now_s += hours * 3600
    for person in persons:
        person.wake()
