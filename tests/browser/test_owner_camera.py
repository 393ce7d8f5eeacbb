"""The camera on the page that pairs: what it sees, and what becomes of it (page 6; P2, T1, B1)."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.chromium import Chromium
from browser.film import write_film
from browser.owner import SCREENS, Owner, go, seen
from browser.pytest_plugin import BrowserOn, FirefoxOn
from browser.waiting import until
from end_to_end.acquainted import made
from end_to_end.programs import Person
from lab import Lab
from lab.namespace import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

pytestmark = pytest.mark.lab
HERE_MS = 60_000
FOREIGN_TEXT = "https://evil.example/?<img src=x onerror=alert(1)>"
IS_ON = "!!document.querySelector('#camera video')?.srcObject"
SEES = "document.querySelector('#camera video').videoWidth > 0"
SAYS = "document.querySelector('#camera [data-said]').textContent"


KEEP_LIGHT = """document.querySelector("form[action$='/pair/take']").addEventListener("submit", () => {
    const video = document.querySelector("#camera video");
    sessionStorage.setItem("light", video.srcObject === null ? "off" : "on");
})"""
FAIL = """(name) => {
    MediaDevices.prototype.getUserMedia = async () => { throw new DOMException("", name); };
}"""
THINK = """() => {
    const ask = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = async function (wanted) {
        await new Promise((done) => setTimeout(done, 2000));
        return ask.call(this, wanted);
    };
}"""


def turn_on(page: "Page") -> None:
    """And wait until it sees something. What it has may be asked for afterwards: `window.seenTrack`."""
    go(page, "/pair")
    page.click("#camera button")
    until(page, SEES)
    page.evaluate("window.seenTrack = document.querySelector('#camera video').srcObject.getTracks()[0]")


def is_dark(page: "Page") -> bool:
    """The light beside the camera is out."""
    return bool(page.evaluate("window.seenTrack.readyState === 'ended'")) and not page.evaluate(IS_ON)


@pytest.mark.parametrize("settings", SCREENS)
def test_two_pair_by_the_camera(
    lab: Lab,
    browser_on: BrowserOn,
    tmp_path: Path,
    settings: dict[str, object],
    request: pytest.FixtureRequest,
) -> None:
    """P2: what the camera reads is a picture, so the words are compared. No frame leaves the page."""
    kind = request.node.callspec.id
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    showing = bilal.satchel("pair", "--show")
    film = write_film(showing.expect_event("picture")["text"], tmp_path / "screen.y4m", blank_frames=20)
    browser = browser_on(amina.host, film=film)
    page = Owner.up(amina).page(browser, camera=True, **settings)
    brought: list[tuple[str, str]] = []

    def keep(request: "Request") -> None:
        if request.method != "GET":
            brought.append((request.method, request.url.rpartition("/")[2]))

    page.on("request", keep)
    go(page, "/pair")
    page.wait_for_selector("#camera button")
    seen(page, f"owner-{kind}-camera-offered")
    page.evaluate(KEEP_LIGHT)
    page.click("#camera button")
    until(page, SEES)
    seen(page, f"owner-{kind}-camera")
    page.wait_for_selector(".words", timeout=HERE_MS)
    words = [line.strip() for line in page.locator(".words li").all_inner_texts()]
    assert words == showing.expect_event("words", 30)["words"]
    assert brought == [("POST", "take")]
    assert page.evaluate("sessionStorage.getItem('light')") == "off"  # before the page is left
    page.click("button[value=y]")
    page.fill("input[name=answer]", "Bilal")
    page.click("form[action$='/answer'] button")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
    go(page, "/people")
    assert page.locator(".trust.yes").count() == 1


def test_what_a_camera_sees_goes_nowhere_and_it_is_put_out(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    """One thing after the other, each on a page of its own: a node and a browser take longer to start."""
    film = write_film(FOREIGN_TEXT, tmp_path / "poster.y4m")
    owner = Owner.up(made(Person(lab.host("amina"))))
    browser = browser_on(owner.person.host, film=film)
    another_code_is_said_to_be_one_and_goes_nowhere(owner.page(browser, camera=True))
    a_browser_that_refuses_is_said_to(owner.page(browser))
    a_camera_that_cannot_be_had_is_said_and_the_code_is_typed(owner.page(browser, camera=True))
    for thinks in (False, True):
        without_its_reader_it_is_put_out(owner.page(browser, camera=True), browser, thinks=thinks)
    for end in (hide, begin_to_lock, leave):
        page = owner.page(browser, camera=True)
        it_ends_with_the_look_at_the_page(page, end)
        page.context.close()
    page = owner.page(browser, camera=True)
    it_ends_with_the_look_at_the_page(page, lambda _page: owner.node.end())
    page.wait_for_selector("#ended", timeout=HERE_MS)
    assert page.is_hidden("#camera")
    browser.watch_of(page).take()  # that its stream is cut may be on the console


def another_code_is_said_to_be_one_and_goes_nowhere(page: "Page") -> None:
    """B1: an address in it is not opened, followed or shown; and the light goes out with the page."""
    turn_on(page)
    until(page, f"{SAYS}.startsWith('This is another code')")
    seen(page, "owner-camera-another")
    assert page.url.endswith("/pair")
    assert page.input_value("input[name=code]") == ""
    assert "evil" not in page.content()
    page.click("#camera button")
    assert is_dark(page)
    assert page.inner_text("#camera button") == "Use the camera"


def it_ends_with_the_look_at_the_page(page: "Page", end: Callable[["Page"], object]) -> None:
    """[6.3]"""
    turn_on(page)
    end(page)
    until(page, "window.seenTrack.readyState === 'ended'")
    assert is_dark(page)


def hide(page: "Page") -> None:
    """As another tab or window in front does."""
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", {value: true, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


def begin_to_lock(page: "Page") -> None:
    page.evaluate("document.querySelector('.lock').addEventListener('submit', (e) => e.preventDefault())")
    page.click(".lock button")


def leave(page: "Page") -> None:
    page.evaluate("dispatchEvent(new Event('pagehide'))")


def a_browser_that_refuses_is_said_to(page: "Page") -> None:
    go(page, "/pair")
    until(page, f"{SAYS} !== ''")
    seen(page, "owner-camera-refused")
    assert page.inner_text("#camera [data-said]").startswith("This browser does not let the page")
    assert page.is_hidden("#camera button")
    page.fill("input[name=code]", "482 apple river stone")


def a_camera_that_cannot_be_had_is_said_and_the_code_is_typed(page: "Page") -> None:
    """It was refused when asked, has been taken out since, or another program has it."""
    for name, said, stays in (
        ("NotAllowedError", "This browser does not let the page", False),
        ("NotFoundError", "There is no camera here.", True),
        ("NotReadableError", "The camera cannot be used now;", True),
    ):
        go(page, "/pair")
        page.evaluate(FAIL, name)
        page.click("#camera button")
        until(page, f"{SAYS}.startsWith('{said}')")
        assert page.is_visible("#camera button") == stays
        assert page.evaluate("document.activeElement.name") == "code"
        assert not page.evaluate(IS_ON)


def without_its_reader_it_is_put_out(page: "Page", browser: Chromium, *, thinks: bool) -> None:
    """Else it would stay on for ever, for nothing: also where the person has thought a while before."""
    go(page, "/pair")
    page.context.route("**/static/foreign/**", lambda route: route.abort())
    if thinks:
        page.evaluate(THINK)
    page.click("#camera button")
    until(page, f"{SAYS}.startsWith('The camera cannot be used now')")
    assert not page.evaluate(IS_ON)
    browser.watch_of(page).take()


def test_without_a_camera_there_is_no_button(lab: Lab, browser_on: BrowserOn) -> None:
    amina = made(Person(lab.host("amina")))
    page = Owner.up(amina).page(browser_on(amina.host), camera=True)
    go(page, "/pair")
    page.wait_for_timeout(1000)
    assert page.is_hidden("#camera")


@pytest.mark.parametrize("camera", [True, False, None], ids=["allowed", "refused", "none"])
def test_in_firefox_the_camera_is_offered_where_it_may_be_used(
    lab: Lab, firefox_on: FirefoxOn, camera: bool | None
) -> None:
    """What it would see cannot be chosen there, so nothing is read."""
    owner = Owner.up(made(Person(lab.host("amina"))))
    firefox = owner.in_firefox(firefox_on, locale="en", camera=camera)
    firefox.click("a[href$='/pair']")
    firefox.text("input[name=code]")
    if camera is None:
        assert not firefox.evaluate("document.querySelector('#camera').checkVisibility()")
        return
    if camera:
        firefox.click("#camera button")
        wait_until(lambda: bool(firefox.evaluate(SEES)), 30, pause_s=0.1)
        firefox.look("owner-firefox-camera")
        firefox.evaluate("window.seenTrack = document.querySelector('video').srcObject.getTracks()[0]; 1")
        firefox.click("#camera button")
        assert firefox.evaluate("window.seenTrack.readyState") == "ended"
        assert firefox.text("#camera button") == "Use the camera"
    else:
        wait_until(lambda: firefox.evaluate(SAYS) != "", 30, pause_s=0.1)
        firefox.look("owner-firefox-camera-refused")
        assert firefox.text("#camera [data-said]").startswith("This browser does not let the page")
