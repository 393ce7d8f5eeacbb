"""The stores in memory do what those of the program do: the same days over both, to the last frame."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from node.letters.office_kit import stores_of
from satchel.core.identity.pair import Proof
from satchel.node.letters.stores import Stores
from satchel.ports.contacts import Contact
from satchel.sim.letters import Person, Town
from satchel.store.custody import custody_in_memory
from satchel.store.database import Database
from sim.letter_kit import HOUR_S, Storm, honest, settle, town_of, unreceipted
from store.letter_samples import Desk

DESKS: dict[str, Desk] = {}


class Stored(Person):
    """With the stores of the program, over SQLite."""

    def stores(self) -> Stores:
        desk = DESKS[self.name]
        return stores_of(desk)

    def add_contact(self, contact: Contact) -> None:
        DESKS[self.name].contacts.add(contact)
        self.office.contacts_changed()
        self.prepare()


@contextmanager
def desks(home: Path, people: int) -> Iterator[None]:
    with ExitStack() as stack:
        for number in range(people):
            name = f"person {number}"
            (home / name).mkdir()
            database, custody = Database.in_memory(), custody_in_memory()
            stack.callback(database.close)
            stack.callback(custody.close)
            DESKS[name] = Desk(home / name, database, custody)
        yield
        DESKS.clear()


def days(kind: type[Person], seed: int, people: int, letters: int, meetings: int) -> Town:
    """With meetings that are cut, and one with little space."""
    town = town_of(seed, people, kind=kind)
    Storm(town, letters=letters, meetings=meetings, lasts_s=24 * HOUR_S).restart(2, 24 * HOUR_S)
    short = honest(town)[1]
    short.space_bytes = 600_000
    short.begin()
    town.run(24 * HOUR_S)
    settle(town, rounds=10)
    return town


def has(person: Person) -> list[object]:
    stores = person.stores()
    letters: Any = stores.letters  # each of the two shows conversations, too
    return [
        [
            (one.state, one.text, one.order, one.handed, one.attachments)
            for contact in person.contacts.values()
            for one in letters.conversation(contact)
        ],
        [stores.letters.kept(), stores.sending.due_receipts()],
        list(stores.bundles.rows()),
        sorted((one.preimage, one.expiry_hour) for one in stores.bundles.receipts()),
        {who: share for who, share in stores.bundles.shares().items() if share.past or share.size_bytes},
        [stores.chains.speaking(contact) for contact in person.contacts.values()],
        [stores.chains.listening(contact) for contact in person.contacts.values()],
        [stores.chains.tags(contact) for contact in person.contacts.values()],
    ]


def same_over_both(home: Path, seed: int, people: int, letters: int, meetings: int) -> None:
    with desks(home, people):
        stored = days(Stored, seed, people, letters, meetings)
        memory = days(Person, seed, people, letters, meetings)
        for one, other in zip(honest(stored), honest(memory), strict=True):
            assert has(one) == has(other)
        assert stored.digest() == memory.digest()


def test_a_day_is_the_same_over_both(tmp_path: Path) -> None:
    same_over_both(tmp_path, 1, people=3, letters=8, meetings=30)


def shown_and_ended(kind: type[Person]) -> tuple[str, list[list[list[object]]]]:
    """Of three letters that a third person carries one comes and one is deleted; and what each has, as the
    receipts leave."""
    town = Town(1)
    one, other, third = (town.add(f"person {number}", kind) for number in range(3))
    for pair in ((one, other), (one, third), (other, third)):
        town.pair_up(*pair)
    letters = [one.write(other, f"letter {number}") for number in range(3)]
    town.run(2 * HOUR_S)
    seen: list[list[list[object]]] = []
    for pair in ((one, third), (one, other), *((one, third),) * 9):
        if len(seen) == 1:
            one.office.delete(one.contacts[other.name], letters[0])
        town.calm([pair], rounds=1, is_done=lambda: False)
        seen.append([has(person) for person in (one, other, third)])
    assert other.came == ["letter 1", "letter 2"]
    after_that: list[Any] = seen[1]
    assert [len(after_that[at][2]) for at in (0, 2)] == [3, 3]  # shown, and carried
    assert list(one.stores().bundles.rows()) == []
    return town.digest(), seen


def test_c1_what_has_ended_and_is_shown_is_the_same_over_both(tmp_path: Path) -> None:
    with desks(tmp_path, 3):
        stored = shown_and_ended(Stored)
    assert stored == shown_and_ended(Person)


@pytest.mark.parametrize("kind", [Stored, Person])
def test_an_answer_says_over_both_that_a_letter_has_come(tmp_path: Path, kind: type[Person]) -> None:
    """Of who is unverified no receipt comes (receipt 3.4, 3.5)."""
    with desks(tmp_path, 2):
        town = Town(1)
        one, other = (town.add(f"person {number}", kind) for number in range(2))
        town.pair_up(one, other, proof=Proof.UNVERIFIED)
        id = one.write(other, "a letter")
        town.calm([(one, other)], rounds=1, is_done=lambda: False)
        assert other.came == ["a letter"]
        assert unreceipted(town) == ["a letter"]
        answer = other.office.write(other.contacts[one.name], "an answer", reply_to=id)
        town.ledger.wrote(answer, "an answer", other.name, one.name)
        town.calm([(one, other)], rounds=1, is_done=lambda: False)
        assert unreceipted(town) == ["an answer"]
        assert one.stores().chains.speaking(one.contacts[other.name]).known == 1
        assert not one.stores().sending.due_receipts()
        assert len(one.stores().bundles.to(one.contacts[other.name])) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 4))
def test_fuller_days_are_the_same_over_both(tmp_path: Path, seed: int) -> None:
    same_over_both(tmp_path, seed, people=5, letters=40, meetings=250)
