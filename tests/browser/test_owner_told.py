"""What went wrong, as people see it in a real browser: in the language of the page (page 5.4)."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.chromium import Chromium
from browser.owner import FORMS, SCREENS, Owner, go, seen
from browser.pytest_plugin import BrowserOn
from end_to_end.acquainted import made, pair_up
from end_to_end.programs import Person
from lab import Lab
from satchel.core.pairing.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
HERE_MS = 60_000
NOBODY_MS = 120_000  # a typed address is tried for a minute
COMMAND = re.compile(r"satchel [a-z]|--[a-z]")
LANGUAGES = {"desktop-en": "en", "phone-ar": "ar"}


@pytest.fixture
def language(request: pytest.FixtureRequest) -> str:
    return LANGUAGES[request.node.callspec.id]


def told(page: "Page", name: str, language: str, within_ms: int = HERE_MS) -> str:
    """What the page says about it: all of it in its own language, and nothing to type at a terminal."""
    page.wait_for_selector(".notice.bad:visible", timeout=within_ms)
    seen(page, f"told-{language}-{name}")
    assert not COMMAND.search(page.inner_text("main"))
    assert page.locator(f".notice.bad:visible p[lang={language}]").count() > 1
    assert page.locator(f".notice.bad:visible p[lang]:not([lang={language}])").count() == 0
    return str(page.inner_text(".notice.bad:visible"))


@pytest.mark.parametrize("settings", SCREENS)
def test_a_name_that_is_taken_and_a_disk_that_is_full(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path, settings: dict[str, object], language: str
) -> None:
    amina, bilal, chen = (made(Person(lab.host(name))) for name in ("amina", "bilal", "chen"))
    pair_up(amina, bilal)
    pair_up(amina, chen)
    amina.into.mkdir()
    amina.host.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(amina.into)])
    owner = Owner.up(amina)
    browser = browser_on(amina.host)
    page = owner.page(browser, **settings)
    go(page, "/people")
    page.click(".rows a >> nth=0")
    page.fill("input[name=name]", "chen" if page.input_value("input[name=name]") == "bilal" else "bilal")
    page.click("form[action$='/rename'] button")
    told(page, "name", language)
    assert browser.watch_of(page).take()

    large = tmp_path / "film.mkv"
    large.write_bytes(os.urandom(9_000_000))
    sending = bilal.send(large)
    code = sending.expect_event("code", 30)["code"]
    go(page, "/take")
    page.fill("input[name=code]", code)
    page.click("form[action$='/take'] button")
    page.wait_for_selector(".offer", timeout=HERE_MS)
    page.click("button[value=some]")
    assert "9" in told(page, "full", language)


def test_what_to_do_is_said_as_places_of_the_page(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    """Nobody is at an address, which takes a minute to be told: all wait for it together, and meanwhile do
    what else is not done."""
    givers = [made(Person(lab.host(name))) for name in ("bilal", "carla")]
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"photo")
    waiting: list[tuple[Page, str, str]] = []
    for name, settings in FORMS.items():
        owner, language = Owner.begins(Person(lab.host(name))), LANGUAGES[name]
        browser = browser_on(owner.person.host)
        page = owner.page(browser, **settings)
        a_weak_passphrase_is_told(page, browser, language)
        waiting.append((page, language, where_nobody_is(page, f"{givers[0].host.ip}:40999")))
    for giver, (page, language, _) in zip(givers, waiting, strict=True):
        what_is_typed_is_told(page, language)
        wrong_codes_are_told(page, language, giver.send(photo).expect_event("code", 30)["code"])
    for page, language, nobody_there in waiting:
        page.goto(nobody_there)
        assert page.inner_text("nav a[href$='/care']") in told(page, "nobody", language, NOBODY_MS)
        a_stop_is_told(page, language)


def a_weak_passphrase_is_told(page: "Page", browser: Chromium, language: str) -> None:
    """At the first start, which then goes on without one."""
    page.check("input[value=own]")
    for name in ("passphrase", "again"):
        page.fill(f"input[name={name}]", "short")
    page.click("form[action$='/begin'] button")
    told(page, "weak", language)
    assert browser.watch_of(page).take()  # Chromium says on its console that it was refused
    page.check("input[value=none]")
    page.click("form[action$='/begin'] button")
    page.wait_for_selector("nav", timeout=HERE_MS)


def what_is_typed_is_told(page: "Page", language: str) -> None:
    """A code that is none; an address that is none; and what doctor finds."""
    go(page, "/take")
    page.fill("input[name=code]", "482 apple river stonn")
    page.click("form[action$='/take'] button")
    assert "stone" in told(page, "code", language)
    go(page, "/take")
    page.fill("input[name=code]", "482 apple river stone")
    page.click("details summary")
    page.fill("input[name=address]", "amina.example")
    page.click("form[action$='/take'] button")
    assert "192.168.1.5:40000" in told(page, "address", language)

    go(page, "/care")
    page.click("form[action$='/care/look'] button")
    page.wait_for_selector(f".rows span[lang={language}]", timeout=HERE_MS)
    seen(page, f"told-{language}-doctor")
    assert page.locator(f".rows span[lang]:not([lang={language}]):not(:empty)").count() == 0


def where_nobody_is(page: "Page", address: str) -> str:
    """The page that looks for somebody there."""
    go(page, "/take")
    page.fill("input[name=code]", "482 apple river stone")
    page.click("details summary")
    page.fill("input[name=address]", address)
    page.click("form[action$='/take'] button")
    page.wait_for_url("**/errands/*")
    return str(page.url)


def wrong_codes_are_told(page: "Page", language: str, code: str) -> None:
    channel, *words = code.split()
    wrong = [word for word in WORDS if word not in words][:3]
    for place, name in (("/take", "wrong"), ("/pair", "wrong-pair")):
        go(page, place)
        page.fill("input[name=code]", " ".join([channel, *wrong]))
        page.click("form[action$='/take'] button")
        assert told(page, name, language)


def a_stop_is_told(page: "Page", language: str) -> None:
    go(page, "/give")
    page.click("details summary")
    page.fill("textarea", "hello")
    page.click("form.give button[type=submit]")
    page.wait_for_selector(".code", timeout=HERE_MS)
    page.click("form[action$='/stop'] button")
    page.wait_for_selector("#errand .notice", timeout=HERE_MS)
    seen(page, f"told-{language}-stopped")
    assert page.inner_text("nav a[href$='/waiting']") in page.inner_text("#errand .notice")
