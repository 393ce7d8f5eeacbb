"""Waiting for what a page does."""

from typing import TYPE_CHECKING

from lab.namespace import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

WAIT_S = 60.0


def until(page: "Page", holds: str) -> None:
    """Wait for an expression of JavaScript. One that fails, since what it names is not there, does not hold.
    Playwright's own way evaluates inside of the page's policy."""
    looked = f"(() => {{ try {{ return !!({holds}); }} catch {{ return false; }} }})()"
    assert wait_until(lambda: page.evaluate(looked), WAIT_S, pause_s=0.05), holds
