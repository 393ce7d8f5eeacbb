"""Numbers as a person reads them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.cli import units


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1049, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1 << 30, "1.1 GB"),
        (4_500_000_000_000, "4.5 TB"),
        (1 << 52, "4.5 PB"),
        (10**18, "1000 PB"),
    ],
)
def test_size(count: int, shown: str) -> None:
    assert units.size(count) == shown


@given(st.integers(0, 10**18))
def test_a_size_is_right_and_short(count: int) -> None:
    shown = units.size(count)
    number, unit = shown.split()
    factor = 1000 ** ["B", "kB", "MB", "GB", "TB", "PB"].index(unit)
    assert float(number) * factor == pytest.approx(count, rel=0.051)
    assert len(shown) <= 7


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-3, "0:00"),
        (0, "0:00"),
        (6.6, "0:07"),
        (59.6, "1:00"),
        (750, "12:30"),
        (3599.7, "1:00:00"),
        (7500, "2:05:00"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert units.duration(seconds) == shown


@given(st.floats(0, 10**7))
def test_a_duration_has_its_form(seconds: float) -> None:
    assert re.fullmatch(r"(\d+:)?[0-5]?\d:[0-5]\d", units.duration(seconds))


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (12000, "12,000 files")]
)
def test_files(number: int, shown: str) -> None:
    assert units.files(number) == shown
