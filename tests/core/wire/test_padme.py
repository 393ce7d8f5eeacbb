"""Padmé: of all lengths few are seen, at 12 % more at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.wire.padme import padme
from satchel.errors import MisuseError


@pytest.mark.parametrize(
    ("length", "padded"),
    [(0, 0), (1, 1), (2, 2), (8, 8), (9, 10), (15, 16), (16, 16), (17, 18), (100, 104), (1000, 1024),
     (1024, 1024), (1025, 1088), (10**6, 1_015_808), (10**9, 1_006_632_960)],
)  # fmt: skip
def test_padme_by_hand(length: int, padded: int) -> None:
    assert padme(length) == padded


@given(st.integers(0, 1 << 53))
def test_padme_is_never_less_never_12_percent_more_and_its_own_result(length: int) -> None:
    padded = padme(length)
    assert length <= padded <= length * 1.12
    assert padme(padded) == padded


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_padme_keeps_order(one: int, other: int) -> None:
    assert (padme(one) <= padme(other)) or one > other


def test_w2_few_lengths_are_left() -> None:
    """W2: of all lengths up to 16 MiB only some hundreds are ever seen."""
    assert len({padme(length) for length in range(0, 1 << 24, 997)}) < 400


def test_lengths_below_nothing_are_misuse() -> None:
    with pytest.raises(MisuseError):
        padme(-1)
