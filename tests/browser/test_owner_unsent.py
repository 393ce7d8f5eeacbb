"""What a window has left behind that has cancelled, or was closed in the middle of copying (page 4.9, T2)."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import PHONE
from browser.owner import Owner, go, seen
from browser.pytest_plugin import BrowserOn
from browser.waiting import until
from end_to_end.programs import Person
from lab import Lab
from lab.namespace import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
LARGE_BYTES = 2 << 30  # sparse: it is being copied for some seconds
SAID = "document.querySelector('form[data-give] [data-said]').textContent"
IS_COPYING = "document.querySelector('form[data-give] [data-sent]').value > 0"
# What the node told is old: a connection of before a reload was still bringing the file.
STALE = """() => {
    const real = window.fetch;
    let have = 0;
    window.fetch = async (path, options) => {
        if (path.endsWith("at=0")) return new Response(JSON.stringify({what: "no", have}), {status: 409});
        const answer = await real(path, options);
        if (path.endsWith("/uploads")) {
            const {uploads: [{id}]} = await answer.clone().json();
            const brought = await real(`${path}/${id}?at=0`, {method: "PUT", body: new Uint8Array(262_144)});
            ({have} = await brought.json());
        }
        return answer;
    };
}"""


def test_half_an_upload_is_listed_goes_on_and_is_removed(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    owner = Owner.up(Person(lab.host("amina")))
    browser = browser_on(owner.person.host)
    page = owner.page(browser)

    def is_listed() -> bool:
        go(page, "/waiting")
        return bool(page.is_visible("#unsent li"))

    go(page, "/give")
    film = tmp_path / "film <b>.mkv"
    film.touch()
    os.truncate(film, LARGE_BYTES)
    closing = page.context.new_page()
    closing.goto(page.url)
    closing.set_input_files("input[data-files] >> nth=0", film)
    closing.click("form[data-give] > button")
    until(closing, IS_COPYING)
    seen(closing, "owner-desktop-copying")
    closing.click("form[data-give] [data-cancel]")
    until(
        closing, "document.querySelector('form[data-give] [data-said]').textContent.startsWith('Cancelled')"
    )
    assert not closing.is_visible("form[data-give] [data-cancel]")
    seen(closing, "owner-desktop-cancelled")
    assert wait_until(is_listed, 20, pause_s=0.2)
    closing.click("form[data-give] > button")  # the same goes on
    until(closing, IS_COPYING)
    closing.close()
    blobs = owner.person.profile / "blobs"
    assert sum(blob.stat().st_size for blob in blobs.iterdir()) > 0

    assert wait_until(is_listed, 20, pause_s=0.2)
    assert "film <b>.mkv" in page.inner_text("#unsent")
    assert "of 2.1\N{NO-BREAK SPACE}GB" in page.inner_text("#unsent")
    seen(page, "owner-desktop-unsent")
    phone = owner.page(browser, screen=PHONE, locale="ar")
    go(phone, "/waiting")
    seen(phone, "owner-phone-unsent")
    page.click("#unsent button")
    page.wait_for_selector("#unsent:not(:has(li))", state="attached")
    assert not list(blobs.iterdir())
    goes_on_from_what_is_there(page, tmp_path)
    brings_once_what_is_chosen_twice(page, tmp_path)
    brings_many_at_once(phone, tmp_path)


def goes_on_from_what_is_there(page: "Page", tmp_path: Path) -> None:
    """After what was told turned out to be old."""
    go(page, "/give")
    (tmp_path / "map").write_bytes(bytes(600_000))
    page.set_input_files("input[data-files] >> nth=0", tmp_path / "map")
    page.evaluate(STALE)
    with page.expect_navigation():
        page.click("form[data-give] > button")
    page.wait_for_selector(".code")


def brings_once_what_is_chosen_twice(page: "Page", tmp_path: Path) -> None:
    """Small or large: the same file is one, and no mistake."""
    go(page, "/give")
    for name, size in (("small", 5), ("large", 600_000)):
        (tmp_path / name).write_bytes(bytes(size))
        for _ in range(2):
            page.set_input_files("input[data-files] >> nth=0", tmp_path / name)
    assert page.locator("[data-chosen] li").count() == 4
    with page.expect_navigation():
        page.click("form[data-give] > button")
    page.wait_for_selector(".code")


def brings_many_at_once(phone: "Page", tmp_path: Path) -> None:
    """As one row, and in seconds: a request and a sync for each would take minutes."""
    go(phone, "/give")
    many = tmp_path / "many <i>"
    many.mkdir()
    for number in range(1_500):
        (many / f"{number}").write_bytes(bytes(1_024))
    phone.set_input_files("input[webkitdirectory]", many)
    assert phone.locator("[data-chosen] li").count() == 1
    seen(phone, "owner-phone-chosen")
    begun_s = time.monotonic()
    with phone.expect_navigation():
        phone.click("form[data-give] > button")
    assert time.monotonic() - begun_s < 10
