"""Many windows of one browser: one stream for all of them (page 2.8, 4.6)."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.owner import Owner, go
from browser.pytest_plugin import BrowserOn
from browser.test_owner_hostile import HERE_MS, end_and_take_the_port
from browser.waiting import until
from end_to_end.acquainted import couple
from end_to_end.programs import Person
from lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
WINDOWS = 8  # a browser opens six connections to a host
PATHS = ("/", "/people", "/give", "/take", "/pair", "/waiting", "/care", "/")
HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def open_windows(page: "Page") -> list["Page"]:
    """All are windows of the browser that has `page`, which is the first of them."""
    base = page.get_attribute("body", "data-base")
    windows = [page, *(page.context.new_page() for _ in range(WINDOWS - 1))]
    for window, path in zip(windows, PATHS, strict=True):
        window.goto(f"{base}{path}")  # the seventh would wait for ever, if each held a connection
    return windows


def set_frozen(window: "Page", state: str) -> None:
    """`frozen` as a browser does it to save a battery, or `active`."""
    window.context.new_cdp_session(window).send("Page.setWebLifecycleState", {"state": state})


def test_eight_windows_are_open_and_hand_nothing_to_who_has_the_port_next(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    """[2.8] Seen, hidden and frozen ones alike: they learn it from the one stream, which nobody reopens."""
    amina, _ = couple(lab)
    owner, browser = Owner.up(amina), browser_on(amina.host)
    page = owner.page(browser)
    windows = open_windows(page)
    for window in windows[:5]:
        window.evaluate(HIDE, True)
    for window in windows[2:5]:
        set_frozen(window, "frozen")
    kept = tmp_path / "asked"
    end_and_take_the_port(owner, kept)
    for window in windows[2:5]:
        set_frozen(window, "active")
    for window in windows:
        window.evaluate(HIDE, False)
        window.wait_for_selector("#ended", timeout=HERE_MS)
    assert [window.locator("form, input, nav").count() for window in windows] == [0] * len(windows)
    page.wait_for_timeout(5000)  # by itself a browser would ask again after three seconds
    assert not kept.exists()
    browser.watch_of(page).take()


def test_a_window_that_asks_for_the_passphrase_hands_it_to_nobody_else(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    """[2.8, T1] Satchel was killed before anybody opened it, and another person has its port."""
    owner = Owner.begins(Person(lab.host("amina")))
    browser = browser_on(owner.person.host)
    page = owner.page(browser)
    until(page, "!!document.querySelector('input[name=again]')")
    page.wait_for_timeout(500)  # the stream is there
    kept = tmp_path / "asked"
    end_and_take_the_port(owner, kept)
    page.wait_for_selector("#ended", timeout=HERE_MS)
    assert page.locator("form, input").count() == 0
    page.wait_for_timeout(4000)
    assert not kept.exists()
    browser.watch_of(page).take()


def test_a_window_that_asks_for_the_passphrase_is_told_when_another_one_has_opened_it(
    lab: Lab, browser_on: BrowserOn
) -> None:
    owner = Owner.begins(Person(lab.host("amina")))
    page = owner.page(browser_on(owner.person.host))
    other = page.context.new_page()
    other.goto(page.url)
    page.check("input[value=none]")
    page.click("form[action$='/begin'] button")
    page.wait_for_selector("nav", timeout=HERE_MS)
    other.wait_for_selector("#opened", timeout=HERE_MS)
    assert other.is_hidden("#ended")
    go(page, "/people")
    page.wait_for_timeout(500)
    assert page.is_hidden("#ended")


def test_what_other_windows_show_is_gone_when_it_is_locked(lab: Lab, browser_on: BrowserOn) -> None:
    """T1: hidden ones, too."""
    amina, _ = couple(lab)
    owner = Owner.up(amina)
    page = owner.page(browser_on(amina.host))
    go(page, "/people")
    assert "bilal" in page.inner_text("main")
    hidden, locking = page.context.new_page(), page.context.new_page()
    hidden.goto(page.url)
    hidden.evaluate(HIDE, True)
    locking.goto(page.url)
    locking.click("form[action$='/lock'] button")
    assert owner.node.wait(20) == 0
    for window in (page, hidden):
        until(window, "!document.querySelector('#ended').hidden")
        assert "bilal" not in window.content()


def test_a_window_that_nobody_sees_asks_for_nothing_until_it_is_seen(lab: Lab, browser_on: BrowserOn) -> None:
    """[4.6] Twenty windows in the background cost nothing, and none shows what is old."""
    amina, _ = couple(lab)
    owner, browser = Owner.up(amina), browser_on(amina.host)
    page = owner.page(browser)
    go(page, "/people")
    hidden = page.context.new_page()
    hidden.goto(page.url)
    hidden.evaluate(HIDE, True)
    hidden.wait_for_timeout(500)  # what was under way
    asked: list[str] = []
    hidden.on("request", lambda request: asked.append(request.url))
    page.click("#people a")
    page.fill("input[name=name]", "Bilal the tall")
    page.click("form[action$='/rename'] button")
    until(page, "document.querySelector('h1')?.innerText.includes('tall')")
    hidden.wait_for_timeout(1000)
    assert (asked, "tall" in hidden.inner_text("#people")) == ([], False)
    hidden.evaluate(HIDE, False)
    until(hidden, "document.querySelector('#people')?.innerText.includes('tall')")


def test_a_window_whose_worker_was_killed_asks_for_nothing_more(lab: Lab, browser_on: BrowserOn) -> None:
    """[2.8] Where memory is short a system does so. Then nobody knows any more who is at the port."""
    amina, _ = couple(lab)
    owner, browser = Owner.up(amina), browser_on(amina.host)
    page = owner.page(browser)
    windows = open_windows(page)
    session = browser.session()
    [worker] = [
        one for one in session.send("Target.getTargets")["targetInfos"] if one["type"] == "shared_worker"
    ]
    session.send("Target.closeTarget", {"targetId": worker["targetId"]})
    for window in windows:
        window.wait_for_selector("#ended", timeout=HERE_MS)
    browser.watch_of(page).take()
