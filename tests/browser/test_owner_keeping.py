"""Passphrase and backup in a real browser: somebody who never sees a command line (page 4.11, 4.12; T1)."""

import pytest

from browser.owner import HERE_MS, SCREENS, Owner, go, names_of, press, seen
from browser.pytest_plugin import BrowserOn
from end_to_end.acquainted import couple
from end_to_end.programs import Person
from lab import Lab

pytestmark = pytest.mark.lab
OWN = "  a passphrase of mine "


@pytest.mark.parametrize("settings", SCREENS)
def test_a_passphrase_is_set_changed_and_opens_it_and_a_backup_is_made(
    lab: Lab, browser_on: BrowserOn, settings: dict[str, object], request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.id
    amina, _ = couple(lab)
    owner = Owner.up(amina)
    browser = browser_on(amina.host)
    page = owner.page(browser, **settings)
    go(page, "/care")
    seen(page, f"owner-{kind}-care-bare")
    page.click("a[href$='/care/backup']")
    seen(page, f"owner-{kind}-backup-bare")
    page.click("a[href$='/care']:visible >> nth=-1")
    page.click("a[href$='/care/passphrase']")
    seen(page, f"owner-{kind}-passphrase-set")
    page.check("input[name=which][value=own]")
    page.fill("input[name=passphrase]", OWN)
    page.fill("input[name=again]", OWN.strip())
    press(page, "/care/passphrase")
    page.wait_for_selector(".notice.bad:visible")
    [wrong] = browser.watch_of(page).take()
    assert "403" in wrong.text
    page.check("input[name=which][value=own]")
    page.fill("input[name=passphrase]", OWN)
    page.fill("input[name=again]", OWN)
    press(page, "/care/passphrase")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
    seen(page, f"owner-{kind}-passphrase-done")

    go(page, "/care/passphrase")
    words = page.inner_text(".offered")
    seen(page, f"owner-{kind}-passphrase-change")
    page.fill("input[name=old]", OWN)
    press(page, "/care/passphrase")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)

    go(page, "/care/backup")
    press(page, "/care/backup")
    page.wait_for_selector(".notice.good", timeout=HERE_MS)
    assert f"{amina.into}/satchel-backup" in page.inner_text("main")
    seen(page, f"owner-{kind}-backup-done")
    press(page, "/lock")
    assert owner.node.wait(20) == 0
    page.close()

    assert names_of(amina.into) == ["satchel-backup"]
    page = Owner.begins(amina).page(browser, **settings)
    page.fill("input[name=passphrase]", words)
    press(page, "/unlock")
    page.wait_for_selector("nav", timeout=HERE_MS)
    go(page, "/people")
    assert "bilal" in page.inner_text("#people")
    other = Person(lab.host("chen"))
    restoring = other.satchel("restore", amina.into / "satchel-backup")
    restoring.expect_event("ask")
    restoring.type(words)
    assert restoring.wait(30) == 0
