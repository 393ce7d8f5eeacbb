"""The owner's page in a real browser: every flow between two nodes, as two people would use it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.owner import HERE_MS, SCREENS, Owner, go, names_of, pair, press, seen, take_all
from browser.pytest_plugin import BrowserOn
from end_to_end.acquainted import couple
from end_to_end.programs import Person
from lab import Lab

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.lab


@pytest.fixture
def strangers(lab: Lab) -> tuple[Person, Person]:
    return Person(lab.host("amina")), Person(lab.host("bilal"))


@pytest.mark.parametrize("settings", SCREENS)
def test_from_nothing_two_people_pair_and_give_each_other_files(
    strangers: tuple[Person, Person],
    browser_on: BrowserOn,
    tmp_path: Path,
    settings: dict[str, object],
    request: pytest.FixtureRequest,
) -> None:
    """First start with a passphrase here, without one there; pairing; a file; lock; come back."""
    kind = request.node.callspec.id
    amina, bilal = (Owner.begins(person) for person in strangers)
    here = amina.page(browser_on(amina.person.host), **settings)
    there = bilal.page(browser_on(bilal.person.host), **settings)
    seen(here, f"owner-{kind}-welcome")
    offered = here.inner_text(".offered")
    press(here, "/begin")
    there.check("input[value=none]")
    press(there, "/begin")
    for page in (here, there):
        page.wait_for_selector("nav", timeout=HERE_MS)
    seen(here, f"owner-{kind}-nobody")
    pair(here, there, ("Bilal", "أمينة"))
    seen(there, f"owner-{kind}-paired")
    for page in (here, there):
        go(page, "/")
        page.wait_for_selector(".card", timeout=HERE_MS)
    seen(here, f"owner-{kind}-near")

    photo = tmp_path / "photo \N{RIGHT-TO-LEFT OVERRIDE}gpj.exe"
    photo.write_bytes(os.urandom(3_000_000))
    here.click(".card a")
    seen(here, f"owner-{kind}-person")
    here.set_input_files("input[data-files] >> nth=0", photo)
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" in here.inner_text("[data-chosen] bdi")
    here.click("form[data-give] > button")
    there.wait_for_selector("form[action$='/look'] button", timeout=HERE_MS)
    seen(there, f"owner-{kind}-asked")
    press(there, "/look")
    there.wait_for_selector("form[action$='/answer']", timeout=HERE_MS)
    assert r"photo \u{202e}gpj.exe" in there.inner_text(".offer")
    seen(there, f"owner-{kind}-offer")
    press(there, "/answer", "some")
    there.wait_for_selector(".notice.good", timeout=HERE_MS)
    seen(there, f"owner-{kind}-arrived")
    assert (bilal.person.into / photo.name).read_bytes() == photo.read_bytes()

    press(here, "/lock")
    here.wait_for_selector("#ended", timeout=HERE_MS)
    seen(here, f"owner-{kind}-locked")
    assert amina.node.wait(20) == 0
    come_back(amina.person, browser_on, offered, settings, kind)


def come_back(
    person: Person, browser_on: BrowserOn, passphrase: str, settings: dict[str, object], kind: str
) -> None:
    """After `lock`, with a mistake first: the contact is still there."""
    again = Owner.begins(person)
    browser = browser_on(again.person.host)
    page = again.page(browser, **settings)
    seen(page, f"owner-{kind}-unlock")
    page.fill("input[name=passphrase]", "not these words")
    press(page, "/unlock")
    page.wait_for_selector(".notice.bad:visible")
    [wrong] = browser.watch_of(page).take()  # Chromium says on its console that it was refused
    assert "403" in wrong.text
    page.fill("input[name=passphrase]", passphrase)
    press(page, "/unlock")
    page.wait_for_selector("nav", timeout=HERE_MS)
    go(page, "/people")
    assert "Bilal" in page.inner_text("#people")


@pytest.mark.parametrize("settings", SCREENS)
def test_who_are_no_contacts_give_with_a_code(
    strangers: tuple[Person, Person],
    browser_on: BrowserOn,
    tmp_path: Path,
    settings: dict[str, object],
    request: pytest.FixtureRequest,
) -> None:
    """A tree and a text together; some of it is taken."""
    kind = request.node.callspec.id
    amina, bilal = (Owner.up(person) for person in strangers)
    here = amina.page(browser_on(amina.person.host), **settings)
    there = bilal.page(browser_on(bilal.person.host), **settings)
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(name * 100)
    go(here, "/give")
    here.set_input_files("input[data-files] >> nth=0", [tmp_path / "one.txt", tmp_path / "two.txt"])
    seen(here, f"owner-{kind}-give")
    here.click("form[data-give] > button")
    code = here.inner_text(".code", timeout=HERE_MS)
    seen(here, f"owner-{kind}-code")
    go(there, "/take")
    seen(there, f"owner-{kind}-take")
    there.fill("input[name=code]", code)
    press(there, "/take")
    there.wait_for_selector(".offer", timeout=HERE_MS)
    there.uncheck(".offer input >> nth=1")
    press(there, "/answer", "some")
    there.wait_for_selector(".notice.good", timeout=HERE_MS)
    here.wait_for_selector(".notice.good", timeout=HERE_MS)
    assert names_of(bilal.person.into) == ["one.txt"]


def test_a_keyboard_is_enough_on_a_screen_of_320_pixels(lab: Lab, browser_on: BrowserOn) -> None:
    from browser import Screen  # noqa: PLC0415

    amina, _ = couple(lab)
    page = Owner.up(amina).page(browser_on(amina.host), screen=Screen(width=320, height=640))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for wanted in ("/pair", "/give", "/take"):
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('href') || ''").endswith(wanted):
                break
        assert page.evaluate("document.activeElement.matches(':focus-visible')")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for path in (
        "/",
        "/people",
        "/waiting",
        "/care",
        "/care/passphrase",
        "/care/backup",
        "/settings",
        "/pair",
        "/give",
        "/take",
    ):
        go(page, path)
        seen(page, f"owner-narrow{path.replace('/', '-').rstrip('-')}")


DROP = """(place) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["a song"], "song.txt"));
    for (const kind of ["dragover", "drop"])
        place.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


def test_a_drop_on_who_is_near_goes_to_them_and_a_folder_keeps_its_tree(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    amina, bilal = couple(lab)
    here = Owner.up(amina).page(browser_on(amina.host))
    there = Owner.up(bilal).page(browser_on(bilal.host))
    here.wait_for_selector(".card", timeout=HERE_MS)
    here.eval_on_selector(".card", DROP)
    take_all(there)
    assert (bilal.into / "song.txt").read_text() == "a song"
    lesson = tmp_path / "lesson"
    (lesson / "pictures").mkdir(parents=True)
    (lesson / "pictures" / "map.txt").write_text("a map")
    (lesson / "text.txt").write_text("a text")
    go(here, "/people")
    here.click(".rows a")
    here.set_input_files("input[data-files] >> nth=0", [lesson / "text.txt"])
    here.set_input_files("input[webkitdirectory]", lesson)
    rows = here.locator("[data-chosen] li")
    assert rows.all_inner_texts() == [
        "text.txt\nRemove",
        "lesson\nFiles: 2 · 11\N{NO-BREAK SPACE}bytes\nRemove",
    ]
    rows.nth(0).locator("button").click()
    assert rows.count() == 1
    here.click("form[data-give] > button")
    take_all(there)
    assert (bilal.into / "lesson" / "pictures" / "map.txt").read_text() == "a map"
    assert names_of(bilal.into / "lesson") == ["pictures", "text.txt"]
