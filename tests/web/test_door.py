"""The page before the profile is open: the first start, and the passphrase (T1; page 3)."""

import asyncio
import html
import re
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import pytest
from starlette.requests import Request

from cli.node_kit import LIMIT_S
from satchel.cli import owner_page
from satchel.cli.owner_page import OwnerPage
from satchel.cli.show import JsonShow, PersonShow
from satchel.core.identity.comparison import Language
from satchel.core.identity.keyfile import Bare, Sealed, decode
from satchel.core.identity.settings import Settings
from satchel.errors import EnvironmentProblem
from satchel.store.profile import PAGE, ProfileFolder
from satchel.store.settings import SqliteSettings
from satchel.web.owner import door
from satchel.web.owner.asking import Form, form_of
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
        assert stat.S_IMODE((home / PAGE).stat().st_mode) == 0o600
        visitor = threading.Thread(target=visiting, args=(page,), daemon=True)
        visitor.start()
        with closing(page.open(folder, JsonShow())) as profile:
            visitor.join()
            assert not failed, failed
            assert profile.contacts.all() == []
        kept = decode((home / "key").read_bytes())
    assert not (home / PAGE).exists()
    return type(kept)


def goes_on(answer: Answer) -> None:
    """By a connection of its own, that waits until the pages behind the door are there."""
    assert (answer.status, answer.headers["connection"]) == (HTTPStatus.SEE_OTHER, "close")


def test_the_language_of_the_first_start_stays(tmp_path: Path) -> None:
    """[5.1] Chosen before there is a profile to keep it in."""
    home = tmp_path / "profile"

    def visit(browser: Browser) -> None:
        assert browser.post("/language", {"language": "de"}).status == 400
        assert '<html lang="fa" dir="rtl">' in browser.post("/language", {"language": "fa"}).body
        goes_on(browser.hand_in("/begin", {"which": "none"}))

    assert opened(home, visit) is Bare
    file = decode((home / "key").read_bytes())
    assert isinstance(file, Bare)
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(file.key)) as database:
        assert SqliteSettings(database).now == Settings(language=Language.PERSIAN)


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


def test_the_terminal_says_where_the_page_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser may be missing, or not be allowed to read hidden folders."""
    home = tmp_path / ".profile"
    monkeypatch.setattr(owner_page, "SNAPS", tmp_path)
    (tmp_path / "firefox").mkdir()
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
        assert "--home ~/Satchel" in said


@pytest.mark.parametrize(
    ("folder", "snaps", "is_said"),
    [(".share/satchel", ["firefox"], True), ("Satchel", ["chromium"], False), (".share/satchel", [], False)],
)
def test_a_browser_in_a_snap_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, snaps: list[str], is_said: bool
) -> None:
    """Its person sees only that access was denied."""
    monkeypatch.setattr(owner_page, "SNAPS", tmp_path / "snap")
    for name in snaps:
        (tmp_path / "snap" / name).mkdir(parents=True)
    assert owner_page.may_be_unreadable(tmp_path / folder) is is_said


@pytest.mark.slow
def test_the_first_start_with_an_own_passphrase(tmp_path: Path) -> None:
    def begin(browser: Browser) -> None:
        for passphrase, again in (("short", "short"), (OWN, OWN + "!"), ("", "")):
            refused = browser.post("/begin", {"which": "own", "passphrase": passphrase, "again": again})
            assert refused.status == 403
            assert "notice bad" in refused.body
            assert OWN not in refused.body  # it stands on no page
        assert browser.post("/begin", {"which": "what?"}).status == 400
        for which in ("offered", "none"):  # else it would be thrown away, and nobody could open this again
            beside = browser.post("/begin", {"which": which, "passphrase": OWN, "again": OWN})
            assert beside.status == 403
            assert 'value="own" checked' in beside.body
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


@pytest.fixture
def in_turn(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Answer]]:
    """Several windows hand in before the first of them is looked at; what each is told, in their order."""

    def hand_in(browser: Browser, *forms: dict[str, str]) -> list[Answer]:
        arrived: list[Form] = []

        async def form_of_all(request: Request) -> Form:
            form, place = await form_of(request), len(arrived)
            arrived.append(form)
            while len(arrived) < len(forms):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05 * place)
            return form

        monkeypatch.setattr(door, "form_of", form_of_all)
        with ThreadPoolExecutor(len(forms)) as pool:
            answers = []
            for number, form in enumerate(forms):
                while len(arrived) < number:
                    time.sleep(0.01)
                answers.append(pool.submit(browser.hand_in, "/begin", form))
            return [answer.result() for answer in answers]

    return hand_in


def test_a_second_window_at_the_first_start_is_told_that_its_choice_was_not_used(
    tmp_path: Path, in_turn: Callable[..., list[Answer]]
) -> None:
    """[3.4, T1] Else somebody writes down a passphrase that protects nothing."""

    def begin(browser: Browser) -> None:
        own = {"which": "own", "passphrase": OWN, "again": OWN}
        first, second, twice = in_turn(browser, {"which": "none"}, own, {"which": "none"})
        goes_on(first)
        assert "was not used" in second.text
        assert "no passphrase was chosen" in second.text
        goes_on(twice)  # who clicks twice

    assert opened(tmp_path / "profile", begin) is Bare


@pytest.mark.slow
def test_a_second_window_is_told_that_there_is_a_passphrase(
    tmp_path: Path, in_turn: Callable[..., list[Answer]]
) -> None:
    """[3.4]"""

    def begin(browser: Browser) -> None:
        own = {"which": "own", "passphrase": OWN, "again": OWN}
        _, second = in_turn(browser, own, {"which": "none"})
        assert "opens with the passphrase that was chosen in the other window" in second.text
        assert OWN not in second.body

    assert opened(tmp_path / "profile", begin) is Sealed


def test_a_browser_that_waits_is_told_why_satchel_could_not_start(tmp_path: Path) -> None:
    """[3.7] Who starts it from a menu sees no terminal."""
    home = tmp_path / "profile"
    told: list[Answer] = []
    damaged = EnvironmentProblem("It is damaged.", safe="Nothing was changed.", do="Restore a backup.")

    def begin(page: OwnerPage) -> None:
        told.append(Browser(page, language="ar").post("/begin", {"which": "none"}))

    def start(folder: ProfileFolder, page: OwnerPage) -> None:
        with page.telling_why(JsonShow()):
            page.open(folder, JsonShow()).close()
            raise damaged

    with closing(ProfileFolder.take(home)) as folder, closing(OwnerPage.begin(home)) as page:
        visitor = threading.Thread(target=begin, args=(page,), daemon=True)
        visitor.start()
        with pytest.raises(EnvironmentProblem):
            start(folder, page)
        visitor.join(LIMIT_S)
    [answer] = told
    assert answer.status == 503
    assert '<html lang="ar" dir="rtl">' in answer.body
    assert damaged.what in answer.text


@pytest.mark.parametrize("path", ["/people", "/give"])
def test_there_is_nothing_else_yet(tmp_path: Path, path: str) -> None:
    def begin(browser: Browser) -> None:
        assert browser.get(path).status == 404
        assert browser.post("/lock").status == 404
        browser.hand_in("/begin", {"which": "none"})

    assert opened(tmp_path / "profile", begin) is Bare
