"""Firefox on a host, by WebDriver BiDi: enough for the main flow, and watched."""

import hashlib
from pathlib import Path

import pytest

from browser import PHONE
from browser.pytest_plugin import FirefoxOn
from browser.sites import ORIGIN, asked_for, start_site
from browser.watching import Kind
from lab import Lab, LabError
from lab.pytest_plugin import need_lab
from lab.watched import WatchedLab

pytestmark = pytest.mark.lab

PLANTED = {
    "": set(),
    "style": {Kind.POLICY},
    "inline": {Kind.POLICY},
    "fetch": {Kind.POLICY},
    "eval": {Kind.POLICY},
    "loose/fetch": {Kind.FOREIGN, Kind.EXCEPTION},
    "loose/image": {Kind.FOREIGN},
    "console": {Kind.CONSOLE},
    "exception": {Kind.EXCEPTION},
}


def test_a_page_is_used_and_looked_at(lab: Lab, firefox_on: FirefoxOn, tmp_path: Path) -> None:
    host = lab.host("a")
    start_site(host)
    firefox = firefox_on(host, ORIGIN, screen=PHONE, locale="fa", dark=True)
    firefox.open("/language")
    assert firefox.text("#language").startswith("fa")
    assert firefox.evaluate("[innerWidth, innerHeight]") == [PHONE.width, PHONE.height]
    assert firefox.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is True
    file = tmp_path / "lesson.txt"
    file.write_bytes(b"one lesson")
    firefox.type("#name", "Amina")
    firefox.upload("#file", file)
    firefox.click("button")
    assert firefox.text("output:not(:empty)") == f"Amina: {hashlib.sha256(b'one lesson').hexdigest()}"
    firefox.press("Tab")
    assert firefox.look("laboratory-firefox-fa").stat().st_size > 1000
    with pytest.raises(LabError, match=r"evaluate .*nothing is not defined"):
        firefox.evaluate("nothing")


def test_every_planted_fault_is_found(lab: Lab, firefox_on: FirefoxOn) -> None:
    host = lab.host("a")
    start_site(host)
    firefox = firefox_on(host, ORIGIN)
    found = {}
    for name in PLANTED:
        firefox.open(f"/{name}")
        found[name] = {fault.kind for fault in firefox.take()}
    assert found == PLANTED
    firefox.open("/console")
    with pytest.raises(AssertionError, match="a planted complaint"):
        firefox.conclude()


def test_a_hint_that_is_followed_is_on_the_cable(firefox_on: FirefoxOn) -> None:
    need_lab()
    with WatchedLab() as lab:
        host = lab.host("a")
        start_site(host)
        firefox = firefox_on(host, ORIGIN)
        firefox.open("/ahead")
        assert asked_for(lab, b"\x07planted\x07example")
        firefox.conclude()
