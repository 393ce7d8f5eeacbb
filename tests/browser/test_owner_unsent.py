"""What a window has left behind that was closed in the middle of copying (page 4.9, T2)."""

import os
from pathlib import Path

import pytest

from browser import PHONE
from browser.owner import Owner, go, seen
from browser.pytest_plugin import BrowserOn
from browser.waiting import until
from end_to_end.programs import Person
from lab import Lab
from lab.namespace import wait_until

pytestmark = pytest.mark.lab
LARGE_BYTES = 2 << 30  # sparse: it is being copied for some seconds


def test_half_an_upload_is_listed_and_removed(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    owner = Owner.up(Person(lab.host("amina")))
    browser = browser_on(owner.person.host)
    page = owner.page(browser)
    go(page, "/give")
    film = tmp_path / "film <b>.mkv"
    film.touch()
    os.truncate(film, LARGE_BYTES)
    closing = page.context.new_page()
    closing.goto(page.url)
    closing.set_input_files("input[data-files] >> nth=0", film)
    closing.click("form[data-give] > button")
    until(closing, "document.querySelector('form[data-give] [data-sent]').value > 0")
    closing.close()
    blobs = owner.person.profile / "blobs"
    assert sum(blob.stat().st_size for blob in blobs.iterdir()) > 0

    def is_listed() -> bool:
        go(page, "/waiting")
        return bool(page.is_visible("#unsent li"))

    wait_until(is_listed, 20, pause_s=0.2)
    assert "film <b>.mkv" in page.inner_text("#unsent")
    assert "of 2.1\N{NO-BREAK SPACE}GB" in page.inner_text("#unsent")
    seen(page, "owner-desktop-unsent")
    phone = owner.page(browser, screen=PHONE, locale="ar")
    go(phone, "/waiting")
    seen(phone, "owner-phone-unsent")
    page.click("#unsent button")
    page.wait_for_selector("#unsent:not(:has(li))", state="attached")
    assert not list(blobs.iterdir())
