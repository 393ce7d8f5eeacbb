"""Two people write to each other on their pages: letters come by themselves, and go for good (C1, T2, M4)."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.owner import HERE_MS, SCREENS, Owner, go, press, seen
from browser.pytest_plugin import BrowserOn
from browser.test_owner_flows import Form, Pages, opened
from browser.waiting import until
from end_to_end.acquainted import couple
from lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
TEXT = "The well is dry: https://wells.example/?who=amina <b>Go</b> north.\nالماء بعيد"
PHOTO = bytes(range(256)) * 4096
DELIVERED = {"desktop-en": "delivered", "phone-ar": "وصلت"}


@pytest.fixture(params=SCREENS)
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.node.callspec.id, request.param)


def test_two_people_write_answer_and_erase(
    lab: Lab, browser_on: BrowserOn, form: Form, tmp_path: Path
) -> None:
    amina, bilal = couple(lab)
    here = opened(browser_on, form, Owner.up(amina))
    there = opened(browser_on, form, Owner.up(bilal))
    pages = here, there
    a_letter_is_written_with_a_file(here, form, tmp_path)
    it_comes_by_itself(there, form)
    its_file_is_saved(there, tmp_path)
    an_answer_comes_beside_what_is_typed(pages, form)
    what_is_deleted_is_gone(pages, form)
    letters_go_onto_a_stick(here, form, tmp_path)


def letters(page: "Page") -> None:
    go(page, "/people")
    page.click(".rows a[href$='/letters']")
    page.wait_for_selector("#write")


def is_shown(page: "Page", text: str) -> None:
    until(page, f"document.querySelector('#letters').innerText.includes({text!r})")


def a_letter_is_written_with_a_file(page: "Page", form: Form, tmp_path: Path) -> None:
    photo = tmp_path / "the well.jpg"
    photo.write_bytes(PHOTO)
    letters(page)
    seen(page, f"owner-{form}-letters-none")
    page.fill("textarea", TEXT)
    page.set_input_files("input[data-files]", photo)
    page.select_option("select[name=expires]", "7")
    seen(page, f"owner-{form}-letters-writing")
    page.click("#write > button")
    page.wait_for_selector(".letters > .own", timeout=HERE_MS)
    page.wait_for_load_state()
    assert page.inner_text("#letters .text") == TEXT
    assert page.locator("#letters a[href*='example'], #letters b").count() == 0


def it_comes_by_itself(page: "Page", form: Form) -> None:
    """To who looks at the first page."""
    page.wait_for_selector("#wrote li", timeout=HERE_MS)
    seen(page, f"owner-{form}-letters-told")
    page.click("#wrote a.button")
    page.wait_for_load_state()  # with its style, by which lines are lines
    assert page.inner_text("#letters .theirs .text") == TEXT
    go(page, "/")
    assert page.locator("#wrote li").count() == 0


def its_file_is_saved(page: "Page", tmp_path: Path) -> None:
    letters(page)
    with page.expect_download() as downloading:
        page.click("#letters a[download]")
    saved = downloading.value
    assert saved.suggested_filename == "the well.jpg"
    saved.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == PHOTO
    assert page.locator(".letters > li").count() == 1  # the window stayed where it was


def an_answer_comes_beside_what_is_typed(pages: Pages, form: Form) -> None:
    here, there = pages
    here.fill("textarea", "One more thing")
    here.click("#letters .own summary")
    here.focus("#letters .own summary")
    there.click("#letters a[href*='answer']")
    there.fill("textarea", "We come on Friday.")
    seen(there, f"owner-{form}-letters-answering")
    there.click("#write > button")
    is_shown(there, "We come on Friday.")
    is_shown(here, "We come on Friday.")
    assert here.locator(".letters > li").first.get_attribute("class") == "theirs"  # the newest first
    assert here.input_value("textarea") == "One more thing"
    assert here.evaluate("document.activeElement.closest('.own') !== null")
    assert here.locator("#letters .own details[open]").count() == 1
    is_shown(here, DELIVERED[str(form)])
    seen(here, f"owner-{form}-letters-both")


def what_is_deleted_is_gone(pages: Pages, form: Form) -> None:
    """On this device; the other one keeps its own."""
    here, there = pages
    place = here.get_attribute("#letters .theirs form", "action") or ""
    here.click("#letters .theirs summary")
    press(here, place)
    until(here, "document.querySelectorAll('.letters > li').length === 1")
    assert "We come on Friday." not in here.content()
    is_shown(there, "We come on Friday.")
    there.click("#letters .theirs summary")
    seen(there, f"owner-{form}-letters-deleting")


def letters_go_onto_a_stick(page: "Page", form: Form, tmp_path: Path) -> None:
    """With what is typed: no stick is mounted here."""
    stick = tmp_path / "stick"
    stick.mkdir()
    go(page, "/waiting")
    page.fill("input[name=folder]", str(stick))
    assert page.is_checked("input[name=which][value=own]")
    seen(page, f"owner-{form}-stick")
    page.click("form[action$='/carry/exchange'] button >> nth=0")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
    seen(page, f"owner-{form}-stick-written")
    assert (stick / "CARRY").is_dir()
