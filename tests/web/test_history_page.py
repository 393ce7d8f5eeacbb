"""The page of the history: only when it is on, as text, gone after a second question (T1, T2, G)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.node_kit import Served, serving
from satchel.core.identity.settings import Setting
from satchel.ports.history import Past
from satchel.web.owner.history_page import PAGE_PASTS
from satchel.web.owner.speech import language
from store.history_samples import past
from web.browsing import Browser

HOSTILE = "<img src=x onerror=alert(1)>"
WHEN_S = 1_790_000_000


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", HOSTILE) as running:
        yield running


@pytest.fixture
def browser(served: Served) -> Browser:
    assert served.page is not None
    return Browser(served.page)


def keep(served: Served, *pasts: Past) -> None:
    for one in pasts:
        served.profile.history.add(one)


def test_t1_there_is_none_until_the_person_wants_one(browser: Browser, served: Served) -> None:
    keep(served, past(contact=None))
    assert served.profile.history.all() == []
    assert "/history" not in browser.get("/people").body
    assert "No history is kept" in browser.get("/history").text
    page = browser.post("/settings/history", {"value": "on"})
    assert "what was kept is erased at once" in page.text  # said before, and beside the switch
    assert "/history" in page.body
    assert "/history" in browser.get("/people").body
    assert "Nothing has been handed over" in browser.get("/history").text
    assert served.profile.settings.now.history


def test_what_others_wrote_is_text_and_stands_in_no_address(browser: Browser, served: Served) -> None:
    served.profile.settings.put(Setting.HISTORY, b"on")
    [contact] = served.profile.contacts.all()
    names = (b"<b>file", "a\u202egnp".encode(), b"caf\xe9", b"--home")
    keep(served, past(*names, contact=contact.id), past(contact=None, when_s=None))
    page = browser.get("/history")
    assert "<img src=x" not in page.body
    assert "<b>" not in page.body
    for shown in (
        HOSTILE,
        "<b>file",
        r"a\u{202e}gnp",
        r"caf\xe9",
        "--home",
        "Sent with a code",
        "a text",
    ):
        assert shown in page.text
    assert not [link for link in page.links('[^"]*') if "img" in link or "file" in link]


def test_t2_it_is_erased_by_its_button_and_by_its_switch(browser: Browser, served: Served) -> None:
    served.profile.settings.put(Setting.HISTORY, b"on")
    keep(served, past(contact=None))
    assert browser.post("/history/clear", origin="http://evil.example").status == 403
    assert browser.get("/history/clear").status == 405
    assert len(served.profile.history.all()) == 1
    assert "Nothing has been handed over" in browser.post("/history/clear").text
    assert served.profile.history.all() == []
    keep(served, past(contact=None))
    browser.post("/settings/history", {"value": "off"})
    assert served.profile.history.all() == []
    assert "No history is kept" in browser.get("/history").text


def test_a_long_one_is_shown_in_parts(browser: Browser, served: Served) -> None:
    served.profile.settings.put(Setting.HISTORY, b"on")
    keep(served, *(past(b"file %03d." % number, contact=None) for number in range(PAGE_PASTS + 1)))
    first = browser.get("/history")
    assert first.text.count("Sent with a code") == PAGE_PASTS
    assert f"file {PAGE_PASTS:03}." in first.text
    [older] = first.links(r"/history/\d+")
    assert "file 000." in browser.get(older).text
    assert browser.get(older).links(r"/history/\d+") == []
    assert browser.get("/history/99999999999").status == 200
    assert browser.get("/history/x").status == 404


def test_days_and_hours_are_those_of_the_language() -> None:
    """[5.2]"""
    shown = {code: str(language(code).moment(WHEN_S)) for code in ("en", "fr", "es", "ar", "fa", "zh")}
    assert "2026" in shown["en"]
    assert "sept. 2026" in shown["fr"]
    assert "2026" in shown["ar"]
    assert "۲۰۲۶" in shown["fa"]
    assert "2026年9月" in shown["zh"]
    assert all(text.startswith("<bdi>") and text.endswith("</bdi>") for text in shown.values())
