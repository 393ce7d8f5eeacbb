"""Who hands on which number of copies: how often it is the one who wrote the bundle."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence

from satchel.core.bundles.header import HEADER_BYTES, decode_header
from satchel.core.custody.messages import Block, Message
from satchel.sim.letters import Person, Town

HOUR_S = 3600.0
LARGE_BYTES = 100_000
SPACE_BYTES = 2 << 30  # nothing has to go
Pattern = Callable[[random.Random, Sequence[Person]], tuple[Person, Person]]


def at_random(chance: random.Random, people: Sequence[Person]) -> tuple[Person, Person]:
    one, other = chance.sample(people, 2)
    return one, other


def in_groups(chance: random.Random, people: Sequence[Person]) -> tuple[Person, Person]:
    """Nine of ten meetings are within one of three groups."""
    if chance.random() < 0.1:
        return at_random(chance, people)
    group = people[chance.randrange(3) :: 3]
    return at_random(chance, group)


def with_hubs(chance: random.Random, people: Sequence[Person]) -> tuple[Person, Person]:
    """Three people take part in two of three meetings."""
    if chance.random() < 1 / 3:
        return at_random(chance, people)
    hub = chance.choice(people[:3])
    return hub, chance.choice([one for one in people if one is not hub])


class Copies:
    """Counts in each hand-over of a large bundle what its header says, and whether its writer gives it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.writer: dict[bytes, str] = {}  # by tag
        self.handed, self.by_source = Counter[int](), Counter[int]()
        self._counted: set[tuple[bytes, str, str]] = set()
        town.listeners.append(self._frame)

    def wrote(self, person: Person) -> None:
        for own in person.profile.data.own.values():
            self.writer.setdefault(own.header.tag, person.name)

    def _frame(self, now_s: float, speaker: str, hearer: str, messages: Sequence[Message]) -> None:
        for message in messages:
            if isinstance(message, Block) and message.place == 0:
                header = decode_header(message.data[:HEADER_BYTES])
                way = (header.tag, speaker, hearer)
                if header.floods or self._is_direct(header.tag, speaker, hearer) or way in self._counted:
                    continue
                self._counted.add(way)
                self.handed[header.copies] += 1
                self.by_source[header.copies] += self.writer[header.tag] == speaker

    def _is_direct(self, tag: bytes, speaker: str, hearer: str) -> bool:
        """Its reader knows who wrote it."""
        own = self.town.people[speaker].profile.data.own.values()
        contact = self.town.people[speaker].contacts[hearer]
        return any(one.header.tag == tag and one.contact == contact for one in own)

    def shares(self) -> dict[int, tuple[float, float, float, int]]:
        """For each number of copies: the source's part of the hand-overs, its 95 % interval (Wilson), and how
        many there were."""
        return {
            copies: (*wilson(self.by_source[copies], self.handed[copies]), self.handed[copies])
            for copies in sorted(self.handed)
        }


def wilson(hits: int, count: int) -> tuple[float, float, float]:
    z = 1.96
    part = hits / count
    middle = (part + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(part * (1 - part) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return part, middle - half, middle + half


def large_letters(
    seed: int, pattern: Pattern, *, people: int, letters: int, meetings: int, space_bytes: int = SPACE_BYTES
) -> Copies:
    """Two days of them, among people who all know each other. Each is read by somebody who is away: so what
    is counted is what carriers do."""
    town = Town(seed, is_checked=False)
    crowd = [town.add(f"person {number}", space_bytes=space_bytes) for number in range(people)]
    away = town.add("away")
    for number, person in enumerate(crowd):
        for other in crowd[:number]:
            town.pair_up(person, other)
        town.pair_up(person, away)
    copies, chance = Copies(town), random.Random(seed + 1)

    def write(number: int) -> None:
        writer = chance.choice(crowd)
        writer.write(away, f"large {number}", size_bytes=LARGE_BYTES)
        copies.wrote(writer)

    for number in range(letters):
        town.turns.at(chance.uniform(0, 24 * HOUR_S), lambda number=number: write(number))  # type: ignore[misc]
    for _ in range(meetings):
        town.turns.at(chance.uniform(0, 48 * HOUR_S), lambda: town.meet(*pattern(chance, crowd), lasts_s=600))
    town.run(48 * HOUR_S)
    return copies
