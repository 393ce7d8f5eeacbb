"""The library in a real browser: books dropped, found, read, put on a shelf that guests see. B1, T1, G1."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from books.epub_maker import make_epub
from books.pictures_made import picture
from browser.chromium import Chromium
from browser.owner import HERE_MS, SCREENS, Owner, go, press, seen
from browser.pytest_plugin import BrowserOn
from browser.test_owner_flows import Form
from browser.waiting import until
from end_to_end.programs import Person
from lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
TITLE = "كتاب الماء <b>"
DROP = """([text, name]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    const place = document.querySelector("[data-drop]");
    place.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(params=SCREENS)
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.node.callspec.id, request.param)


def test_books_are_dropped_found_read_and_shown_to_guests(
    lab: Lab, browser_on: BrowserOn, form: Form, tmp_path: Path
) -> None:
    person = Person(lab.host("amina"))
    browser = browser_on(person.host)
    page = Owner.up(person).page(browser, **form.settings)
    books_come_in(page, form, tmp_path)
    words_are_found(page, form)
    a_book_has_a_page(page, form)
    it_is_read_and_the_browser_goes_back(page, browser)
    a_shelf_is_opened(page, form)
    the_door_is_opened_and_closed(page, form)


def books_come_in(page: "Page", form: Form, tmp_path: Path) -> None:
    page.click("nav a[href$='/library']")
    page.wait_for_load_state()
    seen(page, f"owner-{form}-library-empty")
    chapters = [("One", ["The pike swims in the lake."]), ("Two", ["Nothing."])]
    book = tmp_path / "water.epub"
    known: dict[str, Any] = {"title": TITLE, "authors": ["Amina"], "language": "ar", "cover": picture()}
    book.write_bytes(make_epub(chapters=chapters, **known))
    page.set_input_files("input[data-files] >> nth=0", book)
    page.evaluate(DROP, ["The well\nA pike is a fish.\n", "well.txt"])
    page.evaluate(DROP, ["", "broken.pdf"])
    until(page, "document.querySelectorAll('.chosen li').length === 3")
    seen(page, f"owner-{form}-library-chosen")
    page.click("#add > button")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
    seen(page, f"owner-{form}-library-added")
    page.click(".choices > .button >> nth=0")
    page.wait_for_selector(".books li")


def words_are_found(page: "Page", form: Form) -> None:
    page.fill("input[name=words]", "pike")
    page.click("form.find button")
    page.wait_for_selector("mark")
    assert page.locator(".books > li").count() == 2
    assert page.locator(".books b").count() == 0
    assert "pike" not in page.url
    assert page.title() == "Satchel"
    seen(page, f"owner-{form}-library-found")
    page.click("form.find summary")
    page.select_option("select[name=language]", "ar")
    page.click("form.find button")
    until(page, "document.querySelectorAll('.books > li').length === 1")
    seen(page, f"owner-{form}-library-narrowed")
    page.go_back()
    until(page, "document.querySelectorAll('.books > li').length === 2")
    page.go_forward()
    page.wait_for_selector(".books > li")


def a_book_has_a_page(page: "Page", form: Form) -> None:
    page.click(".books p > a")
    page.wait_for_selector("#book")
    assert page.inner_text("h1") == TITLE
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    seen(page, f"owner-{form}-library-book")


def it_is_read_and_the_browser_goes_back(page: "Page", browser: Chromium) -> None:
    """On an origin of its own: nothing else is asked for elsewhere [8.7]."""
    here = page.url
    page.click("#book a[href$='/read']")
    page.wait_for_url("http://localhost:*/**")
    page.wait_for_load_state("networkidle")
    scheme, _, host, path, *_ = page.url.split("/")
    # Below its own path, or a blob of its own making: foliate-js shows each chapter so (reading 3.3).
    own = (f"{scheme}//{host}/{path}/", f"blob:{scheme}//{host}/")
    faults = browser.watch_of(page).take()
    assert faults
    assert [fault for fault in faults if not fault.text.startswith(own)] == []
    page.go_back()
    page.wait_for_selector("#book")
    assert page.url == here


def a_shelf_is_opened(page: "Page", form: Form) -> None:
    page.fill("form[action$='/put'] input[name=new]", "Water <i>")
    page.click("form[action$='/put'] button")
    page.wait_for_selector("#book .rows li")
    page.click("#book .rows a")
    page.wait_for_selector("#state")
    page.click("#state summary")
    seen(page, f"owner-{form}-library-shelf")
    press(page, "/open")
    page.wait_for_selector("#state .bad")
    page.click("#books summary")
    seen(page, f"owner-{form}-library-shelf-open")


def the_door_is_opened_and_closed(page: "Page", form: Form) -> None:
    go(page, "/library/guests")
    seen(page, f"owner-{form}-library-guests")
    press(page, "/guests/open")
    page.wait_for_selector("form[action$='/guests/close']", timeout=HERE_MS)
    page.wait_for_load_state()
    seen(page, f"owner-{form}-library-guests-open")
    assert page.evaluate("document.querySelector('img.picture').naturalWidth") > 0
    press(page, "/guests/close")
    page.wait_for_selector("form[action$='/guests/open']", timeout=HERE_MS)
