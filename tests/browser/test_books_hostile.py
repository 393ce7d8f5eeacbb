"""Books that want out (B1): nothing they name is asked for, nothing of others is read, no window moves.

Each is looked at in all ways in which it can be shown, and the same attacks without a policy, in the same
browser, show that they would be seen.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import DESKTOP
from browser.books import TRAP, Books
from browser.made_books import MEANT
from browser.owner import Owner
from browser.pytest_plugin import BrowserOn
from browser.waiting import until
from end_to_end.acquainted import couple
from lab import Lab
from lab.namespace import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
LONG_ENOUGH_MS = 2500  # the slowest of the attacks comes after a second
WAYS = [
    ("hostile-epub", ""),
    ("hostile-epub", "text/1"),
    ("hostile-epub", "file/a.svg"),
    ("hostile-page", "text/1"),
    ("hostile-zim", ""),
    ("hostile-zim", "zim/1"),
    ("hostile-zim", "text/1"),
]


def read_by(page: "Page") -> list[str]:
    """What its scripts have got hold of, in any frame of any window."""
    found = []
    for window in page.context.pages:
        for frame in window.frames:
            got = frame.evaluate("String(window.read ?? '')")
            found += [got] if got else []
    return found


def is_shown(page: "Page") -> bool:
    return any(MEANT in (frame.text_content("body") or "") for frame in page.frames)


def test_no_book_gets_out(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    amina, _ = couple(lab)
    owner, browser = Owner.up(amina), browser_on(amina.host)
    own = owner.page(browser)
    base = owner.origin + str(own.get_attribute("body", "data-base"))
    books = Books.on(amina.host, tmp_path, f"{base}/people", f"{base}/static/page.css")
    for name, path in WAYS:
        # In the browser that has the cookie of the owner's page.
        page = own.context.new_page()
        page.goto(books.urls[name] + path)
        if not path:
            page.wait_for_selector("footer:not([hidden]), iframe")
        if not path.startswith("file/"):
            assert wait_until(lambda page=page: is_shown(page), 5, pause_s=0.02), (name, path)
        page.wait_for_timeout(LONG_ENOUGH_MS)
        assert page.url.startswith(books.urls[name]), (name, path)
        for frame in page.frames:
            allowed = (books.urls[name], "blob:", "about:", "data:", "chrome-error:")
            assert frame.url.startswith(allowed), (name, path, frame.url)
        assert read_by(page) == [], (name, path)
        assert books.caught() == [], (name, path)
        assert len(page.context.pages) == 2, (name, path)
        page.close()
    assert "bilal" in str(own.context.pages[0].content()) or own.is_visible("nav")
    browser.watch_of(own).take()  # all that was kept from them is told


def test_a_link_out_of_an_epub_is_shown_and_not_followed(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    page = books.page(browser, "hostile-epub", screen=DESKTOP)
    page.wait_for_selector("footer:not([hidden])")
    frame = next(frame for frame in page.frames if frame.url.startswith("blob:"))
    frame.evaluate("document.querySelector('#out').click()")
    until(page, "document.querySelector('#state').checkVisibility()")
    assert f"http://127.0.0.1:{TRAP}/link-out" in page.inner_text("#state")
    assert books.caught() == []
    assert len(page.context.pages) == 1
    browser.watch_of(page).take()


def test_the_attacks_work_where_nothing_holds_them(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    """The control: without a policy the trap is full, and a book would be read."""
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path, f"http://127.0.0.1:{TRAP}/other"), browser_on(host)
    page = browser.page(f"http://127.0.0.1:{TRAP}")
    page.goto("/control", wait_until="commit")
    page.wait_for_timeout(LONG_ENOUGH_MS)
    caught = {line.split()[1].partition("?")[0].strip("/") for line in books.caught()}
    wanted = {"inline", "onerror", "img", "frame", "link", "style", "attribute", "object", "embed", "poster"}
    wanted |= {"video", "audio", "svg", "script", "new-image", "beacon", "other"}
    assert wanted <= caught, wanted - caught
    assert caught & {"top", "self", "refresh"}
    browser.watch_of(page).take()
