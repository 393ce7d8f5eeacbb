"""What else two people do on their pages, on a large screen in English and on a small one in Arabic.

One thing after the other between the same two: to start two nodes and two browsers takes longer than a deed.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.owner import HERE_MS, SCREENS, Owner, chosen_for, go, names_of, pair_with, press, seen
from browser.pytest_plugin import BrowserOn
from browser.stopping import what_comes_is_stopped, what_was_answered_is_stopped_on_its_own_page
from browser.test_owner_windows import HIDE
from browser.waiting import until
from end_to_end.acquainted import couple, made
from end_to_end.programs import Person
from lab import Lab, Radio

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
SLOW = Radio(rate_bps=16e6)
# The latest row of what moves is over, and is of this file.
OVER = "document.querySelector('#moving li:has(strong)')?.textContent.includes('{}')"
Pages = tuple["Page", "Page"]


@dataclass(frozen=True, slots=True)
class Form:
    """How somebody looks at pages; shown as its name."""

    name: str
    settings: dict[str, Any]

    def __str__(self) -> str:
        return self.name


@pytest.fixture(params=SCREENS)
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.node.callspec.id, request.param)


def opened(browser_on: BrowserOn, form: Form, owner: Owner) -> "Page":
    return owner.page(browser_on(owner.person.host), **form.settings)


def test_two_contacts_meet_decline_trust_and_part(
    lab: Lab, browser_on: BrowserOn, form: Form, tmp_path: Path
) -> None:
    amina, bilal = couple(lab)
    owner = Owner.up(amina)
    here = opened(browser_on, form, owner)
    what_waits_is_taken_back(here, form)
    there = opened(browser_on, form, Owner.up(bilal))
    what_waits_goes_by_itself(here, there)
    pages = here, there
    a_typed_address_is_enough(pages, form)
    who_does_not_want_it_says_so(pages, form, bilal, tmp_path)
    a_contact_is_renamed_and_trusted(pages, form, bilal, tmp_path)
    lab.shape(amina.host, SLOW)
    what_comes_is_stopped(pages, form, bilal, tmp_path)
    what_was_answered_is_stopped_on_its_own_page(pages, form, bilal, tmp_path)
    a_contact_is_forgotten(pages, form)
    all_is_wiped_at_the_second_question(here, form)
    assert owner.node.wait(20) == 0
    assert names_of(amina.profile) == []


def what_waits_is_taken_back(here: "Page", form: Form) -> None:
    """The contact is not there yet."""
    for text in ("The first", "The second"):
        go(here, "/people")
        here.click(".rows a")
        here.click("form[data-give] summary")
        here.fill("textarea", text)
        here.click("form[data-give] > button")
        here.wait_for_selector(".choices")
    go(here, "/waiting")
    seen(here, f"owner-{form}-waiting")
    assert here.locator("#waiting li").count() == 2
    here.locator("form[action$='/remove'] button").first.click()
    until(here, "document.querySelectorAll('#waiting li').length === 1")


def what_waits_goes_by_itself(here: "Page", there: "Page") -> None:
    there.wait_for_selector("form[action$='/look'] button", timeout=HERE_MS)
    press(there, "/look")
    there.wait_for_selector("button[value=y]", timeout=HERE_MS)
    press(there, "/answer", "y")
    assert there.inner_text(".text", timeout=HERE_MS) == "The second"
    until(here, "!document.querySelector('#waiting li')")


def all_is_wiped_at_the_second_question(page: "Page", form: Form) -> None:
    """T3; and before that, who can see what."""
    go(page, "/care")
    press(page, "/care/look")
    page.wait_for_selector(".rows span[lang]", timeout=HERE_MS)
    seen(page, f"owner-{form}-care")
    page.click("details:has(input[name=word]) > summary")
    page.fill("input[name=word]", "no")
    press(page, "/wipe")
    page.wait_for_selector(".notice.bad:visible")
    page.fill("input[name=word]", "wipe")
    press(page, "/wipe")


def who_does_not_want_it_says_so(pages: Pages, form: Form, taker: Person, tmp_path: Path) -> None:
    here, there = pages
    (tmp_path / "advertisement.txt").write_text("buy")
    go(there, "/settings")
    hidden = there.context.new_page()
    hidden.goto(there.url)
    hidden.evaluate(HIDE, True)
    chosen_for(here, tmp_path / "advertisement.txt")
    for page in (there, hidden):  # the question is seen from every page, and from every other window
        until(page, "document.title === '(1) Satchel'")
    until(there, "document.querySelector('nav .mark')")
    seen(there, f"owner-{form}-asks")
    go(there, "/")
    there.wait_for_selector("form[action$='/look'] button", timeout=HERE_MS)
    press(there, "/look")
    there.wait_for_selector("button[value=n]", timeout=HERE_MS)
    press(there, "/answer", "n")
    there.wait_for_selector("#errand .choices", timeout=HERE_MS)
    until(there, "document.title === 'Satchel'")
    assert there.locator(".notice.bad:visible").count() == 0  # it was their own choice
    seen(there, f"owner-{form}-declined-there")
    go(here, "/waiting")
    until(here, "document.querySelectorAll('#waiting li').length === 1")
    seen(here, f"owner-{form}-declined-here")
    press(here, "/remove")
    until(here, "document.querySelectorAll('#waiting li').length === 0")
    assert names_of(taker.into) == []


def test_two_strangers_guess_pair_stop_and_go_on(
    lab: Lab, browser_on: BrowserOn, form: Form, tmp_path: Path
) -> None:
    amina, bilal = (Owner.up(made(Person(lab.host(name)))) for name in ("amina", "bilal"))
    pages = opened(browser_on, form, amina), opened(browser_on, form, bilal)
    a_wrong_code_harms_nobody_and_says_so(pages, form)
    lab.shape(amina.person.host, SLOW)
    unshape = partial(lab.unshape, amina.person.host)
    a_hand_over_shows_how_far_it_is_stops_and_goes_on(pages, form, bilal.person, tmp_path, unshape)
    words_are_compared_later(pages[0], form, made(Person(lab.host("chen"))))


def words_are_compared_later(page: "Page", form: Form, other: Person) -> None:
    """P2: by a picture, taken as its text; until the words were compared the page says NOT VERIFIED."""
    showing = other.satchel("pair", "--show")
    go(page, "/pair")
    page.fill("input[name=code]", showing.expect_event("picture")["text"])
    press(page, "/pair/take")
    page.wait_for_selector(".words", timeout=HERE_MS)
    seen(page, f"owner-{form}-words")
    words = [line.strip() for line in page.locator(".words li").all_inner_texts()]
    assert words == showing.expect_event("words", 30)["words"]
    press(page, "/answer", "l")
    page.wait_for_selector("input[name=answer]", timeout=HERE_MS)
    page.fill("input[name=answer]", "Chen")
    press(page, "/answer")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
    go(page, "/people")
    assert page.locator(".trust.no").count() == 1
    page.click(".rows li:has(.trust.no) a")
    seen(page, f"owner-{form}-unverified")
    assert page.is_disabled("input[value=accept]")
    press(page, "/verify")
    page.wait_for_selector(".words", timeout=HERE_MS)
    assert [line.strip() for line in page.locator(".words li").all_inner_texts()] == words
    press(page, "/answer", "y")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
    go(page, "/people")
    assert page.locator(".trust.no").count() == 0


def a_hand_over_shows_how_far_it_is_stops_and_goes_on(
    pages: Pages, form: Form, taker: Person, tmp_path: Path, unshape: Callable[[], None]
) -> None:
    """By code, over a slow radio; the taker stops, then both go on without a code."""
    here, there = pages
    film = tmp_path / "film.bin"
    film.write_bytes(os.urandom(24_000_000))
    go(here, "/give")
    here.set_input_files("input[data-files] >> nth=0", film)
    here.click("form[data-give] > button")
    code = here.inner_text(".code", timeout=HERE_MS)
    go(there, "/take")
    there.fill("input[name=code]", code)
    press(there, "/take")
    there.wait_for_selector("button[value=some]", timeout=HERE_MS)
    press(there, "/answer", "some")
    until(there, "(document.querySelector('#errand progress')?.value ?? 0) > 2e6")
    seen(there, f"owner-{form}-progress")
    press(there, "/stop")
    there.wait_for_selector("form[action$='/go-on/in'] button", timeout=HERE_MS)
    assert there.locator(".notice.bad:visible").count() == 0
    seen(there, f"owner-{form}-stopped")
    assert names_of(taker.into) != ["film.bin"]
    go(here, "/")
    here.click("#moving a")
    press(here, "/stop")
    for path in ("/", "/waiting"):
        go(here, path)
        assert "film.bin" in here.inner_text("#broken-out")
    seen(here, f"owner-{form}-broken-off")
    press(here, "/go-on/out")
    unshape()
    press(there, "/go-on/in")
    for page in (here, there):
        page.wait_for_selector(".notice.good", timeout=HERE_MS)
    seen(there, f"owner-{form}-gone-on")
    assert (taker.into / "film.bin").read_bytes() == film.read_bytes()
    go(here, "/waiting")
    assert here.locator("form[action*='/go-on/']").count() == 0


def a_contact_is_renamed_and_trusted(pages: Pages, form: Form, taker: Person, tmp_path: Path) -> None:
    """Trusted: it is taken without a question, and only from who is verified."""
    here, there = pages
    go(there, "/people")
    there.click(".rows a")
    there.fill("input[name=name]", "أمينة <b>")
    press(there, "/rename")
    assert there.inner_text("h1") == "أمينة <b>"
    there.check("input[value=accept]")
    press(there, "/taking")
    assert there.is_checked("input[value=accept]")
    seen(there, f"owner-{form}-trusted")
    (tmp_path / "song.txt").write_text("la la la")
    chosen_for(here, tmp_path / "song.txt")
    go(there, "/")
    for page in pages:
        until(page, OVER.format("song.txt"))
    assert (taker.into / "song.txt").read_text() == "la la la"
    seen(there, f"owner-{form}-came-by-itself")


def a_contact_is_forgotten(pages: Pages, form: Form) -> None:
    _, there = pages
    go(there, "/people")
    there.click(".rows a")
    there.click("details:has(form[action$='/forget']) > summary")
    press(there, "/forget")
    assert there.locator("#people li").count() == 0
    seen(there, f"owner-{form}-no-people")


def a_typed_address_is_enough(pages: Pages, form: Form) -> None:
    """Where a network keeps devices apart for everything but what is dialled."""
    here, there = pages
    go(there, "/care")
    address = there.inner_text("#state code")
    go(here, "/care")
    here.click("details:has(input[name=address]) > summary")
    here.fill("input[name=address]", address)
    here.click("form[action$='/meet'] button")
    here.wait_for_selector("#errand", timeout=HERE_MS)
    seen(here, f"owner-{form}-meeting")
    go(here, "/")
    here.wait_for_selector(".card", timeout=HERE_MS)


def a_wrong_code_harms_nobody_and_says_so(pages: Pages, form: Form) -> None:
    """P2: the one who shows the code learns that somebody guesses."""
    here, there = pages
    go(here, "/pair")
    press(here, "/pair/show")
    code = here.inner_text(".code", timeout=HERE_MS)
    number = code.split()[0]
    go(there, "/pair")
    there.fill("input[name=code]", f"{number} apple apple apple")
    press(there, "/pair/take")
    there.wait_for_selector(".notice.bad:visible", timeout=HERE_MS)
    seen(there, f"owner-{form}-wrong-code")
    here.wait_for_selector("#errand [role=alert]")
    seen(here, f"owner-{form}-guessed-at")
    pair_with(there, code)
    there.wait_for_selector("input[name=answer]", timeout=HERE_MS)
    there.fill("input[name=answer]", "Amina")
    press(there, "/answer")
    there.wait_for_selector(".notice.good", timeout=HERE_MS)


def test_whom_the_code_of_somebody_else_has_brought_is_forgotten(
    lab: Lab, browser_on: BrowserOn, form: Form
) -> None:
    """P2: the screen of the person who is meant says nothing, so it was another one."""
    amina, bilal = (Owner.up(made(Person(lab.host(name)))) for name in ("amina", "bilal"))
    here, there = opened(browser_on, form, amina), opened(browser_on, form, bilal)
    go(here, "/pair")
    press(here, "/pair/show")
    pair_with(there, here.inner_text(".code", timeout=HERE_MS))
    here.wait_for_selector("input[name=answer]", timeout=HERE_MS)
    assert here.locator(".code, .picture").count() == 0  # it is used up
    seen(here, f"owner-{form}-paired-asks")
    press(here, "/forget")
    assert here.locator("#people li").count() == 0


PASTE = """(place) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["a picture"], "image.png"));
    const settings = {clipboardData: transfer, bubbles: true, cancelable: true};
    place.dispatchEvent(new ClipboardEvent("paste", settings));
}"""


def test_at_most_five_clicks_pair_and_give_what_is_pasted_or_a_folder(
    lab: Lab, browser_on: BrowserOn, form: Form, tmp_path: Path
) -> None:
    """Each is counted from the first page, on both sides, confirmations included."""
    amina, bilal = (Owner.up(made(Person(lab.host(name)))) for name in ("amina", "bilal"))
    here, there = opened(browser_on, form, amina), opened(browser_on, form, bilal)
    clicks = {"here": 0, "there": 0}

    def click(which: str, place: str) -> None:
        clicks[which] += 1
        {"here": here, "there": there}[which].click(place, timeout=HERE_MS)

    click("here", "a[href$='/pair']")
    click("here", "form[action$='/pair/show'] button")
    code = here.inner_text(".code", timeout=HERE_MS)
    click("there", "a[href$='/pair']")
    there.fill("input[name=code]", code)
    click("there", "form[action$='/pair/take'] button")
    for which, page in (("here", here), ("there", there)):
        page.wait_for_selector("input[name=answer]", timeout=HERE_MS)
        page.fill("input[name=answer]", "Friend")
        click(which, "form[action$='/answer'] button")
        page.wait_for_selector(".notice.good", timeout=HERE_MS)
        click(which, ".choices a")  # back to the first page
        page.wait_for_selector("#around")
    assert max(clicks.values()) <= 5, clicks
    clicks.update(here=0, there=0)
    click("here", ".card a")
    here.wait_for_selector("form[data-give] > button:enabled", timeout=HERE_MS)  # by what reads a paste
    here.eval_on_selector("form[data-give]", PASTE)
    click("here", "form[data-give] > button")
    click("there", "form[action$='/look'] button")
    click("there", "button[value=some]")
    there.wait_for_selector(".notice.good", timeout=HERE_MS)
    assert max(clicks.values()) <= 5, clicks
    assert (bilal.person.into / "image.png").read_text() == "a picture"
    lesson = tmp_path / "lesson"
    lesson.mkdir()
    (lesson / "map.txt").write_text("a map")
    for page in (here, there):
        go(page, "/")
    clicks.update(here=0, there=0)
    click("here", ".card a")
    clicks["here"] += 1  # on the button whose dialogue is the browser's own
    here.set_input_files("input[webkitdirectory]", lesson)
    click("here", "form[data-give] > button")
    click("there", "form[action$='/look'] button")
    click("there", "button[value=some]")
    there.wait_for_selector(".notice.good", timeout=HERE_MS)
    assert max(clicks.values()) <= 5, clicks
    assert (bilal.person.into / "lesson" / "map.txt").read_text() == "a map"
