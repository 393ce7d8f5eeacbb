"""Every page in every state, in both directions of writing, on every size of screen: nothing grave for who
cannot see it, nothing beyond the edge, whatever others have written (G)."""

import re
from typing import TYPE_CHECKING

import pytest

from browser import DESKTOP, PHONE, Screen, accessible, look
from browser.pytest_plugin import BrowserOn
from browser.sites import ORIGIN, start_site
from lab import Lab
from web.page_kit import pages
from web.states import Said

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
NARROW = Screen(width=320, height=640, touch=True)  # WCAG 2.2, 1.4.10
FORMS = [
    pytest.param(DESKTOP, "en", False, id="desktop-en"),
    pytest.param(PHONE, "ar", True, id="phone-ar-dark"),
]
SIZES = [*FORMS, pytest.param(NARROW, "fr", False, id="narrow-fr")]  # with the longest words there are
BEYOND = """() => {
    const edge = document.documentElement.clientWidth, found = [];
    for (const part of document.querySelectorAll("body *")) {
        const {left, right, width} = part.getBoundingClientRect();
        const isBeyond = width && (right > edge + 1 || left < -1);
        if (isBeyond && !part.closest(".skip, .unseen")) found.push(part.outerHTML);
    }
    return found.map((one) => one.slice(0, 200));
}"""


@pytest.mark.parametrize(("screen", "code", "dark"), FORMS)
def test_every_state_can_be_read(
    lab: Lab, browser_on: BrowserOn, screen: Screen, code: str, dark: bool, request: pytest.FixtureRequest
) -> None:
    page, form = a_page(lab, browser_on, screen, dark), request.node.callspec.id
    for number, state in enumerate(pages(Said())):
        show(page, f"/{code}/usual/{number}", f"{state}, {form}")
        look(page, f"state-{form}-{plain(str(state))}-{number}")
        assert_accessible(page, f"{state}, {form}")


@pytest.mark.parametrize(("screen", "code", "dark"), SIZES)
def test_long_names_reach_beyond_no_edge(
    lab: Lab, browser_on: BrowserOn, screen: Screen, code: str, dark: bool, request: pytest.FixtureRequest
) -> None:
    page = a_page(lab, browser_on, screen, dark)
    for number, state in enumerate(pages(Said())):
        show(page, f"/{code}/long/{number}", f"{state}, {request.node.callspec.id}")


def a_page(lab: Lab, browser_on: BrowserOn, screen: Screen, dark: bool) -> "Page":
    host = lab.host("amina")
    start_site(host, "states_site.py")
    return browser_on(host).page(ORIGIN, screen=screen, dark=dark)


def show(page: "Page", path: str, where: str) -> None:
    """With what is folded up, too."""
    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate(BEYOND) == [], where


def assert_accessible(page: "Page", where: str) -> None:
    try:
        accessible(page)
    except AssertionError as found:
        raise AssertionError(f"{where}: {found}") from None


def plain(state: str) -> str:
    return "-".join(re.findall("[a-z0-9]+", state.lower()))
