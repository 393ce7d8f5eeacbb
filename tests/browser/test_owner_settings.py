"""Settings in a real browser: what is kept is there after a kill, whatever a folder is called (page 5)."""

from typing import TYPE_CHECKING

import pytest

from browser.owner import SCREENS, Owner, go, press, seen
from browser.pytest_plugin import BrowserOn
from end_to_end.acquainted import made
from end_to_end.programs import Person
from lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.lab
HOSTILE = "<b>in</b> \N{RIGHT-TO-LEFT OVERRIDE}gnp.'\" " + "x" * 60


def marked(page: "Page", form: str, name: str = "value") -> str:
    chosen = page.locator(f"form[action$='/settings/{form}'] input[name={name}]:checked")
    return chosen.get_attribute("value") or ""


@pytest.mark.parametrize("settings", SCREENS)
def test_what_is_kept_is_there_after_a_kill(
    lab: Lab, browser_on: BrowserOn, settings: dict[str, object], request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.id
    amina = made(Person(lab.host("amina")))
    owner = Owner.up(amina)
    browser = browser_on(amina.host)
    page = owner.page(browser, **settings)
    page.click("nav a[href$='/settings']")
    seen(page, f"owner-{kind}-settings")
    page.check("input[name=value][value=on]")
    press(page, "/settings/quiet")
    page.check("input[name=value][value=verified]")
    press(page, "/settings/accept")
    page.check("input[name=which][value=own]")
    page.fill("form[action$='/settings/into'] input[name=value]", "pictures")
    press(page, "/settings/into")
    page.wait_for_selector(".notice.bad:visible")
    [wrong] = browser.watch_of(page).take()  # the console says that it was refused
    assert "400" in wrong.text
    folder = amina.host.home / HOSTILE.rstrip()
    page.check("input[name=which][value=own]")
    page.fill("form[action$='/settings/into'] input[name=value]", str(folder))
    press(page, "/settings/into")
    assert folder.is_dir()
    assert "<b>in</b> \\u{202e}gnp" in page.inner_text("main")
    assert page.locator("main b").count() == 0
    assert page.locator("main .notice:visible").count() == 1  # contacts, until the next start
    seen(page, f"owner-{kind}-settings-changed")
    page.select_option("select", "es")
    press(page, "/settings/language")
    assert page.get_attribute("html", "lang") == "es"
    page.close()
    owner.node.process.kill()
    owner.node.wait(20)

    node = amina.satchel("up")
    node.expect_event("ready", 30)
    page = Owner(amina, node).page(browser, **settings)
    assert page.get_attribute("html", "lang") == "es"
    go(page, "/settings")
    kept = (marked(page, "quiet"), marked(page, "accept"), marked(page, "into", "which"))
    assert kept == ("on", "verified", "own")
    assert page.locator("main .notice:visible").count() == 0
    page.select_option("select", "")
    press(page, "/settings/language")
    assert page.get_attribute("html", "lang") == str(settings["locale"])[:2]
