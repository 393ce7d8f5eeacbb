"""Fixtures: `browser_on` and `firefox_on`.

As with the laboratory: without browsers the tests are skipped, with the reason; with CI=true they fail.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from browser.chromium import Chromium
from browser.firefox import Firefox
from browser.installed import why_no_browser
from lab import Host

BrowserOn = Callable[..., Chromium]
FirefoxOn = Callable[..., Firefox]

why_not = functools.cache(why_no_browser)


def need_browser() -> None:
    """Skip the test where there can be no browser, or fail it."""
    if reason := why_not():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no browser: {reason}")
        pytest.skip(f"no browser: {reason}; `python3 dev.py test` installs it")


@pytest.fixture
def browser_on() -> Iterator[BrowserOn]:
    """Starts Chromium on a host, with the arguments of `Chromium`. After the test its pages must be without
    faults."""
    need_browser()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only `dev.py test` has installed it

    # For each test anew: while it runs, this thread has an event loop that other tests could not bear.
    with sync_playwright() as playwright, contextlib.ExitStack() as stack:

        def start(host: Host, **settings: Any) -> Chromium:
            made = Chromium(playwright, host, **settings)
            stack.callback(made.conclude)
            return made

        yield start


@pytest.fixture
def firefox_on() -> Iterator[FirefoxOn]:
    """Starts Firefox on a host, with the arguments of `Firefox`. After the test it must be without faults."""
    need_browser()
    with contextlib.ExitStack() as stack:

        def start(host: Host, origin: str, **settings: Any) -> Firefox:
            made = Firefox(host, origin, **settings)
            stack.callback(made.conclude)
            return made

        yield start
