"""The main flows in Firefox: come in by the file, pair, bring a file, give it to a contact or with a code."""

import os
import time
from pathlib import Path

import pytest

from browser import PHONE
from browser.owner import Owner
from browser.pytest_plugin import FirefoxOn
from browser.test_owner_hostile import end_and_take_the_port
from end_to_end.programs import Person
from lab import Lab
from lab.namespace import wait_until

pytestmark = pytest.mark.lab
ENDED = "!document.getElementById('ended').hidden"


def test_a_file_is_given_with_a_code(lab: Lab, firefox_on: FirefoxOn, tmp_path: Path) -> None:
    owner, taker = Owner.up(Person(lab.host("amina"))), Person(lab.host("bilal"))
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(os.urandom(9_000_000))
    firefox = owner.in_firefox(firefox_on, screen=PHONE, locale="fr")
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


def test_two_people_pair_and_give_a_file(lab: Lab, firefox_on: FirefoxOn, tmp_path: Path) -> None:
    owners = [Owner.up(Person(lab.host(name))) for name in ("amina", "bilal")]
    here, there = (owner.in_firefox(firefox_on) for owner in owners)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(os.urandom(3_000_000))
    here.click("a[href$='/pair']")
    here.click("form[action$='/pair/show'] button")
    code = here.text(".code")
    there.click("a[href$='/pair']")
    there.type("input[name=code]", code)
    there.click("form[action$='/pair/take'] button")
    for firefox, name in ((here, "Bilal"), (there, "Amina")):
        firefox.type("input[name=answer]", name)
        firefox.click("form[id^=question] button")
        assert name in firefox.text(".notice.good")
        firefox.click("#errand .choices a")
    here.click(".card a")
    here.upload("input[data-files]", photo)
    here.click("form[data-give] > button:enabled")
    there.click("form[action$='/look'] button")
    there.click("button[value=some]")
    assert there.text(".notice.good")
    there.look("owner-firefox-arrived")
    assert (owners[1].person.into / photo.name).read_bytes() == photo.read_bytes()


def test_eight_windows_hand_nothing_to_who_has_the_port_next(
    lab: Lab, firefox_on: FirefoxOn, tmp_path: Path
) -> None:
    """[page 2.8] As in test_owner_windows.py; those behind are hidden."""
    owner = Owner.up(Person(lab.host("amina")))
    firefox = owner.in_firefox(firefox_on)
    base = firefox.evaluate("document.body.dataset.base")
    for path in ("/", "/people", "/give", "/take", "/pair", "/waiting", "/care"):
        firefox.open_beside(f"{base}{path}")  # the seventh would wait for ever, if each held a connection
    assert firefox.evaluate_everywhere("document.hidden") == [False] + [True] * 7
    assert not any(firefox.evaluate_everywhere(ENDED))
    kept = tmp_path / "asked"
    end_and_take_the_port(owner, kept)
    wait_until(lambda: all(firefox.evaluate_everywhere(ENDED)), 20, pause_s=0.1)
    time.sleep(5)  # by itself a browser would ask again after some seconds
    assert not kept.exists()
    firefox.take()
