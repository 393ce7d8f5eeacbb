"""A person whose Satchel runs on a host of the laboratory, and who uses its page there."""

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser import DESKTOP, PHONE, accessible, look
from browser.chromium import Chromium
from browser.firefox import Firefox
from browser.pytest_plugin import FirefoxOn
from end_to_end.programs import SATCHEL, Person
from lab import Dialogue, LabError
from lab.namespace import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY_S = 30.0
HERE_MS = 60_000
FORMS: dict[str, dict[str, Any]] = {  # in which every flow is gone through
    "desktop-en": {"screen": DESKTOP, "locale": "en-GB"},
    "phone-ar": {"screen": PHONE, "locale": "ar-EG", "dark": True, "reduced_motion": True},
}
SCREENS = [pytest.param(settings, id=name) for name, settings in FORMS.items()]


@dataclass(frozen=True, slots=True)
class Owner:
    """`node` is `satchel up`."""

    person: Person
    node: Dialogue

    @classmethod
    def up(cls, person: Person, *words: str) -> "Owner":
        node = person.satchel("up", "--into", person.into, *words)
        node.expect_event("ready", READY_S)
        return cls(person, node)

    @classmethod
    def begins(cls, person: Person) -> "Owner":
        """Started from a menu, on a desktop: the page asks for what the profile needs."""
        line = [*SATCHEL, "up", "--home", str(person.profile), "--into", str(person.into)]
        node = person.host.talk(line, env={"BROWSER": shutil.which("true") or "true"})
        owner = cls(person, node)
        wait_until(owner.file.exists, READY_S, pause_s=0.1)
        return owner

    @property
    def file(self) -> Path:
        return self.person.profile / "open.html"

    @property
    def origin(self) -> str:
        found = re.search(r'action="(http://127\.0\.0\.1:\d+)(/[0-9a-f]{16})/enter"', self.file.read_text())
        assert found
        return found[1]

    def page(self, browser: Chromium, **settings: Any) -> "Page":
        """The first page that this person sees, opened by the file as the desktop would."""
        url = self.file.absolute().as_uri()
        page = browser.page(self.origin, besides=[url], **{"screen": DESKTOP, **settings})
        page.goto(url)
        page.wait_for_selector("h1")
        page.wait_for_load_state()  # its script has run: what is dropped now is taken
        return page

    def in_firefox(self, firefox_on: FirefoxOn, **settings: Any) -> Firefox:
        """The same in Firefox."""
        url = self.file.absolute().as_uri()
        firefox = firefox_on(self.person.host, self.origin, besides=[url], **settings)
        firefox.open(url)
        wait_until(lambda: is_in(firefox), READY_S, pause_s=0.1)
        return firefox


def is_in(firefox: Firefox) -> bool:
    """Whether the way in, by three pages, is over; on it there is no page to ask for a moment."""
    with contextlib.suppress(LabError):
        return bool(firefox.evaluate("!!document.querySelector('nav')"))
    return False


def go(page: "Page", path: str) -> None:
    """To another page of the same Satchel."""
    base = page.get_attribute("body", "data-base")
    page.goto(f"{base}{path}")


def seen(page: "Page", name: str) -> None:
    """A state worth looking at: nothing grave for who cannot see it, nothing beyond the edge."""
    look(page, name)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def names_of(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.exists() else []


def press(page: "Page", action: str, value: str | None = None) -> None:
    """The button of the form that does this."""
    button = f"form[action$='{action}'] button"
    page.click(button if value is None else f"{button}[value='{value}']")


def chosen_for(page: "Page", path: Path) -> None:
    """On the page of the only contact."""
    go(page, "/people")
    page.click(".rows a")
    page.set_input_files("input[data-files] >> nth=0", path)
    page.click("form[data-give] > button")
    page.wait_for_selector("#around", timeout=HERE_MS)


def pair_with(page: "Page", code: str) -> None:
    """Type the code that the other screen shows."""
    go(page, "/pair")
    page.fill("input[name=code]", code)
    press(page, "/pair/take")


def pair(one: "Page", other: "Page", names: tuple[str, str]) -> None:
    """By the code that one shows; each gives the other a name."""
    go(one, "/pair")
    press(one, "/pair/show")
    pair_with(other, one.inner_text(".code", timeout=HERE_MS))
    for page, name in zip((one, other), names, strict=True):
        page.wait_for_selector("input[name=answer]", timeout=HERE_MS)
        assert page.locator("#errand > .notice").count() == 1  # the other screen must say so, too (P2)
        page.fill("input[name=answer]", name)
        press(page, "/answer")
        page.wait_for_selector(".notice.good", timeout=HERE_MS)


def take_all(page: "Page") -> None:
    """Of what is offered next."""
    go(page, "/")
    page.wait_for_selector("form[action$='/look'] button", timeout=HERE_MS)
    press(page, "/look")
    page.wait_for_selector("button[value=some]", timeout=HERE_MS)
    press(page, "/answer", "some")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
