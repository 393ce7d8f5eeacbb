"""What comes from a contact is stopped, on the first page and on its own (page 4.17). Of test_owner_flows."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from browser.owner import HERE_MS, chosen_for, go, names_of, press, seen
from browser.waiting import until
from end_to_end.programs import Person

if TYPE_CHECKING:
    from browser.test_owner_flows import Form, Pages

NOT_WANTED = {"desktop-en": "not wanted", "phone-ar": "مرفوض"}


def what_comes_is_stopped(pages: "Pages", form: "Form", taker: Person, tmp_path: Path) -> None:
    """Over a slow radio; who gives it reads that it is not wanted."""
    here, there = pages
    (tmp_path / "film.bin").write_bytes(os.urandom(24_000_000))
    chosen_for(here, tmp_path / "film.bin")
    until(there, "(document.querySelector('#moving progress')?.value ?? 0) > 2e6")
    there.click("#moving summary")
    seen(there, f"owner-{form}-stop")
    press(there, "/remove")
    until(there, "!document.querySelector('#moving summary')")
    go(here, "/waiting")
    until(here, "document.querySelectorAll('#waiting li').length === 1")
    here.wait_for_selector(f"#waiting p:has-text('{NOT_WANTED[form.name]}')", timeout=HERE_MS)
    until(there, "!!document.querySelector('#moving li:first-child strong')")
    assert names_of(taker.into) == ["song.txt"]


def what_was_answered_is_stopped_on_its_own_page(
    pages: "Pages", form: "Form", taker: Person, tmp_path: Path
) -> None:
    here, there = pages
    go(there, "/people")
    there.click(".rows a")
    there.check("input[value=ask]")
    press(there, "/taking")
    (tmp_path / "again.bin").write_bytes(os.urandom(24_000_000))
    chosen_for(here, tmp_path / "again.bin")
    go(there, "/")
    there.wait_for_selector("form[action$='/look'] button", timeout=HERE_MS)
    press(there, "/look")
    there.wait_for_selector("button[value=some]", timeout=HERE_MS)
    press(there, "/answer", "some")
    there.click("#errand summary", timeout=HERE_MS)
    press(there, "/end")
    there.wait_for_selector("#errand .notice", timeout=HERE_MS)
    seen(there, f"owner-{form}-stopped-there")
    assert there.locator(".notice.bad:visible").count() == 0  # it was their own choice
    assert names_of(taker.into) == ["song.txt"]
