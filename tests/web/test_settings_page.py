"""The page of what stays set (W1, G, T1; page 5)."""

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.node_kit import LIMIT_S, Served, serving
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.settings import Accept, Setting, Settings
from web.browsing import Browser

HOSTILE = ["<img src=x onerror=alert(1)>", "a\u202egnp", "--home", "{{ 7 * 7 }}", "caf\udce9"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile") as running:
        yield running


@pytest.fixture
def browser(served: Served) -> Browser:
    assert served.page is not None
    return Browser(served.page)


def now(served: Served) -> Settings:
    return served.profile.settings.now


def test_the_language_is_kept_and_can_be_that_of_the_browser_again(browser: Browser, served: Served) -> None:
    browser.headers["accept-language"] = "ar"
    assert '<html lang="ar" dir="rtl">' in browser.get("/").body
    assert '<html lang="fr" dir="ltr">' in browser.post("/settings/language", {"value": "fr"}).body
    assert 'value="fr" lang="fr" selected' in browser.get("/settings").body
    assert browser.post("/settings/language", {"value": "../../etc"}).status == 400
    assert '<html lang="fr" dir="ltr">' in browser.get("/").body
    assert '<html lang="ar" dir="rtl">' in browser.post("/settings/language", {"value": ""}).body
    assert now(served) == Settings()


def test_quiet_counts_at_once(browser: Browser, served: Served) -> None:
    node = served.node
    assert node is not None
    assert 'value="off" checked' in browser.get("/settings").body
    assert 'value="on" checked' in browser.post("/settings/quiet", {"value": "on"}).body
    assert (node.presence.mode, now(served).quiet) == (Mode.QUIET, True)
    assert "This device is quiet" in browser.get("/care").text
    browser.post("/settings/quiet", {"value": "off"})
    assert (node.presence.mode, now(served).quiet) == (Mode.OPEN, False)


def test_m3_room_for_letters_of_others_is_chosen(browser: Browser, served: Served) -> None:
    """Also what was set elsewhere stands there."""
    assert 'value="500000000" selected' in browser.get("/settings").body
    assert 'value="100000000" selected' in browser.post("/settings/carry", {"value": "100000000"}).body
    assert now(served).carry_bytes == 100_000_000
    for wrong in ("", "1", "../..", "-5"):
        refused = browser.post("/settings/carry", {"value": wrong})
        assert refused.status == (400 if wrong else 200)
    assert now(served) == Settings()  # the empty one, as for each setting: as it is at first
    served.profile.settings.put(Setting.CARRY, b"77000000")
    assert 'value="77000000" selected' in browser.get("/settings").body
    assert "77 MB" in browser.get("/settings").text


def test_what_is_taken_counts_at_once(browser: Browser, served: Served) -> None:
    node = served.node
    assert node is not None
    assert 'value="verified" checked' in browser.post("/settings/accept", {"value": "verified"}).body
    assert (node.accept, now(served).accept) == (Accept.VERIFIED, Accept.VERIFIED)


def test_what_counts_now_is_marked_and_not_what_is_kept(browser: Browser, served: Served) -> None:
    """Who started it with --quiet is not to read that it announces itself."""
    node = served.node
    assert node is not None
    node.presence.mode = Mode.QUIET
    page = browser.get("/settings")
    assert 'value="on" checked' in page.body
    assert "started in another way than is kept here" in page.text
    browser.post("/settings/quiet", {"value": "off"})
    assert node.presence.mode is Mode.OPEN


@pytest.mark.parametrize("name", HOSTILE)
def test_a_folder_of_any_name(browser: Browser, served: Served, tmp_path: Path, name: str) -> None:
    """G: it is text. What arrives by code goes there at once, what contacts give when it starts again."""
    folder = tmp_path / name
    sent = {"which": "own", "value": str(folder)}
    if "\udce9" in name:  # no form can say it: another command has set it
        served.profile.settings.put(Setting.INTO, os.fsencode(folder))
        page = browser.get("/settings")
    else:
        page = browser.post("/settings/into", sent)
        assert folder.is_dir()
    assert now(served).into == os.fsencode(folder)
    assert page.status == 200
    assert "<img src=x" not in page.body
    assert "\u202e" not in page.body
    assert f"Until Satchel is started again, what contacts send goes to {served.into}" in page.text
    take = browser.get("/take").text
    assert "Files go to" in take
    assert str(served.into) not in take


def field(body: str) -> str:
    """What stands in the field of another folder."""
    return html.unescape(re.findall('<input name="value" value="([^"]*)"', body)[0])


def test_the_field_shows_the_folder_that_is_set(browser: Browser, served: Served, tmp_path: Path) -> None:
    """And to leave it as it is says nothing, whatever else is chosen."""
    assert field(browser.get("/settings").body) == ""
    folder = str(tmp_path / 'a "folder"')
    page = browser.post("/settings/into", {"which": "own", "value": folder})
    assert (field(page.body), 'value="own" checked' in page.body) == (folder, True)
    usual = {"which": "usual", "before": folder}
    unclear = browser.post("/settings/into", {**usual, "value": "/else"})
    assert (unclear.status, field(unclear.body)) == (400, "/else")
    assert now(served).into == os.fsencode(folder)
    assert browser.post("/settings/into", {**usual, "value": folder}).status == 200
    assert now(served).into is None


@pytest.mark.parametrize("name", ["caf\udce9", "a\u202egnp", "x ", "two\nlines"])
def test_the_field_never_shows_another_folder(browser: Browser, served: Served, name: str) -> None:
    """G: what a field cannot say, or would say otherwise, does not stand in it."""
    served.profile.settings.put(Setting.INTO, os.fsencode(f"/{name}"))
    page = browser.get("/settings")
    assert (page.status, field(page.body), 'value="own" checked' in page.body) == (200, "", True)


def test_what_was_typed_wrong_can_be_mended(browser: Browser) -> None:
    refused = browser.post("/settings/into", {"which": "own", "value": "Received"})
    assert (refused.status, field(refused.body)) == (400, "Received")
    assert 'value="own" checked' in refused.body


def test_a_code_is_taken_into_the_folder_of_now(browser: Browser, served: Served, tmp_path: Path) -> None:
    browser.post("/settings/into", {"which": "own", "value": str(tmp_path / "else")})
    begun = browser.post("/take", {"code": "no such code"})
    assert begun.status == 200
    assert browser.post("/settings/into", {"which": "usual"}).status == 200
    assert now(served).into is None


@pytest.mark.parametrize("typed", ["", "Received", "../x", "~/x"])
def test_a_folder_is_a_whole_path(browser: Browser, served: Served, typed: str) -> None:
    refused = browser.post("/settings/into", {"which": "own", "value": typed})
    assert (refused.status, "This is no whole path." in refused.text) == (400, True)
    assert now(served) == Settings()


def test_the_folder_of_the_profile_is_refused_on_the_page(browser: Browser, served: Served) -> None:
    refused = browser.post("/settings/into", {"which": "own", "value": f"{served.home}/blobs"})
    assert "That is the folder of the profile" in refused.text
    assert refused.status == 400
    assert now(served) == Settings()


def test_nothing_else_is_set_from_a_page(browser: Browser, served: Served) -> None:
    assert browser.post("/settings/colour", {"value": "blue"}).status == 400
    assert browser.post("/settings/quiet", {"value": "on"}, origin="http://evil.example").status == 403
    assert now(served) == Settings()
    assert not served.locked.wait(min(0.3, LIMIT_S))
