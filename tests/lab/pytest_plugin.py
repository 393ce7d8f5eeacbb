"""Fixtures: `lab`, and `make_lab` for laboratories with settings of their own.

Where none can run the tests are skipped, with the reason; with CI=true in the environment they fail,
since a promise that is not tested is not made.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator

import pytest

from lab import Lab, why_not

MakeLab = Callable[..., Lab]

_why_not = functools.cache(why_not)


def need_lab() -> None:
    """Skip the test where there can be no laboratory, or fail it."""
    if reason := _why_not():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no laboratory: {reason}")
        pytest.skip(f"no laboratory: {reason}")


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A laboratory with no hosts yet."""
    need_lab()
    with Lab() as made:
        yield made


@pytest.fixture
def make_lab() -> Iterator[MakeLab]:
    """Makes laboratories with the arguments of `Lab`; each ends with the test."""
    need_lab()
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Lab(**settings))
