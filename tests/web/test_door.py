"""The page before the profile is open: the first start, and the passphrase (T1; page 3)."""

import html
import re
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import pytest

from satchel.cli.owner_page import FILE, OwnerPage
from satchel.cli.show import JsonShow, PersonShow
from satchel.core.identity.keyfile import Bare, Sealed, decode
from satchel.store.profile import ProfileFolder
from web.browsing import Answer, Browser

OWN = "correct horse battery"


def opened(home: Path, visit: Callable[[Browser], None]) -> type:
    """What somebody does at the page, until the profile is open: how its key is kept."""
    failed: list[BaseException] = []

    def visiting(page: OwnerPage) -> None:
        try:
            visit(Browser(page))
        except BaseException as problem:  # noqa: BLE001 - raised again below
            failed.append(problem)
            page.close()

    with closing(ProfileFolder.take(home)) as folder, closing(OwnerPage.begin(home)) as page:
        assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
        visitor = threading.Thread(target=visiting, args=(page,), daemon=True)
        visitor.start()
        with closing(page.open(folder, JsonShow())) as profile:
            visitor.join()
            assert not failed, failed
            assert profile.contacts.all() == []
        kept = decode((home / "key").read_bytes())
    assert not (home / FILE).exists()
    return type(kept)


def goes_on(answer: Answer) -> None:
    """By a connection of its own, that waits until the pages behind the door are there."""
    assert (answer.status, answer.headers["connection"]) == (HTTPStatus.SEE_OTHER, "close")


@pytest.mark.slow
def test_the_first_start_with_the_words_that_are_offered(tmp_path: Path) -> None:
    home = tmp_path / "profile"
    words: list[str] = []

    def begin(browser: Browser) -> None:
        page = browser.get("/")
        words.extend(re.findall(r'class="offered"[^>]*>([^<]*)<', page.body))
        goes_on(browser.hand_in("/begin", {"which": "offered"}))

    assert opened(home, begin) is Sealed
    [offered] = words
    assert len(offered.split()) == 5

    def come_back(browser: Browser) -> None:
        assert "Satchel is locked" in browser.get("/").text
        wrong = browser.post("/unlock", {"passphrase": "something else"})
        assert wrong.status == 403
        goes_on(browser.hand_in("/unlock", {"passphrase": html.unescape(offered)}))

    assert opened(home, come_back) is Sealed


def test_the_terminal_says_where_the_page_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A browser may be missing, or not be allowed to read hidden folders."""
    home = tmp_path / "profile"
    with closing(ProfileFolder.take(home)) as folder, closing(OwnerPage.begin(home)) as page:

        def visit() -> None:
            Browser(page).hand_in("/begin", {"which": "none"})

        visitor = threading.Thread(target=visit, daemon=True)
        visitor.start()
        page.open(folder, PersonShow()).close()
        visitor.join()
        said = capfd.readouterr().err
        assert page.url in said
        assert "--no-browser" in said


@pytest.mark.slow
def test_the_first_start_with_an_own_passphrase(tmp_path: Path) -> None:
    def begin(browser: Browser) -> None:
        for passphrase, again in (("short", "short"), (OWN, OWN + "!"), ("", "")):
            refused = browser.post("/begin", {"which": "own", "passphrase": passphrase, "again": again})
            assert refused.status == 403
            assert "notice bad" in refused.body
            assert OWN not in refused.body  # it stands on no page
        assert browser.post("/begin", {"which": "what?"}).status == 400
        browser.hand_in("/begin", {"which": "own", "passphrase": OWN, "again": OWN})

    assert opened(tmp_path / "profile", begin) is Sealed
    assert opened(tmp_path / "profile", lambda browser: unlock(browser, OWN)) is Sealed


def unlock(browser: Browser, passphrase: str) -> None:
    goes_on(browser.hand_in("/unlock", {"passphrase": passphrase}))


def test_without_a_passphrase_it_is_said_and_nothing_is_asked_again(tmp_path: Path) -> None:
    home = tmp_path / "profile"

    def begin(browser: Browser) -> None:
        assert "None: whoever takes this computer can read everything" in browser.get("/").text
        browser.hand_in("/begin", {"which": "none"})

    assert opened(home, begin) is Bare
    with closing(ProfileFolder.take(home)) as folder, closing(OwnerPage.begin(home)) as page:
        page.open(folder, JsonShow()).close()


def test_a_language_is_chosen_before_anything_else(tmp_path: Path) -> None:
    def begin(browser: Browser) -> None:
        assert '<html lang="en"' in browser.get("/").body
        assert '<html lang="ar" dir="rtl">' in browser.post("/language", {"language": "ar"}).body
        browser.hand_in("/begin", {"which": "none"})

    assert opened(tmp_path / "profile", begin) is Bare


def test_a_second_window_at_the_first_start_is_told_that_its_choice_was_not_used(tmp_path: Path) -> None:
    """[3.4, T1] Else somebody writes down a passphrase that protects nothing."""

    def begin(browser: Browser) -> None:
        browser.post("/begin", {"which": "none"})
        told = browser.post("/begin", {"which": "own", "passphrase": OWN, "again": OWN})
        assert "was not used" in told.text
        assert "no passphrase was chosen" in told.text
        assert "One moment" in browser.post("/begin", {"which": "none"}).text  # who clicks twice

    assert opened(tmp_path / "profile", begin) is Bare


@pytest.mark.slow
def test_a_second_window_is_told_that_there_is_a_passphrase(tmp_path: Path) -> None:
    """[3.4]"""

    def begin(browser: Browser) -> None:
        browser.post("/begin", {"which": "own", "passphrase": OWN, "again": OWN})
        told = browser.post("/begin", {"which": "none"})
        assert "opens with the passphrase that was chosen in the other window" in told.text
        assert OWN not in told.body

    assert opened(tmp_path / "profile", begin) is Sealed


@pytest.mark.parametrize("path", ["/people", "/give", "/live"])
def test_there_is_nothing_else_yet(tmp_path: Path, path: str) -> None:
    def begin(browser: Browser) -> None:
        assert browser.get(path).status == 404
        assert browser.post("/lock").status == 404
        browser.hand_in("/begin", {"which": "none"})

    assert opened(tmp_path / "profile", begin) is Bare
