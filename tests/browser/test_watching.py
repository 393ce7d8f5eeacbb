"""What a page must not do is found; a page that does nothing wrong is left in peace."""

import os

import pytest

from browser import pytest_plugin
from browser.pytest_plugin import BrowserOn, need_browser
from browser.sites import ORIGIN, asked_for, start_site
from browser.watching import Kind, is_within
from lab import Lab
from lab.pytest_plugin import need_lab
from lab.watched import WatchedLab

FOREIGN, HINT, POLICY = Kind.FOREIGN, Kind.HINT, Kind.POLICY
CONSOLE, EXCEPTION = Kind.CONSOLE, Kind.EXCEPTION
PLANTED = {
    # what a strict policy stops is a violation, once as an event and once on the console
    "style": {POLICY, CONSOLE},
    "inline": {POLICY, CONSOLE},
    "eval": {POLICY},
    "fetch": {POLICY, CONSOLE},
    "beacon": {POLICY, CONSOLE},
    "socket": {POLICY, CONSOLE},
    "frame": {POLICY, CONSOLE},
    "image": {POLICY, CONSOLE, FOREIGN},
    # what no policy stops leaves
    "loose/fetch": {FOREIGN, CONSOLE},
    "loose/beacon": {FOREIGN, CONSOLE},
    "loose/socket": {FOREIGN, CONSOLE},
    "loose/frame": {FOREIGN},
    "loose/image": {FOREIGN, CONSOLE},
    # what no policy can stop
    "popup": {FOREIGN},
    "ahead": {HINT},
    "console": {CONSOLE},
    "exception": {EXCEPTION},
    "missing": {CONSOLE},
    # and no fault at all
    "": set(),
    "language": set(),
}


@pytest.mark.lab
def test_every_planted_fault_is_found(lab: Lab, browser_on: BrowserOn) -> None:
    host = lab.host("a")
    start_site(host)
    browser = browser_on(host)
    found = {}
    for name in PLANTED:
        page = browser.page(ORIGIN)
        page.goto(f"/{name}")
        watch = browser.watch_of(page)
        found[name] = {fault.kind for fault in watch.take()}
        page.context.close()
        watch.take()  # a page that it has opened may have tried once more
    assert found == PLANTED


@pytest.mark.lab
def test_a_page_with_a_fault_fails_its_test(lab: Lab, browser_on: BrowserOn) -> None:
    host = lab.host("a")
    start_site(host)
    browser = browser_on(host)
    browser.page(ORIGIN).goto("/loose/image")
    with pytest.raises(AssertionError, match=r"another origin: http://127\.0\.0\.1:8001/planted\.png"):
        browser.conclude()


@pytest.mark.lab
def test_an_address_may_be_allowed_besides(lab: Lab, browser_on: BrowserOn) -> None:
    """As that of the local file by which the owner's page is opened."""
    host = lab.host("a")
    start_site(host)
    file = host.home / "open.html"
    file.write_text(f"<!doctype html><meta http-equiv=refresh content='0; url={ORIGIN}/'>", encoding="utf-8")
    page = browser_on(host).page(ORIGIN, besides=[file.as_uri()])
    page.goto(file.as_uri())
    page.wait_for_url(f"{ORIGIN}/")


@pytest.mark.lab
def test_a_browser_that_died_fails_its_test(lab: Lab, browser_on: BrowserOn) -> None:
    host = lab.host("a")
    browser = browser_on(host)
    page = browser.page(ORIGIN)
    with page.expect_event("close"):
        host.crash()
    with pytest.raises(RuntimeError, match="ended by itself"):
        browser.conclude()


@pytest.mark.lab
def test_a_page_that_crashes_fails_its_test(lab: Lab, browser_on: BrowserOn) -> None:
    browser = browser_on(lab.host("a"))
    page = browser.page(ORIGIN, besides=["chrome://crash/"])
    with page.expect_event("crash"), pytest.raises(Exception, match=r"crashed|ERR_ABORTED"):
        page.goto("chrome://crash/")
    with pytest.raises(AssertionError, match=r"^a crash: "):
        browser.conclude()


@pytest.mark.lab
def test_a_question_for_a_name_is_on_the_cable(browser_on: BrowserOn) -> None:
    """Else no query in any test would say nothing. Those of the browser itself are not there."""
    need_lab()
    with WatchedLab() as lab:
        host = lab.host("a")
        start_site(host)
        browser = browser_on(host)
        page = browser.page(ORIGIN)
        page.goto("/loose/language")
        page.evaluate("fetch('http://planted.example/').catch(() => 0)")
        assert asked_for(lab, b"\x07planted\x07example")
        assert {fault.kind for fault in browser.watch_of(page).take()} == {FOREIGN, CONSOLE}
        browser.conclude()


@pytest.mark.parametrize(
    ("url", "within"),
    [
        ("http://127.0.0.1:8000/", True),
        ("http://127.0.0.1:8000", True),
        ("ws://127.0.0.1:8000/live", True),
        ("blob:http://127.0.0.1:8000/6f0a", True),
        ("data:text/plain,x", True),
        ("about:blank", True),
        ("file:///home/a/open.html", True),
        ("file:///etc/passwd", False),
        ("http://127.0.0.1:80000/", False),
        ("http://127.0.0.1:8001/", False),
        ("http://127.0.0.1/", False),
        ("https://127.0.0.1:8000/", False),
        ("http://127.0.0.1:8000@example/", False),
        ("http://127.0.0.1:8000.example/", False),
        ("http://localhost:8000/", False),
        ("blob:http://example/6f0a", False),
        ("blob:null/6f0a", False),
    ],
)
def test_what_is_another_origin(url: str, within: bool) -> None:
    assert is_within(url, "http://127.0.0.1:8000", ["file:///home/a/open.html"]) is within


@pytest.mark.parametrize("ci", ["true", "", None])
def test_a_missing_browser_is_a_failure_where_nobody_looks(
    ci: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytest_plugin, "why_not", lambda: "the command chromium is missing")
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setitem(os.environ, "CI", ci)
    outcome = pytest.fail.Exception if ci == "true" else pytest.skip.Exception
    with pytest.raises(outcome, match="no browser: the command chromium is missing"):
        need_browser()
