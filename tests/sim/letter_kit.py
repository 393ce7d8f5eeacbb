"""Days of a small town, in which everything goes wrong; and what must be true when it is over."""

import random
from collections.abc import Sequence

from satchel.sim.letter_rows import Data
from satchel.sim.letters import Person, Town, all_pairs

HOUR_S = 3600.0
SIZES = (0, 0, 0, 1_500, 12_000, 100_000)


def town_of(
    seed: int,
    honest: int,
    liars: Sequence[type[Person]] = (),
    *,
    friends: int = 3,
    kind: type[Person] = Person,
) -> Town:
    """Honest people in a ring, each a friend of some more; each liar a contact of three of them."""
    town = Town(seed)
    people = [town.add(f"person {number}", kind) for number in range(honest)]
    for number, person in enumerate(people):
        for step in range(1, (friends + 1) // 2 + 1):
            other = people[(number + step) % honest]
            if other is not person and other.name not in person.contacts:
                town.pair_up(person, other)
    for number, liar_kind in enumerate(liars):
        liar = town.add(f"{liar_kind.__name__} {number}", liar_kind)
        for person in town.chance.sample(people, min(3, honest)):
            town.pair_up(liar, person)
    return town


def honest(town: Town) -> list[Person]:
    return [person for name, person in town.people.items() if name.startswith("person ")]


class Storm:
    """Letters are written, people meet for seconds, disks are full, programs start again."""

    def __init__(self, town: Town, *, letters: int, meetings: int, lasts_s: float) -> None:
        self.town, self.chance = town, random.Random(town.seed + 1)
        self.people, self.pairs = honest(town), all_pairs(town.people.values())
        turns, draw = town.turns, self.chance.uniform
        for number in range(letters):
            turns.at(draw(0, lasts_s * 0.7), lambda number=number: self.write(number))  # type: ignore[misc]
        for _ in range(meetings):
            turns.at(draw(0, lasts_s), self.meet)

    def write(self, number: int) -> None:
        writer = self.chance.choice(self.people)
        readers = [one for one in self.people if one.name in writer.contacts]
        full, writer.disk_full = writer.disk_full, 0.0
        writer.write(self.chance.choice(readers), f"letter {number}", size_bytes=self.chance.choice(SIZES))
        writer.disk_full = full

    def meet(self) -> None:
        one, other = self.chance.sample(self.chance.choice(self.pairs), 2)
        bytes_max = self.chance.choice((3_000, 100_000, 5_000_000))
        self.town.meet(one, other, lasts_s=self.chance.expovariate(1 / 3), bytes_max=bytes_max)

    def restart(self, times: int, lasts_s: float) -> None:
        for _ in range(times):
            person = self.chance.choice(self.people)
            self.town.turns.at(self.chance.uniform(0, lasts_s), person.begin)

    def lose_device(self, person: Person, *, copied_at_s: float, lost_at_s: float) -> None:
        copies: list[Data] = []
        turns = self.town.turns
        turns.at(copied_at_s, lambda: copies.append(person.profile.backup()))
        turns.at(lost_at_s, lambda: person.restore(copies[0]))


def settle(town: Town, *, rounds: int = 40) -> int:
    """No more mishaps, and all honest people meet in turn until every letter and each receipt has come."""
    people = honest(town)
    for person in people:
        person.disk_full = 0.0
    letters = town.ledger.letters.values()
    return town.calm(
        all_pairs(people), rounds=rounds, is_done=lambda: all(one.is_delivered for one in letters)
    )


def lost(town: Town) -> list[str]:
    return [text for text, one in town.ledger.letters.items() if not one.is_opened]


def unreceipted(town: Town) -> list[str]:
    return [text for text, one in town.ledger.letters.items() if not one.is_delivered]
