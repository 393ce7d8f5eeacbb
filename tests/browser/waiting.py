"""Waiting for what a page does."""

from typing import TYPE_CHECKING

from lab.namespace import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

WAIT_S = 60.0


def until(page: "Page", holds: str) -> None:
    """Wait for a condition, in JavaScript. Playwright's own way evaluates inside of the page's policy."""
    assert wait_until(lambda: page.evaluate(holds), WAIT_S, pause_s=0.05), holds
