"""Chromium on a host: what it can be told, and that it is where the host is."""

import hashlib
import struct
from pathlib import Path

import pytest

from browser import DESKTOP, PHONE, Screen, accessible, look
from browser.axe import GRAVE, examine
from browser.pytest_plugin import BrowserOn
from browser.reports import screenshot_path
from browser.sites import ORIGIN, start_site
from browser.waiting import until
from lab import Lab

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(("screen", "locale", "dark"), [(DESKTOP, "en-GB", False), (PHONE, "ar", True)])
def test_a_page_is_used_looked_at_and_without_faults(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path, screen: Screen, locale: str, dark: bool
) -> None:
    host = lab.host("a")
    start_site(host)
    page = browser_on(host).page(ORIGIN, screen=screen, locale=locale, dark=dark, reduced_motion=dark)
    page.goto("/language")
    assert page.inner_text("#language").startswith(locale)
    assert page.evaluate("navigator.language") == locale
    assert page.evaluate("[innerWidth, innerHeight]") == [screen.width, screen.height]
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches") is dark
    assert page.evaluate("matchMedia('(pointer: coarse)').matches") is screen.touch
    file = tmp_path / "lesson.txt"
    file.write_bytes(b"one lesson")
    page.fill("#name", "<b>Amina</b> \N{RIGHT-TO-LEFT OVERRIDE}")
    page.set_input_files("#file", file)
    page.click("text=Send")
    until(page, "document.querySelector('output').textContent")
    shown = f"<b>Amina</b> \N{RIGHT-TO-LEFT OVERRIDE}: {hashlib.sha256(b'one lesson').hexdigest()}"
    assert page.inner_text("output") == shown
    assert accessible(page) == []
    screenshot = look(page, f"laboratory-{locale.lower()}").read_bytes()
    assert struct.unpack(">I", screenshot[16:20]) == (screen.width,)


def test_a_screenshot_has_a_plain_name() -> None:
    for name in ("../x", "A", "a b", "", "a--b", "x.png"):
        with pytest.raises(ValueError, match="lower-case"):
            screenshot_path(name)


def test_letters_are_no_boxes(lab: Lab, browser_on: BrowserOn) -> None:
    """Two letters that no font has look the same."""
    host = lab.host("a")
    start_site(host)
    page = browser_on(host).page(ORIGIN)
    page.goto("/")
    drawn = """(letter) => {
        const canvas = document.createElement("canvas");
        const pen = canvas.getContext("2d");
        pen.font = "40px sans-serif";
        pen.fillText(letter, 50, 50);
        return canvas.toDataURL();
    }"""
    missing = {page.evaluate(drawn, letter) for letter in "\U0010fffd\U0010fffc"}
    assert len(missing) == 1
    for letters in ("رس", "چگ", "信件"):
        assert len({page.evaluate(drawn, letter) for letter in letters} | missing) == 3, letters


def test_what_is_hard_to_use_is_found(lab: Lab, browser_on: BrowserOn) -> None:
    host = lab.host("a")
    start_site(host)
    page = browser_on(host).page(ORIGIN)
    for name, rule in (("faint", "color-contrast"), ("nameless", "image-alt"), ("small", "target-size")):
        page.goto(f"/{name}")
        with pytest.raises(AssertionError, match=f"^(serious|critical): {rule} "):
            accessible(page)
        assert [(found["id"], found["impact"] in GRAVE) for found in examine(page)["violations"]] == [
            (rule, True)
        ]


def test_a_slow_processor(lab: Lab, browser_on: BrowserOn) -> None:
    host = lab.host("a")
    start_site(host)
    browser = browser_on(host)

    def fastest_ms(slowdown: float) -> float:
        page = browser.page(ORIGIN, cpu_slowdown=slowdown)
        taken = []
        for _ in range(3):
            page.goto("/busy")
            taken.append(float(page.title()))
        return min(taken)

    # On a busy machine far less than 20, and now and then the fast one has no processor at all.
    assert any(fastest_ms(20) > 3 * fastest_ms(1) for _ in range(4))


def test_a_browser_is_on_its_host_and_each_page_a_person_of_its_own(lab: Lab, browser_on: BrowserOn) -> None:
    here, there = lab.host("here"), lab.host("there")
    start_site(here)
    browser, other = browser_on(here), browser_on(there)
    first, second, lost = browser.page(ORIGIN), browser.page(ORIGIN), other.page(ORIGIN)
    first.goto("/")
    first.evaluate("document.cookie = 'seen=1'")
    assert first.evaluate("document.cookie") == "seen=1"
    second.goto("/")
    assert second.evaluate("document.cookie") == ""
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        lost.goto("/")
