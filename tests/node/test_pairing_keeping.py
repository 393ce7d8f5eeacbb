"""One pairing yields one contact, and a name is given once."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.pairing_sides import Person
from satchel.core.identity.comparison import COMPARISON_BYTES, Comparison
from satchel.core.identity.pair import Proof
from satchel.core.pairing.card import NAME_CHARACTERS_MAX, is_name
from satchel.core.pairing.effects import Paired
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.node.entropy import SystemEntropy
from satchel.node.pairing.keeping import Keeper
from satchel.node.pairing.naming import UNNAMED, clean, free_name
from store.contact_samples import contact

ONE, OTHER = b"1" * 32, b"2" * 32


@pytest.fixture
def amina() -> Iterator[Person]:
    person = Person("Amina")
    yield person
    person.database.close()


def keeper(person: Person, name: str | None = None) -> Keeper:
    return Keeper(person.contacts, SystemEntropy(), person.hear, name=name)


def paired(*, name: str = "Bilal", seed: int = 1, replaces: bool = False) -> Paired:
    return Paired(
        pair=contact(proof=Proof.UNVERIFIED, seed=seed).pair,
        comparison=Comparison(secret=bytes([seed]) * COMPARISON_BYTES, language=None),
        name=name,
        takers=1,
        replaces=replaces,
    )


def test_p2_who_is_slower_is_not_kept(amina: Person) -> None:
    kept = keeper(amina)
    kept.keep(paired(), taker=ONE)
    first = amina.only()
    for late in (paired(seed=9), paired(seed=9, replaces=True)):
        with pytest.raises(EnvironmentProblem, match="faster"):
            kept.keep(late, taker=OTHER)
    assert amina.only() == first
    assert kept.problem is None  # nothing is wrong with our disk


def test_the_same_taker_again_takes_the_place_of_what_it_left(amina: Person) -> None:
    """Pairing 4.10: under the name that the person may have given meanwhile, and with new words."""
    kept = keeper(amina)
    kept.keep(paired(), taker=ONE)
    before = kept.met
    assert before is not None
    amina.contacts.rename(amina.only().id, "My brother")
    kept.keep(paired(seed=9, replaces=True), taker=ONE)
    assert amina.only().name == "My brother"
    assert amina.only().comparison != before.contact.comparison
    assert amina.met.again
    assert not kept.settle(before)  # the words that were compared are those of a pair that is gone
    assert kept.met is not None
    assert kept.settle(kept.met)


def test_p2_nothing_takes_the_place_of_what_was_compared(amina: Person) -> None:
    """Its words would never be seen: who sits between could come again after the people have said yes."""
    kept = keeper(amina)
    kept.keep(paired(), taker=ONE)
    assert kept.met is not None
    assert kept.settle(kept.met)
    with pytest.raises(EnvironmentProblem):
        kept.keep(paired(seed=9, replaces=True), taker=ONE)
    assert amina.only().id == kept.met.contact.id


def test_what_was_forgotten_does_not_come_back(amina: Person) -> None:
    """Words differ: the person says no, and the same taker comes once more."""
    kept = keeper(amina)
    kept.keep(paired(), taker=ONE)
    assert kept.met is not None
    assert kept.settle(kept.met)
    amina.contacts.forget(kept.met.contact.id)
    with pytest.raises(EnvironmentProblem):
        kept.keep(paired(seed=9, replaces=True), taker=ONE)
    assert not amina.contacts.all()


def test_a_name_that_was_given_is_not_what_they_propose(amina: Person) -> None:
    keeper(amina, "My brother").keep(paired(name="Boss"), taker=ONE)
    assert (amina.only().name, amina.met.proposed) == ("My brother", "Boss")


@pytest.mark.parametrize("typed", ["", "  ", "two\nlines", "x" * 65, "\ud800", "a\x1b[2Jb"])
def test_what_is_no_name(typed: str) -> None:
    with pytest.raises(MisuseError):
        clean(typed)


def test_a_name_is_what_can_be_typed_again() -> None:
    assert clean(" Ame\N{COMBINING ACUTE ACCENT}lie ") == "Amélie"


def test_a_number_is_put_behind_what_is_taken() -> None:
    assert free_name("", []) == UNNAMED
    assert free_name("Amina", ["Amina", "Amina 2"]) == "Amina 3"
    assert free_name("x" * 64, ["x" * 64]) == "x" * 62 + " 2"
    assert free_name("\N{GRINNING FACE}" * 64, ["\N{GRINNING FACE}" * 64]) == "\N{GRINNING FACE}" * 62 + " 2"


@given(st.text(max_size=80), st.lists(st.text(max_size=4), max_size=4))
def test_whatever_is_proposed_becomes_a_name_that_nobody_has(proposed: str, taken: list[str]) -> None:
    """P2"""
    name = free_name(proposed, [*taken, proposed])
    assert name not in (*taken, proposed)
    assert name == clean(name)
    assert is_name(name)
    assert len(name) <= NAME_CHARACTERS_MAX
