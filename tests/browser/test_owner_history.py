"""The history in a real browser: switched on, filled by a real hand-over, read, and erased (T1, T2, G)."""

import pytest

from browser.owner import SCREENS, Owner, go, press, seen
from browser.pytest_plugin import BrowserOn
from browser.waiting import until
from end_to_end.acquainted import couple
from end_to_end.test_history import history
from end_to_end.test_queue import delivered
from end_to_end.test_settings import set_to
from end_to_end.test_up import HERE_S, told
from lab import Lab

pytestmark = pytest.mark.lab
HOSTILE = "<b>in \N{RIGHT-TO-LEFT OVERRIDE}gnp.'\" " + "x" * 60


@pytest.mark.parametrize("settings", SCREENS)
def test_a_history_is_switched_on_read_and_erased(
    lab: Lab, browser_on: BrowserOn, settings: dict[str, object], request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.id
    amina, bilal = couple(lab)
    set_to(bilal, "accept", "verified")
    owner, there = Owner.up(amina), Owner.up(bilal)
    page = owner.page(browser_on(amina.host), **settings)
    page.click("nav a[href$='/people']")
    assert page.locator("a[href$='/history']").count() == 0
    page.click("nav a[href$='/settings']")
    page.check("form[action$='/settings/history'] input[value=on]")
    press(page, "/settings/history")
    page.wait_for_selector("a[href$='/history']")
    page.locator("form[action$='/settings/history']").scroll_into_view_if_needed()
    seen(page, f"owner-{kind}-settings-history")
    page.click("a[href$='/history']")
    page.wait_for_selector("#history > p")
    seen(page, f"owner-{kind}-history-nothing")

    file = amina.host.home / HOSTILE
    file.write_bytes(bytes(1_234_567))
    plain = amina.host.home / "map of the school.pdf"
    plain.write_bytes(bytes(54_321))
    owner.node.expect_event("peer", HERE_S)
    told(amina, "send", str(file), str(plain), "--to", "bilal")
    delivered(owner.node)
    delivered(there.node)
    go(page, "/people")
    page.click("a[href$='/history']")
    until(page, "() => document.querySelectorAll('#history li').length === 1")
    assert "<b>in \\u{202e}gnp" in page.inner_text("#history")
    assert page.locator("main b").count() == 0
    assert page.title() == "Satchel"
    page.click("details summary")
    seen(page, f"owner-{kind}-history")
    press(page, "/history/clear")
    page.wait_for_selector("#history > p")
    assert page.locator("#history li").count() == 0
    assert history(amina) == history(bilal) == []
    go(page, "/settings")
    page.check("form[action$='/settings/history'] input[value=off]")
    press(page, "/settings/history")
    go(page, "/people")
    assert page.locator("a[href$='/history']").count() == 0
