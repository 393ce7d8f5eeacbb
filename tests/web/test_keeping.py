"""The passphrase and the backup, on the page (T1; page 4.11, 4.12)."""

import html
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.node_kit import Served, serving
from satchel.core.identity.keyfile import Bare, Sealed, decode, unseal
from satchel.errors import EnvironmentProblem
from satchel.store.profile import ProfileFolder
from web.browsing import Answer, Browser

PHRASE = "  correct  horse "  # as it is, spaces too


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal") as running:
        yield running


@pytest.fixture
def browser(served: Served) -> Browser:
    assert served.page is not None
    return Browser(served.page)


def kept(served: Served) -> Bare | Sealed:
    return decode((served.home / "key").read_bytes())


def offered(page: Answer) -> str:
    found = re.search(r'<strong class="offered"[^>]*>([^<]+)</strong>', page.body)
    assert found
    return html.unescape(found[1])


def own(passphrase: str, again: str | None = None, **more: str) -> dict[str, str]:
    again = passphrase if again is None else again
    return {"which": "own", "passphrase": passphrase, "again": again, **more}


@pytest.mark.slow
def test_a_first_passphrase_and_another_one(browser: Browser, served: Served) -> None:
    care = browser.get("/care")
    assert "They can read everything: there is no passphrase." in care.text
    page = browser.get("/care/passphrase")
    assert "Set a passphrase" in page.text
    assert 'name="old"' not in page.body
    done = browser.post("/care/passphrase", own(PHRASE))
    assert "From now on it opens Satchel" in done.text
    first = kept(served)
    assert isinstance(first, Sealed)
    unseal(first, PHRASE)
    assert "From now on it opens" not in browser.get("/care/passphrase").text  # said once, when it is true
    assert "without your passphrase" in browser.get("/care").text

    page = browser.get("/care/passphrase")
    words = offered(page)
    sent = {"which": "offered", "offered": words}
    wrong = browser.post("/care/passphrase", {**sent, "old": "not this one"})
    assert (wrong.status, "From now on" in wrong.text, kept(served)) == (403, False, first)
    assert "From now on it opens Satchel" in browser.post("/care/passphrase", {**sent, "old": PHRASE}).text
    second = kept(served)
    assert isinstance(second, Sealed)
    unseal(second, words)
    assert offered(browser.get("/care/passphrase")) != words
    assert "bilal" in browser.get("/people").text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (own("correct horse", "correct house"), "These were not the same."),
        (own(""), "No new passphrase was typed."),
        (own("1234567"), "fewer than 8 characters"),
        (own("x" * 5_000), "4096 bytes at most"),
        (own("correct\nhorse"), "one line at a time"),
        ({"which": "offered", "offered": "other words"}, "taken in another window"),
        ({"which": "none"}, "No new passphrase was typed."),
        ({}, "No new passphrase was typed."),
    ],
)
def test_what_is_no_passphrase_changes_nothing(
    browser: Browser, served: Served, sent: dict[str, str], told: str
) -> None:
    before = kept(served)
    for path in ("/care/passphrase", "/care/backup"):
        refused = browser.post(path, sent)
        assert refused.status == 403
        assert told in refused.text
    assert kept(served) == before
    assert os.listdir(served.into) == []


def test_nothing_is_said_to_be_changed_that_is_not(
    browser: Browser, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EnvironmentProblem("The disk is read-only.")

    monkeypatch.setattr(ProfileFolder, "replace_key", fail)
    monkeypatch.setattr(ProfileFolder, "back_up", fail)
    for path in ("/care/passphrase", "/care/backup"):
        told = browser.post(path, own(PHRASE))
        assert "The disk is read-only." in told.text
        assert "notice good" not in told.body
    assert "notice good" not in browser.get("/care/backup").body


def test_no_other_page_changes_it(browser: Browser, served: Served) -> None:
    before = kept(served)
    for origin in ("http://evil.example", "null"):
        assert browser.post("/care/passphrase", own(PHRASE), origin=origin).status == 403
        assert browser.post("/care/backup", own(PHRASE), origin=origin).status == 403
    assert kept(served) == before


@pytest.mark.slow
def test_a_backup_lies_where_the_page_says(browser: Browser, served: Served) -> None:
    told = browser.post("/care/backup", own(PHRASE))
    assert f"It is one file: {served.into}/satchel-backup" in told.text
    assert stat.S_IMODE((served.into / "satchel-backup").stat().st_mode) == 0o600
    assert "It is one file" not in browser.get("/care/backup").text
    browser.post("/care/passphrase", own(PHRASE))
    page = browser.get("/care/backup")
    assert 'type="password"' not in page.body  # the one that there is
    assert f"{served.into}/satchel-backup (2)" in browser.post("/care/backup").text
    assert sorted(os.listdir(served.into)) == ["satchel-backup", "satchel-backup (2)"]
