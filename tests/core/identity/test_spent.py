"""What was used once: known for as long as its key is, and bounded."""

from collections.abc import Iterator

import pytest

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.spent import SPENT_BYTES, SPENT_PER_EPOCH_MAX, Spent
from satchel.errors import MisuseError

ONE, OTHER = ContactId(b"1" * 16), ContactId(b"2" * 16)


def values(count: int) -> Iterator[bytes]:
    return (number.to_bytes(SPENT_BYTES, "big") for number in range(1, count + 1))


def test_each_value_is_spent_once_for_each_contact_also_over_a_restart() -> None:
    first, second = values(2)
    spent = Spent([(ONE, 5, first)])
    assert not spent.spend(ONE, 5, first)
    assert spent.spend(ONE, 5, second)
    assert not spent.spend(ONE, 5, second)
    assert not spent.spend(ONE, 6, second)  # nor under the key of another day
    assert spent.spend(OTHER, 5, first)
    spent.forget(ONE)
    assert spent.spend(ONE, 5, first)


def test_a_value_across_two_others_is_another_one() -> None:
    one, two = bytes(range(16)), bytes(range(16, 32))
    spent = Spent([(ONE, 5, one), (ONE, 5, two)])
    across = (one + two)[8:24]
    assert spent.spend(ONE, 5, across)
    assert not spent.spend(ONE, 5, across)


def test_m3_no_contact_fills_the_memory_and_the_next_day_it_starts_anew() -> None:
    spent = Spent()
    assert all(spent.spend(ONE, 5, value) for value in values(SPENT_PER_EPOCH_MAX))
    assert not spent.spend(ONE, 5, b"x" * SPENT_BYTES)
    assert spent.spend(ONE, 6, b"y" * SPENT_BYTES)
    assert spent.spend(OTHER, 5, b"x" * SPENT_BYTES)


def test_it_is_let_go_of_with_the_key_of_its_epoch_and_not_before() -> None:
    spent = Spent((ONE, epoch, bytes((epoch,)) * SPENT_BYTES) for epoch in (97, 98, 101))
    epochs = begin(epoch=100, speaking=bytes(32), listening=bytes(32))
    spent.erase_below(ONE, epochs)
    known = [not spent.spend(ONE, epoch, bytes((epoch,)) * SPENT_BYTES) for epoch in (97, 98, 101)]
    assert known == [False, True, True]


def test_another_length_is_a_mistake_of_ours() -> None:
    with pytest.raises(MisuseError):
        Spent().spend(ONE, 5, b"short")
