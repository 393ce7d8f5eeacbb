"""Books of each kind in a real browser: they open, turn, and speak the language of who reads."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser import DESKTOP, PHONE, accessible, look
from browser.books import Books
from browser.pytest_plugin import BrowserOn
from browser.waiting import until
from lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

pytestmark = pytest.mark.lab
FORMS: dict[str, dict[str, Any]] = {
    "phone-en": {"screen": PHONE, "locale": "en-GB"},
    "phone-ar": {"screen": PHONE, "locale": "ar-EG", "dark": True, "reduced_motion": True},
    "desktop-en": {"screen": DESKTOP, "locale": "en-GB"},
}


def shown(page: "Page") -> "Frame":
    """The frame in which foliate-js shows a chapter."""
    page.wait_for_selector("footer:not([hidden])")
    return next(frame for frame in page.frames if frame.url.startswith("blob:"))


def seen(page: "Page", name: str) -> None:
    look(page, name)
    accessible(page)
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(wide), name
    small = page.evaluate(
        "[...document.querySelectorAll('button, a.button, input, select, summary, .links a, .rows a')]"
        ".filter((one) => one.checkVisibility() && !one.closest('.unseen') && !one.closest('.skip'))"
        ".map((one) => one.type === 'checkbox' ? one.closest('label') : one)"
        ".filter((one) => { const box = one.getBoundingClientRect();"
        " return box.height < 43.9 || box.width < 43.9 }).map((one) => one.outerHTML)"
    )
    assert small == [], name


@pytest.mark.parametrize("form", FORMS)
def test_each_kind_is_shown(lab: Lab, browser_on: BrowserOn, tmp_path: Path, form: str) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    for name in ("epub", "arabic", "japanese"):
        page = books.page(browser, name, **FORMS[form])
        shown(page)
        page.wait_for_timeout(300)
        seen(page, f"book-{name}-{form}")
        page.click("[data-opens=contents]")
        seen(page, f"book-{name}-contents-{form}")
        page.click("[data-opens=look]")
        seen(page, f"book-{name}-more-{form}")
        page.close()
    page = books.page(browser, "pdf", **FORMS[form])
    page.wait_for_selector("#text span")
    seen(page, f"book-pdf-{form}")
    page.close()
    for name, path in (
        *(("audio", ""), ("comic", ""), ("page", ""), ("zim", ""), ("epub", "contents"), ("arabic", "text/")),
        *(("zim", "search?words=x"), ("pdf", "pages/2"), ("zim", "text/9")),
    ):
        page = browser.page(books.origin, **FORMS[form])
        page.goto(books.urls[name] + path)
        page.wait_for_load_state()
        words = re.findall(r"[a-z0-9]+", path.partition("?")[0])
        seen(page, "-".join(["book", name, *words, form]))
        if name == "zim":
            browser.watch_of(page).take()  # a script that did not run; a page that there is none of
        page.close()


def test_an_epub_turns_its_pages_as_its_language_does(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    for name, ahead, mode in (
        ("epub", "ArrowRight", "horizontal-tb"),
        ("arabic", "ArrowLeft", "horizontal-tb"),
        ("japanese", "ArrowLeft", "vertical-rl"),
    ):
        page = books.page(browser, name, screen=PHONE)
        frame = shown(page)
        assert frame.evaluate("getComputedStyle(document.documentElement).writingMode") == mode
        assert frame.evaluate("document.documentElement.dir || 'ltr'") == (
            "rtl" if name == "arabic" else "ltr"
        )
        before = float(page.input_value("#place"))
        page.keyboard.press(ahead)
        until(page, f"Number(document.querySelector('#place').value) > {before}")
        page.click("#left" if ahead == "ArrowLeft" else "#right")
        page.keyboard.press("ArrowRight" if ahead == "ArrowLeft" else "ArrowLeft")
        page.close()


def test_an_epub_has_contents_sizes_and_keeps_a_place_only_if_asked(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    page = books.page(browser, "epub", screen=PHONE)
    shown(page)
    page.click("[data-opens=contents]")
    page.click("#contents li:nth-child(2) button")
    until(page, "Number(document.querySelector('#place').value) > 0.4")
    assert page.evaluate("localStorage.length") == 0
    page.click("[data-opens=look]")
    plain = shown(page).evaluate("getComputedStyle(document.documentElement).fontSize")
    page.click("[data-size='1']")
    assert shown(page).evaluate("getComputedStyle(document.documentElement).fontSize") != plain
    page.check("[data-keep]")
    page.reload()
    shown(page)
    until(page, "Number(document.querySelector('#place').value) > 0.4")
    page.click("[data-opens=look]")
    page.uncheck("[data-keep]")
    assert page.evaluate("localStorage.length") == 0


def test_an_epub_of_fixed_pages_is_shown(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    """By the part of foliate-js that asks for a module by a bare name."""
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    page = books.page(browser, "fixed", screen=DESKTOP)
    page.wait_for_selector("footer:not([hidden])")
    shown_texts = [frame.text_content("body") or "" for frame in page.frames if frame.url.startswith("blob:")]
    assert any("Drawn" in text for text in shown_texts)


def test_a_pdf_has_pages_words_and_sizes(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    page = books.page(browser, "pdf", screen=PHONE)
    page.wait_for_selector("#text span")
    assert page.inner_text("#text") == "Stones"
    page.click("#after")
    until(page, "document.querySelector('#text').innerText === 'River'")
    page.fill("#page", "3")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#text').innerText === 'Village'")
    drawn = page.evaluate(
        "(() => { const c = document.querySelector('#canvas'), { width, height } = c;"
        " const { data } = c.getContext('2d').getImageData(0, 0, width, height);"
        " return data.some((value, at) => at % 4 < 3 && value < 99) })()"
    )
    assert drawn
    wide = page.evaluate("document.querySelector('#canvas').clientWidth")
    page.click("[data-opens=look]")
    page.click("[data-zoom='1']")
    until(page, f"document.querySelector('#canvas').clientWidth > {wide}")


def test_sound_is_sought_in_stretches(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    page = books.page(browser, "audio", screen=PHONE)
    until(page, "document.querySelector('audio').duration > 50")
    at = page.evaluate(
        "new Promise((told) => { const a = document.querySelector('audio');"
        " a.addEventListener('seeked', () => told(a.currentTime)); a.currentTime = 40; })"
    )
    assert at == pytest.approx(40, abs=1)
    page.select_option("[data-speed]", "1.5")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 1.5


def test_an_archive_is_shown_as_it_is_and_its_scripts_do_not_run(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    page = books.page(browser, "zim", screen=PHONE)
    frame = page.frame_locator("#view")
    assert frame.locator("#ran").inner_text() == "no scripts"
    assert frame.locator("h1").evaluate("(one) => getComputedStyle(one).color") == "rgb(1, 2, 3)"
    frame.locator("img").evaluate("(one) => one.decode()")
    frame.locator("a").click()
    assert frame.locator("h1").inner_text() == "Other page"
    browser.watch_of(page).take()  # its scripts were kept from running, which is told


@pytest.mark.parametrize("name", ["epub", "pdf", "comic", "page", "zim", "audio"])
def test_without_scripts_each_kind_is_read(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path, name: str
) -> None:
    host = lab.host("amina")
    books, browser = Books.on(host, tmp_path), browser_on(host)
    page = browser.page(books.origin, screen=PHONE)
    page.context.route("**/static/*.js", lambda route: route.abort())
    page.goto(books.urls[name])
    if name in ("epub", "pdf"):
        page.click("#state a")
    if name in ("epub", "page"):
        assert "river carried" in page.inner_text("article")
        page.click("a[rel=next]")
        assert "Chapter 2" in page.inner_text("article")
    elif name in ("pdf", "comic"):
        page.evaluate("document.querySelector('.leaf img').decode()")
        page.click("a[rel=next]")
        page.wait_for_url("**/pages/2")
    elif name == "zim":
        assert page.frame_locator("#view").locator("h1").inner_text() == "Archive"
    else:
        until(page, "document.querySelector('audio').duration > 50")
    browser.watch_of(page).take()
