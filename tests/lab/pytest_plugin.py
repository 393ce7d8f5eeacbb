"""Fixtures: `lab`, and `make_lab` for laboratories with settings of their own.

Where none can run the tests are skipped, with the reason; with CI=true in the environment they fail,
since a promise that is not tested is not made.
"""

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab import Lab, why_not

MakeLab = Callable[..., Lab]


@dataclasses.dataclass
class Sums:
    """What was seen on the air, in all tests that look."""

    tests: int = 0
    packets: int = 0
    name_queries: int = 0
    non_local: int = 0
    unroutable: int = 0

    def add(self, others: dict[str, int]) -> None:
        for name, count in others.items():
            setattr(self, name, getattr(self, name) + count)


SUMS = Sums()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests run in several processes, each tells its sums to the one that prints them."""
    workeroutput = getattr(session.config, "workeroutput", None)
    if workeroutput is not None:
        workeroutput["sums"] = dataclasses.asdict(SUMS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    SUMS.add(getattr(node, "workeroutput", {}).get("sums", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SUMS.tests:
        terminalreporter.write_line(
            f"seen on the air in {SUMS.tests} end-to-end tests: {SUMS.packets} packets, {SUMS.name_queries} "
            f"name queries, {SUMS.non_local} to non-local addresses, {SUMS.unroutable} tries without a route"
        )


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
