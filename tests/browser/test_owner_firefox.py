"""The main flow in Firefox: come in by the file, bring a file, give it with a code."""

import contextlib
import os
from pathlib import Path

import pytest

from browser import PHONE
from browser.firefox import Firefox
from browser.owner import Owner
from browser.pytest_plugin import FirefoxOn
from end_to_end.programs import Person
from lab import Lab, LabError
from lab.namespace import wait_until

pytestmark = pytest.mark.lab


def is_in(firefox: Firefox) -> bool:
    """Whether the way in, by three pages, is over; on it there is no page to ask for a moment."""
    with contextlib.suppress(LabError):
        return bool(firefox.evaluate("!!document.querySelector('nav')"))
    return False


def test_a_file_is_given_with_a_code(lab: Lab, firefox_on: FirefoxOn, tmp_path: Path) -> None:
    owner, taker = Owner.up(Person(lab.host("amina"))), Person(lab.host("bilal"))
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(os.urandom(9_000_000))
    url = owner.file.absolute().as_uri()
    firefox = firefox_on(owner.person.host, owner.origin, besides=[url], screen=PHONE, locale="fr")
    firefox.open(url)
    wait_until(lambda: is_in(firefox), 20, pause_s=0.1)
    assert firefox.evaluate("document.documentElement.lang") == "fr"
    firefox.click("a[href$='/give']")
    firefox.upload("input[data-files]", photo)
    firefox.click("form[data-give] > button")
    code = firefox.text(".code")
    firefox.look("owner-firefox-code")
    receiving = taker.receive(code)
    assert receiving.wait(60) == 0, receiving.complaints
    assert (taker.into / "photo.jpg").read_bytes() == photo.read_bytes()
    assert firefox.text(".notice.good")
    firefox.look("owner-firefox-done")
